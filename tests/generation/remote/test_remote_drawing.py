"""Pictures from other servers, spoken to as they are: over HTTP, with everything that can go wrong there."""

import base64
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from generation.checkpoints import catalogue
from generation.errors import (
    GenerationError,
    PictureWithheld,
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
from generation.remote.remote_jobs import RemoteJobs
from generation.work import Cancelled, HandedBack
from tests.generation.remote.standins import WAIT_SECONDS, StandIn, as_json, multipart
from tests.generation.remote.studio import entry, state, submitted, work

Studio = Callable[..., StandIn]
PROTOCOLS = ("comfyui", "automatic1111", "openai")
each_protocol = pytest.mark.parametrize("protocol", PROTOCOLS)


def colour(picture: Any) -> tuple[int, ...]:
    return picture.image.getpixel((48, 24))


@each_protocol
def test_words_become_pictures_in_the_size_asked_for(studio: Studio, protocol: str) -> None:
    server = studio(protocol)
    drawn = submitted(work(count=2)).result(WAIT_SECONDS)
    assert [(picture.seed, picture.image.size) for picture in drawn.pictures] == [
        (40, (96, 48)),
        (41, (96, 48)),
    ]
    if protocol != "openai":  # which has no seeds
        assert [colour(picture) for picture in drawn.pictures] == [(40, 0, 0), (41, 0, 0)]
    assert drawn.seconds > 0
    assert server.seen[0].authorization == ""
    assert state() == {"status": "ready", "reason": ""}


@each_protocol
def test_a_board_becomes_a_picture(studio: Studio, protocol: str) -> None:
    studio(protocol)
    drawn = submitted(work("img2img", colour="blue")).result(WAIT_SECONDS)
    assert [(picture.image.size, colour(picture)) for picture in drawn.pictures] == [((96, 48), (0, 0, 255))]


def test_AUTOMATIC1111_is_asked_for_what_the_person_chose(studio: Studio) -> None:
    server = studio("automatic1111", model="v1-5.safetensors")
    submitted(work("img2img", steps=12, strength=0.25, negative_prompt="fog")).result(WAIT_SECONDS)
    body = next(seen for seen in server.seen if seen.path.endswith("img2img")).json
    assert (body["steps"], body["denoising_strength"], body["negative_prompt"]) == (12, 0.25, "fog")
    assert (body["prompt"], body["seed"], body["batch_size"], body["n_iter"]) == ("a cat", 40, 1, 1)
    assert body["override_settings"] == {"sd_model_checkpoint": "v1-5.safetensors"}


def test_ComfyUI_gets_the_values_in_their_places_and_a_prompt_stays_text(studio: Studio) -> None:
    server: Any = studio("comfyui")
    submitted(work("img2img", prompt='%seed% "}, {"', strength=0.25)).result(WAIT_SECONDS)
    (nodes,) = server.prompts.values()
    assert nodes["sampler"]["inputs"] == {
        "seed": 40,
        "steps": 20,
        "text": '%seed% "}, {", calm',
        "not": "",
        "denoise": 0.25,
    }


def test_OpenAI_is_sent_the_constants_of_the_entry_and_null_leaves_a_field_out(
    studio: Studio, own_catalogue: Path
) -> None:
    server = studio("openai", model="gpt-image-1")
    raw = entry("openai", own_catalogue, url=catalogue.get("studio").remote.url, model="gpt-image-1")  # type: ignore[union-attr]
    for kind in raw["kinds"].values():
        kind["arguments"] = {"response_format": None, "quality": "low"}
    catalogue.add("studio", raw)
    submitted(work()).result(WAIT_SECONDS)
    submitted(work("img2img")).result(WAIT_SECONDS)
    expected = {"model": "gpt-image-1", "prompt": "a cat", "n": 1, "size": "64x64", "quality": "low"}
    assert server.seen[0].json == expected
    fields = multipart(server.seen[1].body)
    assert {name: value.decode() for name, value in fields.items() if name != "image"} == {
        name: str(value) for name, value in expected.items()
    }


def test_OpenAI_a_picture_by_URL_is_fetched_from_the_same_server_only(studio: Studio, stand_in: Any) -> None:
    server: Any = studio("openai")
    server.by_url = "/files/picture.png"
    assert colour(submitted(work()).result(WAIT_SECONDS).pictures[0]) == (7, 0, 0)
    other, url = stand_in("openai")
    for server.by_url in (
        url.replace("/v1", "/files/picture.png"),
        url.removeprefix("http:"),
        "file:///etc/passwd",
        "h\0",
    ):
        with pytest.raises(RemoteAnswerInvalid):
            submitted(work()).result(WAIT_SECONDS)
    assert other.seen == []


def test_OpenAI_what_its_filter_withholds_is_no_fault_of_the_server(studio: Studio) -> None:
    server: Any = studio("openai")
    server.answer = lambda seen: as_json({"error": {"code": "moderation_blocked", "message": "no"}}, 400)
    with pytest.raises(PictureWithheld):
        submitted(work()).result(WAIT_SECONDS)
    assert state()["status"] != "failed"


TROUBLES: list[tuple[Any, type[GenerationError], bool, bool]] = [
    (401, RemoteUnauthorised, False, False),
    (500, RemoteFailed, True, False),
    (400, RemoteRefused, False, False),
    (503, RemoteBusy, True, True),
    ("malformed", RemoteAnswerInvalid, True, False),
    ("no picture", RemoteAnswerInvalid, True, False),
    ("damaged", RemoteAnswerInvalid, True, False),
    ("hang up", RemoteAnswerInvalid, True, False),
    ("redirect", RemoteAnswerInvalid, True, False),
    ("bomb", RemoteAnswerTooLarge, False, False),
    ("declared", RemoteAnswerTooLarge, False, False),
    ("endless", RemoteAnswerTooLarge, False, False),
]


@each_protocol
@pytest.mark.parametrize(("trouble", "error", "retryable", "transient"), TROUBLES)
def test_every_trouble_has_a_name_and_the_status_its_reason(
    studio: Studio,
    stand_in: Any,
    protocol: str,
    trouble: Any,
    error: type[GenerationError],
    retryable: bool,
    transient: bool,
) -> None:
    server = studio(protocol)
    other, server.elsewhere = stand_in("openai")
    server.trouble = trouble
    with pytest.raises(error) as caught:
        submitted(work()).result(WAIT_SECONDS)
    assert (caught.value.retryable, caught.value.transient) == (retryable, transient)
    assert other.seen == []
    if error is RemoteBusy:
        assert state()["status"] != "failed"
    else:
        assert state() == {"status": "failed", "reason": caught.value.message}
        assert "127.0.0.1" not in caught.value.message


@each_protocol
def test_who_takes_too_long_is_not_waited_for(studio: Studio, protocol: str) -> None:
    server = studio(protocol, timeout_seconds=0.3)
    server.holding = True
    with pytest.raises(RemoteTimeout):
        submitted(work()).result(WAIT_SECONDS)
    assert state()["status"] == "failed"


def test_a_server_that_is_not_there(own_catalogue: Path) -> None:
    catalogue.add("studio", entry("openai", own_catalogue, url="http://127.0.0.1:1"))
    with pytest.raises(RemoteUnreachable):
        submitted(work()).result(WAIT_SECONDS)


@each_protocol
def test_a_cancel_is_passed_on(studio: Studio, protocol: str) -> None:
    server = studio(protocol)
    server.holding = True
    ticket = submitted(work())
    assert server.begun.wait(WAIT_SECONDS)
    ticket.stop(Cancelled())
    with pytest.raises(Cancelled):
        ticket.result(WAIT_SECONDS)
    if protocol == "openai":
        assert server.hung_up.wait(WAIT_SECONDS), "there is no other way to tell it"
    else:
        assert any(path.endswith("/interrupt") for path in server.paths)


def test_AUTOMATIC1111_somebody_elses_picture_is_not_interrupted(studio: Studio) -> None:
    server: Any = studio("automatic1111")
    server.holding = True
    ticket = submitted(work())
    assert server.begun.wait(WAIT_SECONDS)
    server.task = "somebody else's"
    ticket.stop(Cancelled())
    with pytest.raises(Cancelled):
        ticket.result(WAIT_SECONDS)
    assert "/sdapi/v1/interrupt" not in server.paths


def test_AUTOMATIC1111_tells_how_far_it_is(studio: Studio) -> None:
    server = studio("automatic1111")
    server.holding = True
    ticket = submitted(work(count=2))
    news = ticket.wait(WAIT_SECONDS)
    assert news and (news.step, news.steps) == (10, 40)
    server.release.set()
    assert len(ticket.result(WAIT_SECONDS).pictures) == 2


def test_ComfyUI_a_prompt_that_is_gone_and_a_workflow_that_fails(studio: Studio) -> None:
    server: Any = studio("comfyui")
    server.forgets = True
    with pytest.raises(RemoteFailed) as caught:
        submitted(work()).result(WAIT_SECONDS)
    assert "gone from the queue" in caught.value.details
    server.forgets, server.fails = False, True
    with pytest.raises(RemoteFailed) as caught:
        submitted(work()).result(WAIT_SECONDS)
    assert "workflow failed" in caught.value.details


@each_protocol
def test_the_key_goes_with_every_request_and_into_no_log(
    studio: Studio, protocol: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    server = studio(protocol, key_from="STUDIO_KEY")
    monkeypatch.setenv("STUDIO_KEY", "s3cret-of-ours")
    server.key = "Bearer s3cret-of-ours"
    submitted(work("img2img")).result(WAIT_SECONDS)
    assert {seen.authorization for seen in server.seen} == {server.key}
    server.trouble = 500
    with caplog.at_level(logging.DEBUG), pytest.raises(RemoteFailed):
        submitted(work()).result(WAIT_SECONDS)
    monkeypatch.setenv("STUDIO_KEY", "an0ther-secret")
    with caplog.at_level(logging.DEBUG), pytest.raises(RemoteUnauthorised) as caught:
        submitted(work()).result(WAIT_SECONDS)
    said = caplog.text + caught.value.message + caught.value.details
    assert "s3cret-of-ours" not in said and "an0ther-secret" not in said


def test_AUTOMATIC1111_takes_a_name_and_a_password(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    server = studio("automatic1111", key_from="STUDIO_KEY")
    monkeypatch.setenv("STUDIO_KEY", "me:pass")
    server.key = "Basic " + base64.b64encode(b"me:pass").decode()
    assert submitted(work()).result(WAIT_SECONDS).pictures


def test_a_key_may_lie_in_a_file_and_must_lie_somewhere(
    studio: Studio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server = studio("openai", key_from="STUDIO_KEY")
    with pytest.raises(RemoteNotSetUp) as caught:
        submitted(work()).result(WAIT_SECONDS)
    assert "STUDIO_KEY" in caught.value.details and server.seen == []
    (tmp_path / "key").write_text("from-a-file\n")
    monkeypatch.setenv("STUDIO_KEY_FILE", str(tmp_path / "key"))
    submitted(work()).result(WAIT_SECONDS)
    assert server.seen[0].authorization == "Bearer from-a-file"


def test_J23_who_has_to_go_hands_its_work_back(studio: Studio) -> None:
    server = studio("openai")
    server.holding = True
    remotes = RemoteJobs()
    ticket = submitted(work(), remotes)
    assert server.begun.wait(WAIT_SECONDS)
    remotes.stop()
    for each in (ticket, submitted(work(), remotes)):
        with pytest.raises(HandedBack):
            each.result(WAIT_SECONDS)
