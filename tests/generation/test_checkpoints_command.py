"""manage.py checkpoints: what it lists, and what it says when something cannot be done."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from generation.checkpoints import catalogue


def checkpoints(*args: str) -> str:
    out = io.StringIO()
    call_command("checkpoints", *args, stdout=out)
    return out.getvalue()


def test_list_shows_every_checkpoint_and_whether_it_is_here() -> None:
    lines = checkpoints("list").splitlines()
    assert len(lines) == len(catalogue.entries())
    assert "here" in lines[0] and "(default)" in lines[0]
    assert any("sd-turbo" in line and "not downloaded" in line and "2.6 GB" in line for line in lines)


def test_fetching_the_bundled_one_is_not_needed() -> None:
    assert "nothing to fetch" in checkpoints("fetch", "bundled")


def test_offline_nothing_is_fetched(settings: Any) -> None:
    settings.ATELIER_OFFLINE = True
    with pytest.raises(CommandError, match="nothing is downloaded"):
        checkpoints("fetch", "sd-turbo")


def test_a_hub_that_cannot_be_reached_is_said_in_one_sentence(
    settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from huggingface_hub import constants

    settings.ATELIER_OFFLINE = False
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(
        CommandError, match=r"hub cannot be reached: run `manage\.py checkpoints fetch sd-turbo`"
    ):
        checkpoints("fetch", "sd-turbo")


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(CommandError, match="choose one of bundled"):
        checkpoints("fetch", "nothing")


def test_an_added_repository_is_in_the_catalogue(own_catalogue: Path) -> None:
    said = checkpoints("add", "mine", "me/mine", "--revision", "abc", "--kinds", "pix2pix", "--size", "256")
    assert "checkpoints fetch mine" in said
    mine = catalogue.get("mine")
    assert (mine.repo, mine.revision, mine.sizes, mine.default_kind) == (
        "me/mine",
        "abc",
        ((256, 256),),
        "pix2pix",
    )
    assert "mine" in checkpoints("list")
    checkpoints("add", "mine", "me/better")
    assert catalogue.get("mine").repo == "me/better"


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("bundled", "me/mine"), "ships with Atelier"),
        (("mine", "me/mine", "--family", "sdxl", "--kinds", "pix2pix"), "pix2pix is not made by pipelines"),
        (("mine", "me/mine", "--size", "100"), "multiples of 8"),
    ],
)
def test_what_cannot_be_added_says_why(own_catalogue: Path, args: tuple[str, ...], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        checkpoints("add", *args)
    assert not catalogue.added_path().exists()
