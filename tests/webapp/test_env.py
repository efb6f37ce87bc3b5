"""What the environment may say, and what it may not."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from webapp import env
from webapp.settings import _broker


def test_a_database_url() -> None:
    read = env.database("postgres://me:p%40ss@db.example:5433/atelier?sslmode=require")
    assert (read["NAME"], read["USER"], read["PASSWORD"]) == ("atelier", "me", "p@ss")
    assert (read["HOST"], read["PORT"], read["OPTIONS"]) == ("db.example", "5433", {"sslmode": "require"})


def test_a_database_on_a_unix_socket() -> None:
    assert env.database("postgres://postgres@/atelier?host=%2Ftmp%2Frun")["HOST"] == "/tmp/run"


@pytest.mark.parametrize("url", ["sqlite:///x", "mysql://x/y", "nonsense"])
def test_only_postgres(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="postgres://"):
        env.database(url)


def test_storage_on_disk_and_s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert env.storage("file:", tmp_path)["OPTIONS"] == {
        "location": str(tmp_path / "media"),
        "base_url": None,
    }
    assert env.storage("file:///srv/media", tmp_path)["OPTIONS"]["location"] == "/srv/media"  # type: ignore[index]
    monkeypatch.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:9000")
    options = env.storage("s3://pictures/atelier", tmp_path)["OPTIONS"]
    assert options["bucket_name"] == "pictures" and options["location"] == "atelier"  # type: ignore[index]
    with pytest.raises(ImproperlyConfigured):
        env.storage("ftp://x", tmp_path)


def test_a_mail_server() -> None:
    read = env.mail_server("smtp+tls://me%40example.org:p%3Ass@mail.example")
    assert read == ("mail.example", 587, "me@example.org", "p:ss", "tls")
    assert env.mail_server("") == ("localhost", 25, "", "", "")
    for url in ("mail.example", "http://mail.example", "smtp://"):
        with pytest.raises(ImproperlyConfigured, match="EMAIL_URL"):
            env.mail_server(url)


def test_a_secret_may_lie_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "key").write_text("secret\n")
    monkeypatch.setenv("SOME_KEY_FILE", str(tmp_path / "key"))
    assert env.text("SOME_KEY") == "secret"


def test_a_generated_secret_is_kept_and_private(tmp_path: Path) -> None:
    path = tmp_path / "home" / "secret_key"
    secret = env.generated_secret(path)
    assert len(secret) >= 50 and env.generated_secret(path) == secret
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("text", "value"), [("1", True), ("true", True), ("off", False), ("", True)])
def test_flags(monkeypatch: pytest.MonkeyPatch, text: str, value: bool) -> None:
    monkeypatch.setenv("SOME_FLAG", text)
    assert env.flag("SOME_FLAG", True) == value


def test_a_wrong_value_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    with pytest.raises(ImproperlyConfigured, match="PORT must be a whole number, not 'eighty'"):
        env.number("PORT", 8000)


def test_celery_reaches_redis_on_a_unix_socket() -> None:
    assert _broker("unix:///run/redis.sock?db=2") == "redis+socket:///run/redis.sock?virtual_host=2"
    assert _broker("redis://cache:6379/1") == "redis://cache:6379/1"
