"""The line to one server: short waits, small answers, no detours, and every failure by its name."""

import json
from types import TracebackType
from typing import Any, Self

import httpx2

from generation.checkpoints.remote_entry import Remote
from generation.errors import (
    RemoteAnswerInvalid,
    RemoteAnswerTooLarge,
    RemoteBusy,
    RemoteFailed,
    RemoteNotSetUp,
    RemoteRefused,
    RemoteTimeout,
    RemoteUnauthorised,
    RemoteUnreachable,
)
from generation.images.header import IMAGE_MAX_BYTES

# Base64 takes four bytes for three, and the params of the picture may come back with it.
JSON_MAX_BYTES = IMAGE_MAX_BYTES * 4 // 3 + 2**20
# Of what a server says went wrong: enough for the log.
SAID_MAX_BYTES = 2000
_BUSY = {429, 502, 503, 504}


class Line:
    """One client for as long as one job. Use as an async context.

    Redirects are followed nowhere: not to other hosts, which would get what was drawn, and not to the same one,
    which has a better URL for the entry. Compressed answers are refused, because their size is not known.
    """

    def __init__(self, remote: Remote) -> None:
        """Raises RemoteNotSetUp."""
        self.remote = remote
        try:
            self._client = httpx2.AsyncClient(
                base_url=remote.address,
                headers={"Accept-Encoding": "identity", "User-Agent": "Atelier"},
                auth=_auth(remote),
                timeout=httpx2.Timeout(remote.timeout_seconds, connect=remote.connect_timeout_seconds),
                follow_redirects=False,
            )
        # A host that cannot be one, or a proxy in the environment that httpx does not know.
        except (httpx2.InvalidURL, ValueError, ImportError) as error:
            raise RemoteNotSetUp(f"no line: {error}") from error

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def ask(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """An object, or RemoteAnswerInvalid. request: what httpx takes, such as json, data, files, params."""
        data = await self.fetch(method, path, JSON_MAX_BYTES, **request)
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise RemoteAnswerInvalid(f"{path} did not answer with JSON: {data[:200]!r}") from error
        if not isinstance(answer, dict):
            raise RemoteAnswerInvalid(f"{path} answered with JSON that is no object")
        return answer

    async def fetch(self, method: str, path: str, at_most: int = IMAGE_MAX_BYTES, **request: Any) -> bytes:
        """The body of an answer. Raises the errors of remote servers, never those of httpx."""
        try:
            async with self._client.stream(method, path, **request) as response:
                if response.is_success:
                    return await _read(response, at_most)
                raise _failure(response.status_code, path, self._without_key(await _said(response)))
        except httpx2.ConnectTimeout as error:
            raise RemoteUnreachable(f"{path}: nobody answered in time") from error
        except httpx2.TimeoutException as error:
            raise RemoteTimeout(f"{path}: {type(error).__name__}") from error
        except (httpx2.NetworkError, httpx2.ProxyError) as error:
            raise RemoteUnreachable(f"{path}: {error!r}") from error
        # What is left: no HTTP, a header that cannot be, a body that ends too early.
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise RemoteAnswerInvalid(f"{path}: {error!r}") from error

    def own(self, url: str) -> str | None:
        """The URL in full if it leads to this server, and nowhere else."""
        own = self._client.base_url
        try:
            full = own.join(url)
        except httpx2.InvalidURL:
            return None
        same = (own.scheme, own.host, own.port) == (full.scheme, full.host, full.port)
        return str(full) if same and not full.userinfo else None

    def _without_key(self, said: str) -> str:
        """Servers repeat what they do not accept, and logs are read by many."""
        for secret in filter(None, (self.remote.key, self.remote.key.rpartition(":")[2])):
            said = said.replace(secret, "…")
        return said


async def _read(response: httpx2.Response, at_most: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise RemoteAnswerInvalid("the answer is compressed, which was not asked for")
    declared = response.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > at_most:
        raise RemoteAnswerTooLarge(f"{declared} bytes; {at_most} are allowed")
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) > at_most:
            raise RemoteAnswerTooLarge(f"more than {at_most} bytes")
    return bytes(body)


async def _said(response: httpx2.Response) -> str:
    """The beginning of what a server says about a failure."""
    body = bytearray()
    async for piece in response.aiter_raw():
        body += piece
        if len(body) >= SAID_MAX_BYTES:
            break
    return bytes(body[:SAID_MAX_BYTES]).decode(errors="replace")


def _failure(status: int, path: str, said: str) -> Exception:
    details = f"{path}: {status} {said!r}"
    if status in {401, 403}:
        return RemoteUnauthorised(details)
    if status in _BUSY:
        return RemoteBusy(details)
    if status >= 500:
        return RemoteFailed(details)
    if status >= 400:
        return RemoteRefused(details, status, said)
    return RemoteAnswerInvalid(f"{details} (redirects are not followed)")


def _auth(remote: Remote) -> httpx2.Auth | None:
    key = remote.key
    if not key:
        return None
    # AUTOMATIC1111's --api-auth is a name and a password; whatever stands before a server takes a token.
    if remote.protocol == "automatic1111" and ":" in key:
        name, _, password = key.partition(":")
        return httpx2.BasicAuth(name, password)
    return _Bearer(key)


class _Bearer(httpx2.Auth):
    def __init__(self, key: str) -> None:
        self._key = key

    def auth_flow(self, request: httpx2.Request) -> Any:  # a generator of httpx's own shape
        request.headers["Authorization"] = f"Bearer {self._key}"
        yield request
