"""Questions, searches and claims on the command line, one at a time and in batches."""

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
from command_run import Command
from scripted_model import ScriptedModel, refusing_url
from small_atlas import FALSE, OFF_NOTES, QUESTION, VERBATIM, answer_probe, judge, of_tutor, write_notes
from small_cli import commands

from agents.download import pull
from agents.weights import SMALL, default_cache_dir

MODELS = Path(os.environ.get("ATLAS_MODELS") or default_cache_dir())


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home, kept for the commands of this file, and a folder of notes."""
    root = tmp_path_factory.mktemp("cli")
    return root / "home", write_notes(root / "notes").path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path) -> Generator[Command]:
    with commands(monkeypatch, capfd, tmp_path) as run:
        yield run


@pytest.fixture
def atlas(run: Command, places: tuple[Path, Path]) -> Command:
    """Runs a command on the small notes."""
    home, notes = places
    return lambda *arguments, **more: run(*arguments, "--home", home, "--notes", notes, "--only-notes", **more)


# --- answers --------------------------------------------------------------------------------------------------------

ANSWER_FIELDS = {
    "answer", "citations", "evidence", "abstained", "rung", "language", "unsupported", "next", "usage", "timings",
}  # fmt: skip


def test_ask_prints_one_object_with_every_field(atlas: Command) -> None:
    done = atlas("ask", QUESTION, "--json", "--no-model")
    assert done.status == 0
    answer = done.json
    assert set(answer) >= ANSWER_FIELDS
    assert set(answer["usage"]) >= {"calls", "prompt_tokens", "completion_tokens", "checks"}
    assert set(answer["timings"]) == {"evidence_s", "first_token_s", "total_s"}
    assert answer["answer"].startswith(f"{VERBATIM} [1]")
    assert (answer["rung"], answer["language"], answer["abstained"]) == ("notes", "en", False)
    cited = answer["citations"][0]
    assert {"n", "note", "title", "heading", "quote", "start", "end", "source"} <= set(cited)
    assert (cited["n"], cited["note"], cited["quote"]) == (1, "paged-attention", VERBATIM)
    assert {"note", "heading", "text", "score"} <= set(answer["evidence"][0])


def test_ask_prints_the_answer_and_its_sources_for_people(atlas: Command) -> None:
    done = atlas("ask", QUESTION, "--no-model")
    assert f"{VERBATIM} [1]" in done.out
    assert "  [1] PagedAttention > How it works" in done.out
    assert "  > How does vLLM work?" in done.out
    assert "PagedAttention > How it works" in done.err  # evidence, before the answer


def test_question_in_chinese_comes_through(atlas: Command) -> None:
    done = atlas("ask", "LoRA 训练什么矩阵？", "--json", "--no-model")
    assert done.json["language"] == "zh"
    assert "低秩小矩阵" in done.out  # not escaped


def test_endpoint_answers_and_standard_output_holds_the_answer_alone(atlas: Command) -> None:
    with ScriptedModel(api_key="sk-secret") as model:
        answer_probe(model, logprobs=True)
        judge(model)
        model.reply(f"{VERBATIM} Blocks of PagedAttention hold tokens.", when=of_tutor)
        done = atlas("ask", QUESTION, "--json", "--base-url", model.base_url, "--model", "m", "--api-key", "sk-secret")
    assert (done.status, done.json["rung"]) == (0, "endpoint")
    assert done.json["usage"]["calls"] == 1
    assert "sk-secret" not in done.out + done.err


@pytest.mark.parametrize(
    "fault",
    [{"status": 500, "message": "boom sk-secret"}, {"status": 429}, {"malformed": True}, {"text": ""},
     {"text": "a b c", "close_after": 2}],
    ids=["broken", "overloaded", "malformed", "empty", "closing"],
)  # fmt: skip
def test_failing_endpoint_still_gives_a_cited_answer_and_status_0(atlas: Command, fault: dict[str, Any]) -> None:
    with ScriptedModel(api_key="sk-secret") as model:
        answer_probe(model)
        model.reply(when=of_tutor, **fault)
        done = atlas("ask", QUESTION, "--json", "--base-url", model.base_url, "--model", "m", "--api-key", "sk-secret")
    assert (done.status, done.json["rung"]) == (0, "notes")
    assert done.json["citations"]
    assert model.base_url in done.json["notices"][0]
    assert "sk-secret" not in done.out + done.err


def test_endpoint_that_is_not_there_still_gives_a_cited_answer(atlas: Command) -> None:
    with refusing_url() as url:
        done = atlas("ask", QUESTION, "--base-url", url, "--model", "m")
    assert done.status == 0
    assert f"{VERBATIM} [1]" in done.out
    assert "! Nothing answers at" in done.out
    assert "Traceback" not in done.err


def test_session_goes_on_from_one_command_to_the_next(atlas: Command) -> None:
    atlas("ask", "What is LoRA?", "--session", "cli", "--no-model")
    done = atlas("ask", "how many parameters does it cut?", "--session", "cli", "--no-model", "--json")
    assert "factor of 1000" in done.json["answer"]


def test_guided_begins_a_lesson_and_goes_on_with_it(atlas: Command) -> None:
    begun = atlas("ask", "PagedAttention", "--guided", "--session", "lesson", "--no-model")
    assert "PagedAttention, step by step" in begun.out
    told = atlas("ask", "I don't know", "--guided", "--session", "lesson", "--no-model", "--json")
    assert "Not yet: we will come to it." in told.json["answer"]


def test_search_lists_passages(atlas: Command) -> None:
    found = atlas("search", "inference engine", "-k", "2", "--json").json
    assert [result["note"] for result in found["results"]] == ["sglang", "vllm"]
    assert {"note", "title", "heading", "text", "score"} <= set(found["results"][0])
    assert "vLLM > What it is (vllm)" in atlas("search", "inference engine", "-k", "2").out


@pytest.mark.parametrize(
    ("claim", "verdict", "sign"),
    [(VERBATIM, "supported", "✓"), (FALSE, "contradicted", "✗"), (OFF_NOTES, "not_found", "?")],
    ids=["supported", "contradicted", "not found"],
)
def test_check_gives_verdict_score_reasons_and_citations(atlas: Command, claim: str, verdict: str, sign: str) -> None:
    found = atlas("check", claim, "--json", "--no-model").json
    assert found["verdict"] == verdict
    assert 0 <= found["score"] <= 1
    assert bool(found["citations"]) is (verdict != "not_found")
    assert isinstance(found["reasons"], list)
    assert atlas("check", claim, "--no-model").out.startswith(f"{sign} {verdict}")


def test_check_takes_its_evidence_from_an_option(atlas: Command) -> None:
    done = atlas(
        "check", "Bananas are blue.", "--evidence", "All bananas here. Bananas are blue.", "--json", "--no-model"
    )
    assert done.json["verdict"] == "supported"


# --- batches --------------------------------------------------------------------------------------------------------


def test_batch_answers_a_line_each_with_ids_and_goes_on_after_bad_ones(atlas: Command) -> None:
    requests = [
        b"What is LoRA?",
        b"",
        b'{"id": 7, "text": "What is vLLM?"}',
        b'{"id": "missing"}',
        b'{"id": "number", "text": 5}',
        b'{"id": "blank", "text": " \\u200b "}',
        b'{"id": "surrogate", "text": "\\ud83d What is LoRA?"}',
        b'{"id": "command", "text": "/dance"}',
        b'{"id": "long", "text": "' + b"x" * 20_000 + b'"}',
        b"{ What is LoRA?",
        b"\xff What is LoRA?",
        '{"id": {"nested": [1]}, "text": "LoRA 是什么？"}'.encode(),
    ]
    done = atlas("ask", "-", "--no-model", stdin=b"\n".join(requests))
    assert done.status == 0
    lines = done.lines
    assert len(lines) == len(requests) - 1
    by_id = {json.dumps(line["id"]): line for line in lines if "id" in line}
    assert "vLLM is an inference engine" in by_id["7"]["answer"]
    assert "low-rank" in by_id['"surrogate"']["answer"]
    assert by_id['{"nested": [1]}']["language"] == "zh"
    for bad in ("missing", "number", "blank", "command", "long"):
        assert by_id[f'"{bad}"']["error"]["kind"] == "user_mistake"
    plain = [lines[0], *lines[8:10]]
    assert len({line["id"] for line in plain}) == 3  # the answers' own
    assert all("LoRA" in line["answer"] for line in plain)


def test_batch_of_claims_takes_evidence_line_by_line(atlas: Command) -> None:
    requests = [
        {"id": 1, "text": VERBATIM},
        {"id": 2, "text": "Bananas are blue.", "evidence": "Bananas are blue."},
        {"id": 3, "text": "Bananas are blue.", "evidence": 3},
        {"id": 4, "text": "Bananas are blue.", "evidence": ""},
    ]
    done = atlas("check", "-", "--no-model", stdin="\n".join(map(json.dumps, requests)).encode())
    found = {line["id"]: line.get("verdict", line.get("error", {}).get("kind")) for line in done.lines}
    assert found == {1: "supported", 2: "supported", 3: "user_mistake", 4: "user_mistake"}


def test_batch_of_queries(atlas: Command) -> None:
    done = atlas("search", "-", "-k", "1", stdin=b'{"id": 1, "text": "PagedAttention blocks"}\nSGLang radix tree\n')
    assert [line["results"][0]["note"] for line in done.lines] == ["paged-attention", "sglang"]


@pytest.mark.model
def test_check_asks_the_small_model(atlas: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    pull(SMALL, MODELS)
    monkeypatch.setenv("ATLAS_MODELS", str(MODELS))
    done = atlas("check", "The KV cache lies in fixed blocks with PagedAttention.", "--model", SMALL.id, "--json")
    assert (done.status, done.json["verdict"]) == (0, "supported")
    assert done.json["scores"]["model"] > 0.5
