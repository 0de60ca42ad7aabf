"""Planted secrets of many kinds go through every door that takes a log: none reaches the disk or an endpoint."""

import json
import re
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from conftest import Command
from scripted_model import ScriptedModel
from served_page import OpenTeam
from small_atlas import (
    NOTES,
    answer_probe,
    embedded_atlas,
    endpoint_atlas,
    judge,
    notes_atlas,
    small_index,
    write_notes,
)

from agents.atlas import Atlas
from knowledge.index import Index
from tools.fault.own_pitfall import OwnPitfall
from ui.fix_page import FixPage

# How each kind stands in a log, and the part of it that must not survive.
_KEY = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"
SECRETS = {
    "openai-key": ("Incorrect API key provided: {}.", "sk-proj-Zt4bV7nQ1xW9cR3mK8pL2dS6fH0gJ5yA"),
    "anthropic-key": ("x-api-key: {}", "sk-ant-api03-Qw3Er5Ty7Ui9Op1As3Df5Gh7Jk9Lz1Xc"),
    "hf-token": ("export HF_TOKEN={}", "hf_QwErTyUiOpAsDfGhJkLzXcVbNm123456"),
    "github-token": (
        "fatal: could not read from https://{}@github.com/me/x",
        "ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8",
    ),
    "aws-key": ("botocore: key {} is not valid", "AKIAZQ3DROSJFUWN4XTB"),
    "aws-secret": ("aws_secret_access_key = {}", "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"),
    "bearer": ("Authorization: Bearer {}", "v2.public.9f8e7d6c5b4a3f2e1d0c"),
    "url-password": ("git clone https://deploy:{}@git.example.org/repo.git", "correct-horse-77"),
    "database": ("sqlalchemy: postgresql://app:{}@db.internal:5432/atlas refused", "Tr0ub4dor-and-3"),
    "private-key": ("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", _KEY),
    "slack-token": ("slack: {} revoked", "xoxb-123456789012-1234567890123-AbCdEfGhIjKlMnOpQrStUvWx"),
    "wandb": ("WANDB_API_KEY={} wandb: login failed", "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567"),
    "password": ("login failed for user admin, password={}", "hunter2-winter"),
    "jwt": (
        "token rejected: {}",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
    ),
    "notebook": ("http://localhost:8888/lab?token={}", "5f4dcc3b5aa765d61d8327deb882cf99"),
}
LINES = "\n".join(form.format(secret) for form, secret in SECRETS.values())
LOG = f"""INFO starting vLLM
{LINES}
Traceback (most recent call last):
  File "/srv/app/serve.py", line 3, in <module>
FrobnicationError: the frobnicator at 10.0.0.3 refused key {SECRETS["openai-key"][1]}
bye
"""
PITFALL = """---
kind: pitfall
title: {en: The frobnicator refuses}
pitfall: {signatures: ["FrobnicationError: the frobnicator at <*> refused"]}
---

## Why it happens

The frobnicator of vLLM sleeps.

## How to fix it

Wake the frobnicator.
"""


@dataclass
class Watch:
    """Looks for the secrets everywhere below a folder, in what an endpoint was sent and in what was shown."""

    home: Path

    def assert_nowhere(self, *shown: object) -> None:
        found = {name for name, (_, secret) in SECRETS.items() if _stands(secret, shown) or self._stored(secret)}
        assert not found, f"survived: {sorted(found)}"

    def _stored(self, secret: str) -> list[Path]:
        files = [path for path in self.home.rglob("*") if path.is_file()]
        assert files, "nothing was stored at all"
        return [path for path in files if secret.encode() in path.read_bytes()]


def _stands(secret: str, shown: tuple[object, ...]) -> bool:
    return any(secret in (text if isinstance(text, str) else repr(text)) for text in shown)


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path)


@pytest.fixture
def notes(tmp_path: Path) -> Generator[Index]:
    with small_index(tmp_path, NOTES | {"frobnicator": PITFALL}) as index:
        yield index


def test_the_planted_secrets_are_really_in_the_log() -> None:
    assert all(secret in LOG for _, secret in SECRETS.values())
    assert len(SECRETS) >= 10


@pytest.mark.parametrize("as_json", [True, False], ids=["json", "text"])
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_the_command_line_prints_and_stores_none(
    atlas: Command, watch: Watch, tmp_path: Path, as_json: bool, known: bool
) -> None:
    folder = write_notes(tmp_path / "own", {"frobnicator": PITFALL} if known else {"vllm": NOTES["vllm"]})
    options = ["--home", tmp_path / "home", "--notes", folder.path, "--only-notes", *(["--json"] if as_json else [])]
    run = atlas("fix", *options, stdin=LOG)
    assert run.status == 0
    assert ("frobnicator refuses" in run.out) == known
    watch.assert_nowhere(run.out, run.err)
    lines = atlas("fix", "-", *options, stdin=json.dumps({"id": 1, "text": LOG}) + "\n")
    watch.assert_nowhere(lines.out, lines.err)


def test_adding_a_pitfall_on_the_command_line_stores_none(atlas: Command, watch: Watch, tmp_path: Path) -> None:
    folder = write_notes(tmp_path / "own", {"vllm": NOTES["vllm"]})
    options = ["--home", tmp_path / "home", "--notes", folder.path, "--only-notes", "--json"]
    secret = SECRETS["hf-token"][1]
    run = atlas(
        "pitfall", "add", "--title", f"Refused with {secret}", "--signature", f"FrobnicationError: key {secret} refused",
        "--cause", LINES, "--fix", f"```\n{LINES}\n```", "--check", LINES, *options,
    )  # fmt: skip
    assert run.status == 0, run.out
    listed = atlas("pitfall", "list", *options)
    exported = atlas("pitfall", "export", run.json["note"], *options)
    watch.assert_nowhere(run.out, run.err, listed.out, exported.out)
    assert "‹masked:" in exported.json["text"]


def request() -> Any:
    return SimpleNamespace(headers={}, session_hash="page", username=None)


def event(**data: str) -> Any:
    return SimpleNamespace(_data={"value": json.dumps(data)})


def page_over(atlas: Atlas) -> FixPage:
    """The page's callbacks, with every component it writes to."""
    page = FixPage(OpenTeam(atlas), lambda _stored, _request: "en")
    with gr.Blocks():
        page.lay_out("en")
    return page


def test_the_page_shows_and_stores_none(notes: Index, watch: Watch, tmp_path: Path) -> None:
    page = page_over(notes_atlas(notes, tmp_path))
    unknown = LOG.replace("FrobnicationError", "SprocketError").replace("frobnicator", "sprocket")
    found, lost = page.find({}, request(), LOG), page.find({}, request(), unknown)
    begun = page.act({}, request(), unknown, event(do="form"))
    entered = [
        f"Sprocket {LINES[:60]}",
        f"SprocketError: the sprocket refused {SECRETS['openai-key'][1]}",
        LINES,
        LINES,
        LINES,
        "",
    ]
    added = page.add({}, request(), unknown, [], *entered)
    assert "secrets masked" in str(found)
    assert "Added" in str(added), added
    watch.assert_nowhere(*(list(updates.values()) for updates in (found, lost, begun, added)))


@pytest.mark.parametrize("rung", ["endpoint", "embedded", "notes"])
@pytest.mark.parametrize(
    "message",
    [
        pytest.param(LOG, id="log"),
        pytest.param("/fix " + LOG, id="command"),
        pytest.param("What is vLLM, and why does it refuse this?\n" + LINES, id="question"),
        pytest.param(f"How does PagedAttention store the KV cache? My key is {SECRETS['openai-key'][1]}", id="one line"),
    ],
)  # fmt: skip
def test_the_chat_sends_and_stores_none(notes: Index, watch: Watch, tmp_path: Path, rung: str, message: str) -> None:
    with ScriptedModel() as model:
        if rung == "endpoint":
            answer_probe(model, json_schema=True, logprobs=True)
            atlas = endpoint_atlas(notes, tmp_path, model.endpoint)
        else:
            atlas = embedded_atlas(notes, tmp_path, model) if rung == "embedded" else notes_atlas(notes, tmp_path)
        judge(model)
        model.reply("vLLM serves models and PagedAttention stores blocks.", when=lambda _: True, times=None)
        for asked in (message, "And why is that?", message):
            answer = atlas.answer(asked, "a-session")
            watch.assert_nowhere(answer.text, answer.citations, answer.evidence, *(r.body for r in model.requests))
        assert (tmp_path / "home").is_dir()


def test_a_note_of_ones_own_keeps_none_even_where_it_fails(notes: Index, watch: Watch, tmp_path: Path) -> None:
    mender = notes_atlas(notes, tmp_path).mender
    for name, (form, secret) in SECRETS.items():
        title = f"Sprocket number {len(name)} {name} broke"
        wanted = OwnPitfall(
            title, (f"SprocketError {name} {form.format(secret)}",), form.format(secret), form.format(secret)
        )
        try:
            added = mender.add(wanted)
        except Exception as error:  # noqa: BLE001 - whatever it says, it says no secret
            watch.assert_nowhere(str(error))
        else:
            assert not re.search(re.escape(secret), added.path.read_text())
    watch.assert_nowhere(mender.added)
