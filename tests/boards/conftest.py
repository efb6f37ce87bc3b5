from collections.abc import AsyncIterator

import pytest

from tests.boards.socket_client import close_rooms


@pytest.fixture
async def rooms_end() -> AsyncIterator[None]:
    yield
    await close_rooms()
