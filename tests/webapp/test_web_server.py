"""Which server `make run` starts, and how."""

import pytest

from webapp.embedded import web
from webapp.embedded.errors import CannotStart


def test_daphne_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASGI_SERVER", raising=False)
    assert web.server() == "daphne"


def test_uvicorn_deflates_nothing_and_believes_no_header_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASGI_SERVER", "uvicorn")
    command = " ".join(web.command(web.server(), "127.0.0.1", 8000))
    for option in ("--ws-per-message-deflate false", "--no-proxy-headers", "--lifespan off", "--loop uvloop"):
        assert option in command


def test_another_server_is_refused_with_those_that_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASGI_SERVER", "hypercorn")
    with pytest.raises(CannotStart, match="daphne or uvicorn, not 'hypercorn'"):
        web.server()
