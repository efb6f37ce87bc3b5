"""HTTP to one remote server: with timeouts and size limits, without redirects; every failure is a RemoteError."""

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

# Base64 takes four bytes for three, and the params of the picture may come with it.
JSON_MAX_BYTES = IMAGE_MAX_BYTES * 4 // 3 + 2**20
# How much of a server's error response is kept for the log.
ERROR_TEXT_MAX_BYTES = 2000
_BUSY = {429, 502, 503, 504}


class HttpClient:
    """Async context manager; one for each job.

    Redirects are never followed: another host would get what was drawn, and for the same host the catalogue entry should
    have the right URL. Compressed responses are refused, because their decompressed size is not known.
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
        # An invalid host, or a proxy in the environment that httpx does not support.
        except (httpx2.InvalidURL, ValueError, ImportError) as error:
            raise RemoteNotSetUp(f"no HTTP client for this address: {error}") from error

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.__aexit__(kind, error, trace)

    async def request_json(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        """A response that is a JSON object; raises RemoteError. request: arguments of httpx: json, data, files, params."""
        data = await self.request_bytes(method, path, JSON_MAX_BYTES, **request)
        try:
            body = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise RemoteAnswerInvalid(f"{path} did not answer with JSON: {data[:200]!r}") from error
        if not isinstance(body, dict):
            raise RemoteAnswerInvalid(f"{path} answered with JSON that is not an object")
        return body

    async def request_bytes(
        self, method: str, path: str, max_bytes: int = IMAGE_MAX_BYTES, **request: Any
    ) -> bytes:
        """The body of a response. Raises RemoteError, never httpx's own errors."""
        try:
            async with self._client.stream(method, path, **request) as response:
                if response.is_success:
                    return await _read(response, max_bytes)
                raise _error_of(response.status_code, path, self._without_key(await _error_text(response)))
        except httpx2.ConnectTimeout as error:
            raise RemoteUnreachable(f"{path}: no connection in time") from error
        except httpx2.TimeoutException as error:
            raise RemoteTimeout(f"{path}: {type(error).__name__}") from error
        except (httpx2.NetworkError, httpx2.ProxyError) as error:
            raise RemoteUnreachable(f"{path}: {error!r}") from error
        # The rest: not HTTP, an invalid header, a body that ends too early.
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError) as error:
            raise RemoteAnswerInvalid(f"{path}: {error!r}") from error

    def same_origin_url(self, url: str) -> str | None:
        """The absolute URL if it leads to this server, otherwise None."""
        base = self._client.base_url
        try:
            full = base.join(url)
        except httpx2.InvalidURL:
            return None
        same = (base.scheme, base.host, base.port) == (full.scheme, full.host, full.port)
        return str(full) if same and not full.userinfo else None

    def _without_key(self, text: str) -> str:
        """The text without our API key: servers repeat what they do not accept, and this goes into the log."""
        for secret in filter(None, (self.remote.key, self.remote.key.rpartition(":")[2])):
            text = text.replace(secret, "…")
        return text


async def _read(response: httpx2.Response, max_bytes: int) -> bytes:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise RemoteAnswerInvalid("the response is compressed, which was not accepted")
    declared = response.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > max_bytes:
        raise RemoteAnswerTooLarge(f"{declared} bytes; {max_bytes} are allowed")
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > max_bytes:
            raise RemoteAnswerTooLarge(f"more than {max_bytes} bytes")
    return bytes(body)


async def _error_text(response: httpx2.Response) -> str:
    """The beginning of an error response."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) >= ERROR_TEXT_MAX_BYTES:
            break
    return bytes(body[:ERROR_TEXT_MAX_BYTES]).decode(errors="replace")


def _error_of(status: int, path: str, text: str) -> Exception:
    details = f"{path}: {status} {text!r}"
    if status in {401, 403}:
        return RemoteUnauthorised(details)
    if status in _BUSY:
        return RemoteBusy(details)
    if status >= 500:
        return RemoteFailed(details)
    if status >= 400:
        return RemoteRefused(details, status, text)
    return RemoteAnswerInvalid(f"{details} (redirects are not followed)")


def _auth(remote: Remote) -> httpx2.Auth | None:
    key = remote.key
    if not key:
        return None
    # AUTOMATIC1111's --api-auth is a name and a password; other servers, and proxies before them, take a token.
    if remote.protocol == "automatic1111" and ":" in key:
        name, _, password = key.partition(":")
        return httpx2.BasicAuth(name, password)
    return _Bearer(key)


class _Bearer(httpx2.Auth):
    def __init__(self, key: str) -> None:
        self._key = key

    def auth_flow(self, request: httpx2.Request) -> Any:  # httpx's generator type
        request.headers["Authorization"] = f"Bearer {self._key}"
        yield request
