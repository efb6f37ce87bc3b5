"""The catalogue is data: what ships is sound, and what is added by hand is checked."""

import json
from pathlib import Path
from typing import Any

import pytest

from generation.checkpoints import catalogue
from generation.checkpoints.kinds import KINDS
from generation.checkpoints.limits import NUMBERS
from generation.checkpoints.params import parse
from generation.errors import CatalogueInvalid, CheckpointUnknown

OWN: dict[str, Any] = {
    "title": "Mine",
    "licence": "none",
    "repo": "me/mine",
    "dtype": {"cpu": "float32", "cuda": "float16", "mps": "float16"},
    "sizes": [[512, 512]],
    "default_kind": "txt2img",
    "kinds": {
        "txt2img": {
            "pipeline": "StableDiffusionPipeline",
            "uses": ["prompt", "steps"],
            "defaults": {"steps": 20},
        }
    },
}


def test_the_bundled_checkpoint_comes_first_and_is_the_default() -> None:
    assert next(iter(catalogue.entries())) == "bundled"
    assert catalogue.default().name == "bundled"
    assert catalogue.default().bundled


def test_the_built_in_names_are_there() -> None:
    assert {"bundled", "sd-turbo", "stable-diffusion-1.5", "instruct-pix2pix", "sdxl-turbo"} <= set(
        catalogue.entries()
    )


@pytest.mark.parametrize("name", sorted(catalogue.entries()))
def test_defaults_are_within_the_limits_of_every_kind(name: str) -> None:
    checkpoint = catalogue.get(name)
    for kind, entry in checkpoint.kinds.items():
        params = parse({"kind": kind}, checkpoint)
        for number in NUMBERS:
            assert (getattr(params, number, None) is not None) == (number in entry.uses)


@pytest.mark.parametrize("name", sorted(catalogue.entries()))
def test_an_entry_says_what_a_person_needs_to_choose_it(name: str) -> None:
    checkpoint = catalogue.get(name)
    assert checkpoint.title and checkpoint.description.endswith(".") and checkpoint.licence
    assert set(checkpoint.kinds) <= set(KINDS)


@pytest.mark.parametrize("name", sorted(set(catalogue.entries()) - {"bundled"}))
def test_a_hub_checkpoint_is_pinned_to_a_commit(name: str) -> None:
    revision = catalogue.get(name).revision
    assert len(revision) == 40 and int(revision, 16)


def test_the_bundled_folder_has_what_it_names() -> None:
    folder = catalogue.get("bundled").folder
    assert folder
    for file in ("model_index.json", "README.md", "ATTRIBUTION.md", "unet/config.json", "vae/config.json"):
        assert (folder / file).is_file()


def test_CHECKPOINT_chooses_the_default(settings: Any) -> None:
    settings.CHECKPOINT = "sd-turbo"
    assert catalogue.get().name == "sd-turbo"


@pytest.mark.parametrize("name", ["nothing", "", 7, True, ["bundled"], {}])
def test_an_unknown_name_is_answered_with_the_known_ones(name: object) -> None:
    with pytest.raises(CheckpointUnknown, match="choose one of bundled, sd-turbo"):
        catalogue.get(name)


def test_an_added_checkpoint_is_kept_beside_the_built_in_ones(own_catalogue: Path) -> None:
    catalogue.add("mine", OWN)
    catalogue.add("other", OWN | {"repo": "me/other"})
    assert catalogue.get("mine").repo == "me/mine"
    assert list(catalogue.entries())[-2:] == ["mine", "other"]
    assert not list(own_catalogue.glob("*.new"))


def test_an_edited_file_is_read_again(own_catalogue: Path) -> None:
    catalogue.add("mine", OWN)
    catalogue.add("mine", OWN | {"title": "Better"})
    assert catalogue.get("mine").title == "Better"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repo": ""}, "needs either a folder or a repo"),
        ({"folder": "x"}, "needs either a folder or a repo"),
        ({"default_kind": "img2img"}, "which it does not offer"),
        ({"sizes": []}, "multiples of 8"),
        ({"sizes": [[500, 500]]}, "multiples of 8"),
        ({"focus": 1.5}, "not between 0 and 0.9"),
        ({"dtype": {"cpu": "float32"}}, "KeyError 'cuda'"),
        (
            {"kinds": {"txt2img": {"pipeline": "P", "uses": ["steps"], "defaults": {}}}},
            "defaults.steps is None",
        ),
        (
            {
                "kinds": {
                    "txt2img": {"pipeline": "P", "uses": [], "defaults": {}, "limits": {"steps": [1, 500]}}
                }
            },
            "limits.steps is 1–500, outside of 1–100",
        ),
        (
            {"kinds": {"txt2img": {"pipeline": "P", "uses": [], "defaults": {}, "outside": "stretch"}}},
            "use crop or pad",
        ),
    ],
)
def test_an_impossible_entry_is_refused_by_its_name(
    own_catalogue: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(CatalogueInvalid, match="mine") as caught:
        catalogue.add("mine", OWN | change)
    assert message in caught.value.message
    assert not (own_catalogue / "checkpoints.json").exists()


@pytest.mark.parametrize("content", ["{", "[]", json.dumps({"mine": 7})])
def test_a_broken_file_is_named(own_catalogue: Path, content: str) -> None:
    own_catalogue.mkdir()
    (own_catalogue / "checkpoints.json").write_text(content)
    with pytest.raises(CatalogueInvalid, match=r"checkpoints\.json"):
        catalogue.entries()


def test_system_checks_tell_of_a_file_that_cannot_be_read(own_catalogue: Path) -> None:
    from generation.checks import catalogue_is_readable

    assert catalogue_is_readable() == []
    own_catalogue.mkdir()
    (own_catalogue / "checkpoints.json").write_text("{")
    assert [error.id for error in catalogue_is_readable()] == ["generation.E001"]
