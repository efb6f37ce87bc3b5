import os
from collections.abc import Callable, Iterator

import pytest

from tests.browsers import firefox, webkit
from tests.browsers.driver import Driver
from tests.e2e.browser import VIEWPORT
from tests.e2e.conftest import atelier, browser, pictures

__all__ = ["atelier", "browser", "pictures"]


def _browser(start: Callable[[int, int], Driver], name: str, missing: list[str]) -> object:
    """A browser to try, or why it is not tried: these take minutes and are not on every machine."""
    wanted = "OTHER_BROWSERS" in os.environ
    reason = f"{' and '.join(missing)} not installed" if wanted else "`make browsers` does it"
    skip = pytest.mark.skipif(not wanted or bool(missing), reason=f"NOT TRIED in {name}: {reason}")
    return pytest.param(start, id=name, marks=skip)


@pytest.fixture(
    params=[
        _browser(firefox.Firefox, "Firefox", firefox.missing()),
        _browser(webkit.WebKit, "WebKit", webkit.missing()),
    ]
)
def other(request: pytest.FixtureRequest) -> Iterator[Driver]:
    """A window of a browser that is not Chromium."""
    driver = request.param(VIEWPORT["width"], VIEWPORT["height"])
    yield driver
    driver.close()
