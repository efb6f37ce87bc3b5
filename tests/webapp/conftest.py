import pytest

from webapp import health


@pytest.fixture(autouse=True)
def ready_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests change what /ready looks at from one call to the next."""
    monkeypatch.setattr(health, "KEPT_SECONDS", 0.0)
