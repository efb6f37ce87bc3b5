"""What staff may write about another server, and what is refused before anybody draws."""

import json
from pathlib import Path
from typing import Any

import pytest

from generation.checkpoints import catalogue, styles
from generation.checkpoints.params import complete, parse
from generation.errors import CatalogueInvalid, ParamsInvalid, RemoteNotSetUp
from generation.jobs import description
from generation.remote.request import make_requests
from generation.work import Work
from tests.generation.remote.studio import WORKFLOWS, entry

URL = "http://studio.example:8188"


def test_an_entry_needs_neither_weights_nor_pipelines(own_catalogue: Path) -> None:
    checkpoint = catalogue.add("studio", entry("automatic1111", own_catalogue, url=URL))
    assert checkpoint.remote and checkpoint.remote.address == URL
    assert (checkpoint.bundled, checkpoint.kinds["txt2img"].pipeline) == (False, "")


def test_nobody_else_hears_where_it_is(own_catalogue: Path) -> None:
    checkpoint = catalogue.add("studio", entry("comfyui", own_catalogue, url=URL, key_from="STUDIO_KEY"))
    told = json.dumps(description.describe_checkpoint(checkpoint, []))
    assert "studio.example" not in told and "STUDIO_KEY" not in told


@pytest.mark.parametrize("field", ["url", "remote", "url_from", "key_from", "model", "protocol"])
def test_no_request_can_say_where_to_go(own_catalogue: Path, field: str) -> None:
    checkpoint = catalogue.add("studio", entry("openai", own_catalogue, url=URL))
    with pytest.raises(ParamsInvalid, match="not a known field"):
        parse({"prompt": "a cat", field: "http://169.254.169.254/"}, checkpoint)


@pytest.mark.parametrize("field", ["negative_prompt", "steps", "strength"])
def test_what_the_server_ignores_is_refused(own_catalogue: Path, field: str) -> None:
    checkpoint = catalogue.add("studio", entry("openai", own_catalogue, url=URL))
    with pytest.raises(ParamsInvalid, match="no effect"):
        parse({"kind": "img2img", field: 1}, checkpoint)


@pytest.mark.parametrize(
    ("protocol", "change", "message"),
    [
        ("openai", {"protocol": "telnet"}, "use comfyui, automatic1111, openai"),
        ("openai", {"url": ""}, "either url or url_from"),
        ("openai", {"url_from": "STUDIO_URL"}, "either url or url_from"),
        ("openai", {"url": "file:///etc/passwd"}, "must be http"),
        ("openai", {"url": "http://"}, "must be http"),
        ("openai", {"url": "https://me:secret@studio.example"}, "must not hold"),
        ("openai", {"url": "https://studio.example/?key=secret"}, "must not hold"),
        ("openai", {"timeout_seconds": 0}, "timeout_seconds"),
        ("openai", {"connect_timeout_seconds": 10**6}, "connect_timeout_seconds"),
        ("openai", {"passphrase": "x"}, "passphrase"),
        ("comfyui", {"workflows": {}}, "txt2img"),
        ("comfyui", {"workflows": {"txt2img": "gone.json", "img2img": "gone.json"}}, "cannot be read"),
    ],
)
def test_an_impossible_entry_is_refused(
    own_catalogue: Path, protocol: str, change: dict[str, Any], message: str
) -> None:
    raw = entry(protocol, own_catalogue, url=URL)
    with pytest.raises(CatalogueInvalid) as caught:
        catalogue.add("studio", raw | {"remote": raw["remote"] | change})
    assert message in caught.value.message and "studio" in caught.value.message
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"kinds": {"inpaint": {"uses": [], "defaults": {}}}}, "cannot draw inpaint"),
        (
            {"kinds": {"txt2img": {"uses": ["steps"], "defaults": {"steps": 9}}}},
            "does not take steps for txt2img",
        ),
        ({"repo": "me/mine"}, "needs either"),
    ],
)
def test_an_entry_offers_what_its_protocol_can(
    own_catalogue: Path, change: dict[str, Any], message: str
) -> None:
    with pytest.raises(CatalogueInvalid) as caught:
        catalogue.add("studio", entry("openai", own_catalogue, url=URL) | change)
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("workflow", "message"),
    [
        ([], "not a workflow"),
        ({"nodes": []}, "not a workflow"),
        ({"1": {"class_type": "KSampler", "inputs": {"seed": 7}}}, "has no place for %"),
        ({**WORKFLOWS["img2img"], "board": {"class_type": "LoadImage"}}, "no place for %image%"),
    ],
)
def test_a_workflow_must_have_a_place_for_every_value(
    own_catalogue: Path, workflow: Any, message: str
) -> None:
    raw = entry("comfyui", own_catalogue, url=URL)
    (own_catalogue / "img2img.json").write_text(json.dumps(workflow))
    with pytest.raises(CatalogueInvalid) as caught:
        catalogue.add("studio", raw)
    assert message in caught.value.message


def test_the_address_may_come_from_the_environment(
    own_catalogue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = catalogue.add("studio", entry("openai", own_catalogue, url_from="STUDIO_URL")).remote
    assert remote
    for wrong in ("", "ftp://studio.example", "https://me:secret@studio.example"):
        monkeypatch.setenv("STUDIO_URL", wrong)
        with pytest.raises(RemoteNotSetUp):
            _ = remote.address
    monkeypatch.setenv("STUDIO_URL", "https://studio.example/v1")
    assert remote.address == "https://studio.example/v1"


def test_a_style_reaches_another_server_as_words(own_catalogue: Path) -> None:
    raw = entry("automatic1111", own_catalogue, url=URL) | {"styles": ["ink"]}
    checkpoint = catalogue.add("studio", raw)
    assert checkpoint.remote
    params = complete(parse({"kind": "txt2img", "prompt": "a cat", "style": "ink"}, checkpoint), (64, 64))
    [picture] = make_requests(Work(checkpoint, params), checkpoint.remote)
    style = styles.every()["ink"]
    assert picture.values["prompt"] == f"a cat, {style.prompt}"
    assert picture.values["negative_prompt"] == style.negative_prompt
