"""What of a prompt has an effect, counted by the real tokenizers."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from django.test import Client

from accounts.models import User
from generation.checkpoints import catalogue, hearing, styles
from generation.checkpoints.hearing import Heard
from generation.checkpoints.params import parse, words
from generation.engine.conditioning import PromptEncoder
from generation.pipelines import loading
from tests.generation import tiny

NUMBERS = [f"w{number}" for number in range(40)]  # two tokens each for MiniLM, and one more from w10 on
LONG = (
    "a red house by the sea with a blue door and a green roof, two white windows, a tall chimney, "
    "a small garden with flowers, a path, a yellow sun and three birds"
)


@pytest.fixture(scope="module")
def bundled() -> Any:
    checkpoint = catalogue.get("bundled")
    return checkpoint, loading._load_from_package(checkpoint.components["tokenizer"], torch.float32)


def test_the_built_in_model_hears_thirty_tokens_and_the_rest_is_named(bundled: Any) -> None:
    checkpoint, tokenizer = bundled
    assert hearing.tokens_max(checkpoint) == 30
    heard = hearing.heard(checkpoint, LONG)
    assert f"{heard.text} {heard.not_heard}" == LONG
    assert heard.not_heard == "path, a yellow sun and three birds"
    # What is heard is what the encoder is given, and one word more would not be.
    assert len(tokenizer(heard.text).input_ids) <= 32
    more = f"{heard.text} {heard.not_heard.split()[0]}"
    assert len(tokenizer(more, truncation=False, verbose=False).input_ids) > 32


def test_what_is_not_heard_has_no_effect_and_what_is_heard_has_one(bundled: Any) -> None:
    checkpoint, tokenizer = bundled
    heard = hearing.heard(checkpoint, LONG).text
    ids = tokenizer(heard, truncation=True).input_ids
    assert tokenizer(hearing.heard(checkpoint, LONG + " at night").text, truncation=True).input_ids == ids
    assert tokenizer(heard.replace("red", "blue"), truncation=True).input_ids != ids


@pytest.mark.parametrize("text", ["", "a cat", "ein rotes Haus am Meer", "🐈 " * 5])
def test_a_short_text_is_heard_as_it_is(text: str) -> None:
    assert hearing.heard(catalogue.get("bundled"), text) == Heard(text)


def test_one_endless_word_is_cut_within() -> None:
    word = "-".join("ab" for _ in range(40))
    heard = hearing.heard(catalogue.get("bundled"), word)
    assert heard.text and heard.not_heard and heard.text + heard.not_heard == word


def test_a_style_is_kept_and_the_persons_words_are_cut_for_it(bundled: Any) -> None:
    checkpoint, tokenizer = bundled
    painted = replace(checkpoint, styles=("watercolour",), styles_as="words")
    kind = "pix2pix"
    params = parse({"kind": kind, "prompt": LONG, "style": "watercolour", "negative_prompt": LONG}, painted)
    style = styles.every()["watercolour"]
    for name, more in (("prompt", style.prompt), ("negative_prompt", style.negative_prompt)):
        said = words(params, painted)[name]
        assert said.startswith("a red house by the sea") and said.endswith(f", {more}")
        read = tokenizer.decode(tokenizer(said, truncation=True).input_ids, skip_special_tokens=True)
        assert read.replace(" ", "").endswith(more.replace(" ", "")), "the encoder reads the style to its end"


def test_a_checkpoint_that_is_read_in_chunks_hears_all() -> None:
    checkpoint = catalogue.get("stable-diffusion-1.5")
    assert hearing.tokens_max(checkpoint) is None
    assert hearing.heard(checkpoint, LONG * 5) == Heard(LONG * 5)


def test_chunks_are_cut_between_words_and_leave_none_out() -> None:
    pieces = hearing.chunks(" ".join(NUMBERS), len, 20)
    assert [word for piece in pieces for word in piece.split()] == NUMBERS
    assert all(sum(map(len, piece.split())) <= 20 for piece in pieces)
    assert hearing.chunks("as  it is", len, 20) == ["as  it is"]
    assert "".join(hearing.chunks("x" * 50, len, 20)) == "x" * 50


@pytest.mark.parametrize("family", ["sd", "sdxl"])
def test_clip_encodes_a_long_prompt_in_chunks(family: str, tmp_path: Path) -> None:
    tiny.save(family, tmp_path)
    kinds = {"txt2img": "StableDiffusionXLPipeline" if family == "sdxl" else "StableDiffusionPipeline"}
    entry = catalogue._checkpoint("tiny", tiny.entry(tmp_path, kinds), tmp_path / "checkpoints.json")
    encoder = PromptEncoder(loading.load(entry, "cpu").pipeline("txt2img"))
    head, tail = "a" * 75, "b" * 75  # 75 letters are 75 tokens of this tokenizer
    both, short = encoder.encode(f"{head} {tail}"), encoder.encode("cat")
    assert both.prompt_embeds.shape[1] == 154 and short.prompt_embeds.shape[1] == 77
    assert torch.equal(both.prompt_embeds[:, :77], encoder.encode(head).prompt_embeds)
    assert torch.equal(both.prompt_embeds[:, 77:], encoder.encode(tail).prompt_embeds)
    alike = encoder.encode_alike([f"{head} {tail}", "cat", None])
    assert {embeds.prompt_embeds.shape[1] for embeds in alike} == {154}
    assert torch.equal(alike[1].prompt_embeds[:, :77], short.prompt_embeds)
    assert torch.equal(alike[1].prompt_embeds[:, 77:], encoder.encode("").prompt_embeds)


# --- the door -------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_door_says_what_is_heard(alice: User) -> None:
    client = Client()
    client.force_login(alice)

    def ask(name: str = "bundled", **body: Any) -> Any:
        return client.post(f"/api/v1/checkpoints/{name}/hearing", json.dumps(body), "application/json")

    answer = ask(prompt=LONG, negative_prompt="blurry")
    assert answer.status_code == 200
    assert answer.json()["prompt"]["not_heard"] == "path, a yellow sun and three birds"
    assert answer.json()["negative_prompt"] == {"heard": "blurry", "not_heard": ""}
    looked = ask(prompt=LONG, style="crayon").json()["prompt"]
    assert looked == answer.json()["prompt"], "a look has no words that would take their place"
    assert ask(prompt="x" * 1001).status_code == 422
    unknown = ask("nothing-like-it", prompt="x")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "checkpoint_unknown")
