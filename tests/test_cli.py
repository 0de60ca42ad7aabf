"""The command line: one JSON object on standard output, an exit status that scripts can trust, and nothing else."""

import gc
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from command_run import Run
from hash_embedder import HashEmbedder
from scripted_model import ScriptedModel, refusing_url
from small_atlas import FALSE, OFF_NOTES, QUESTION, VERBATIM, answer_probe, judge, of_tutor, write_notes

from agents.download import pull
from agents.weights import CATALOGUE, DEFAULT, SMALL, default_cache_dir
from ui import assembly, cli

MODELS = Path(os.environ.get("ATLAS_MODELS") or default_cache_dir())


Atlas = Callable[..., Run]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home, kept for the commands of this file, and a folder of notes."""
    root = tmp_path_factory.mktemp("cli")
    return root / "home", write_notes(root / "notes").path


@pytest.fixture
def clean(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """No endpoint and no model in the environment, and no traces of a command in this process."""
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL", "OPENAI_API_KEY", "ATLAS_EMBEDDING_URL", "ATLAS_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("ATLAS_MODELS", str(tmp_path / "models"))
    monkeypatch.setenv("CREWAI_STORAGE_DIR", str(tmp_path / "crewai"))
    thresholds = gc.get_threshold()
    yield
    gc.set_threshold(*thresholds)


@pytest.fixture
def run(clean: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Atlas:
    """Runs a command in this process, with the embedder of the tests."""
    monkeypatch.setattr(assembly, "embedder", lambda _: HashEmbedder(dimensions=4096))

    def run_command(*arguments: str | Path, stdin: bytes = b"") -> Run:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main([str(argument) for argument in arguments])
        printed = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Run(ended.value.code, printed.out, printed.err)

    return run_command


@pytest.fixture
def atlas(run: Atlas, places: tuple[Path, Path]) -> Atlas:
    """Runs a command on the small notes."""
    home, notes = places
    return lambda *arguments, **more: run(*arguments, "--home", home, "--notes", notes, "--only-notes", **more)


# --- answers --------------------------------------------------------------------------------------------------------

ANSWER_FIELDS = {
    "answer", "citations", "evidence", "abstained", "rung", "language", "unsupported", "next", "usage", "timings",
}  # fmt: skip


def test_ask_prints_one_object_with_every_field(atlas: Atlas) -> None:
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


def test_ask_prints_the_answer_and_its_sources_for_people(atlas: Atlas) -> None:
    done = atlas("ask", QUESTION, "--no-model")
    assert f"{VERBATIM} [1]" in done.out
    assert "  [1] PagedAttention > How it works" in done.out
    assert "  > How does vLLM work?" in done.out
    assert "PagedAttention > How it works" in done.err  # evidence, before the answer


def test_question_in_chinese_comes_through(atlas: Atlas) -> None:
    done = atlas("ask", "LoRA 训练什么矩阵？", "--json", "--no-model")
    assert done.json["language"] == "zh"
    assert "低秩小矩阵" in done.out  # not escaped


def test_endpoint_answers_and_standard_output_holds_the_answer_alone(atlas: Atlas) -> None:
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
def test_failing_endpoint_still_gives_a_cited_answer_and_status_0(atlas: Atlas, fault: dict[str, Any]) -> None:
    with ScriptedModel(api_key="sk-secret") as model:
        answer_probe(model)
        model.reply(when=of_tutor, **fault)
        done = atlas("ask", QUESTION, "--json", "--base-url", model.base_url, "--model", "m", "--api-key", "sk-secret")
    assert (done.status, done.json["rung"]) == (0, "notes")
    assert done.json["citations"]
    assert model.base_url in done.json["notices"][0]
    assert "sk-secret" not in done.out + done.err


def test_endpoint_that_is_not_there_still_gives_a_cited_answer(atlas: Atlas) -> None:
    with refusing_url() as url:
        done = atlas("ask", QUESTION, "--base-url", url, "--model", "m")
    assert done.status == 0
    assert f"{VERBATIM} [1]" in done.out
    assert "! Nothing answers at" in done.out
    assert "Traceback" not in done.err


def test_session_goes_on_from_one_command_to_the_next(atlas: Atlas) -> None:
    atlas("ask", "What is LoRA?", "--session", "cli", "--no-model")
    done = atlas("ask", "how many parameters does it cut?", "--session", "cli", "--no-model", "--json")
    assert "factor of 1000" in done.json["answer"]


def test_guided_begins_a_lesson_and_goes_on_with_it(atlas: Atlas) -> None:
    begun = atlas("ask", "PagedAttention", "--guided", "--session", "lesson", "--no-model")
    assert "PagedAttention, step by step" in begun.out
    told = atlas("ask", "I don't know", "--guided", "--session", "lesson", "--no-model", "--json")
    assert "Not yet: we will come to it." in told.json["answer"]


def test_search_lists_passages(atlas: Atlas) -> None:
    found = atlas("search", "inference engine", "-k", "2", "--json").json
    assert [result["note"] for result in found["results"]] == ["sglang", "vllm"]
    assert {"note", "title", "heading", "text", "score"} <= set(found["results"][0])
    assert "vLLM > What it is (vllm)" in atlas("search", "inference engine", "-k", "2").out


@pytest.mark.parametrize(
    ("claim", "verdict", "sign"),
    [(VERBATIM, "supported", "✓"), (FALSE, "contradicted", "✗"), (OFF_NOTES, "not_found", "?")],
    ids=["supported", "contradicted", "not found"],
)
def test_check_gives_verdict_score_reasons_and_citations(atlas: Atlas, claim: str, verdict: str, sign: str) -> None:
    found = atlas("check", claim, "--json", "--no-model").json
    assert found["verdict"] == verdict
    assert 0 <= found["score"] <= 1
    assert bool(found["citations"]) is (verdict != "not_found")
    assert isinstance(found["reasons"], list)
    assert atlas("check", claim, "--no-model").out.startswith(f"{sign} {verdict}")


def test_check_takes_its_evidence_from_an_option(atlas: Atlas) -> None:
    done = atlas(
        "check", "Bananas are blue.", "--evidence", "All bananas here. Bananas are blue.", "--json", "--no-model"
    )
    assert done.json["verdict"] == "supported"


# --- batches --------------------------------------------------------------------------------------------------------


def test_batch_answers_a_line_each_with_ids_and_goes_on_after_bad_ones(atlas: Atlas) -> None:
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


def test_batch_of_claims_takes_evidence_line_by_line(atlas: Atlas) -> None:
    requests = [
        {"id": 1, "text": VERBATIM},
        {"id": 2, "text": "Bananas are blue.", "evidence": "Bananas are blue."},
        {"id": 3, "text": "Bananas are blue.", "evidence": 3},
        {"id": 4, "text": "Bananas are blue.", "evidence": ""},
    ]
    done = atlas("check", "-", "--no-model", stdin="\n".join(map(json.dumps, requests)).encode())
    found = {line["id"]: line.get("verdict", line.get("error", {}).get("kind")) for line in done.lines}
    assert found == {1: "supported", 2: "supported", 3: "user_mistake", 4: "user_mistake"}


def test_batch_of_queries(atlas: Atlas) -> None:
    done = atlas("search", "-", "-k", "1", stdin=b'{"id": 1, "text": "PagedAttention blocks"}\nSGLang radix tree\n')
    assert [line["results"][0]["note"] for line in done.lines] == ["paged-attention", "sglang"]


# --- mistakes -------------------------------------------------------------------------------------------------------

MISTAKES: dict[str, tuple[list[str], int, str]] = {
    "unknown command": (["frobnicate"], 2, "frobnicate"),
    "no question": (["ask"], 2, "question"),
    "unknown option": (["ask", "hi", "--jsno"], 2, "--jsno"),
    "k of nothing": (["search", "x", "-k", "0"], 2, "-k"),
    "k of no number": (["search", "x", "-k", "many"], 2, "-k"),
    "empty question": (["ask", "", "--no-model"], 2, "empty"),
    "endless question": (["ask", "x" * 20_000, "--no-model"], 2, "20,000 characters"),
    "unknown slash command": (["ask", "/dance", "--no-model"], 2, "/dance"),
    "bad session": (["ask", "hi", "--session", "", "--no-model"], 2, "session"),
    "empty evidence": (["check", "a b c", "--evidence", "", "--no-model"], 2, "evidence is empty"),
    "notes that are no folder": (["ask", "hi", "--notes", "nowhere"], 2, "'nowhere' is not a folder"),
    "no notes at all": (["search", "x", "--only-notes"], 2, "--only-notes"),
    "model without a server": (["ask", "hi", "--model", "gpt-x"], 2, "'gpt-x' has no server"),
    "address without a scheme": (["ask", "hi", "--base-url", "localhost:1"], 2, "'localhost:1'"),
    "unknown embedded model": (["model", "path", "llama"], 2, "'llama'"),
    "model that is not here": (["model", "path"], 3, "atlas model pull"),
    "weights from nowhere": (["model", "pull", "--from", "nowhere.gguf"], 2, "'nowhere.gguf'"),
    "weights that are none": (["model", "pull", "--from", __file__], 2, "no GGUF file"),
    "index of nowhere": (["index", "nowhere"], 2, "nowhere' is not a folder"),
}


@pytest.mark.parametrize(("arguments", "status", "message"), MISTAKES.values(), ids=MISTAKES)
def test_mistake_is_one_object_with_its_remedy(
    run: Atlas, places: tuple[Path, Path], arguments: list[str], status: int, message: str
) -> None:
    home, notes = places
    small = ["--notes", notes, "--only-notes"] if "--no-model" in arguments else []
    done = run(*arguments, "--json", *(["--home", home] if arguments[0] != "frobnicate" else []), *small)
    assert done.status == status
    (error,) = done.json.values()
    assert set(error) == {"kind", "message", "remedy"}
    assert error["kind"] == {2: "user_mistake", 3: "setup_missing"}[status]
    assert message in error["message"] + error["remedy"]
    assert error["remedy"]


def test_mistake_goes_to_standard_error_for_people(atlas: Atlas) -> None:
    done = atlas("ask", "", "--no-model")
    assert (done.status, done.out) == (2, "")
    assert done.err == "atlas: the question is empty. Ask in words, in English or Chinese.\n"


@pytest.mark.parametrize("group", [[], ["notes"], ["model"]], ids=["atlas", "notes", "model"])
def test_command_without_arguments_shows_its_help(run: Atlas, group: list[str]) -> None:
    done = run(*group)
    assert done.status == 2
    assert "Usage:" in done.out
    assert done.err == ""


def test_home_that_may_not_be_written_is_missing_set_up(run: Atlas, unprivileged: Path) -> None:
    unprivileged.chmod(0o500)
    done = run("ask", "hi", "--json", "--no-model", "--home", unprivileged)
    assert (done.status, done.json["error"]["kind"]) == (3, "setup_missing")


def test_index_that_may_not_be_written_is_missing_set_up(run: Atlas, tmp_path: Path) -> None:
    (tmp_path / "index").touch()
    done = run("search", "x", "--json", "--home", tmp_path, "--notes", write_notes(tmp_path / "n").path, "--only-notes")
    assert (done.status, done.json["error"]["kind"]) == (3, "setup_missing")


def test_failing_embedding_endpoint_is_the_models_failure(
    clean: None, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with refusing_url() as url:
        monkeypatch.setenv("ATLAS_EMBEDDING_URL", url)
        monkeypatch.setenv("ATLAS_EMBEDDING_MODEL", "m")
        monkeypatch.setenv("ATLAS_EMBEDDING_KEY", "sk-secret")
        with pytest.raises(SystemExit) as ended:
            notes = str(write_notes(tmp_path / "n").path)
            cli.main(["index", "--json", "--home", str(tmp_path), "--notes", notes, "--only-notes"])
    printed = capfd.readouterr()
    assert ended.value.code == 4
    assert json.loads(printed.out)["error"]["kind"] == "model_failed"
    assert "sk-secret" not in printed.out + printed.err


# --- the notes and the models ---------------------------------------------------------------------------------------


def test_index_counts_what_changed(run: Atlas, tmp_path: Path) -> None:
    notes = write_notes(tmp_path / "notes").path
    there = ["--home", tmp_path, "--notes", notes, "--only-notes"]
    first = run("index", "--json", *there).json
    assert (first["added"], first["changed"], first["removed"], first["pending"]) == (5, 0, 0, 0)
    assert first["embedded"] > 0
    (notes / "vllm.md").unlink()
    (notes / "new.md").write_text("# New\n\nSomething new stands here.\n")
    second = run("index", *there)
    assert second.out.startswith("1 added, 0 changed, 1 removed, 4 unchanged files")


def test_notes_check_reports_each_fault_with_its_place(run: Atlas, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "bad.md").write_text("---\nid: BAD ID\nkind: nonsense\n---\n\ntext\n")
    (broken / "bytes.md").write_bytes(b"\xff\xfe\x00")
    (broken / "good.md").write_text("# Good\n\nThis is fine.\n")
    there = ["--home", tmp_path, "--notes", broken, "--only-notes"]
    done = run("notes", "check", "--json", *there)
    assert done.status == 2
    assert (done.json["notes"], done.json["files"]) == (1, 3)
    faults = {(Path(problem["path"]).name, problem["line"]) for problem in done.json["problems"]}
    assert faults == {("bad.md", 2), ("bad.md", 3), ("bytes.md", 1)}
    assert all(problem["remedy"] and problem["severity"] == "error" for problem in done.json["problems"])
    text = run("notes", "check", *there)
    assert text.status == 2
    assert "bad.md:2:" in text.out
    assert "1 notes in 3 files, 3 errors, 0 warnings" in text.out


def test_notes_check_of_sound_notes_is_status_0(atlas: Atlas) -> None:
    done = atlas("notes", "check", "--json")
    assert (done.status, done.json["problems"]) == (0, [])


def test_model_list_names_the_catalogue_and_what_is_here(run: Atlas, tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / SMALL.file).write_bytes(b"GGUF")
    listed = run("model", "list", "--json", "--home", tmp_path).json["models"]
    assert [model["id"] for model in listed] == [weights.id for weights in CATALOGUE]
    assert {model["id"]: model["installed"] for model in listed} == {DEFAULT.id: False, SMALL.id: True}
    assert f"{SMALL.id}  0.49 GB  Apache-2.0  installed" in run("model", "list", "--home", tmp_path).out


def test_model_path_prints_where_it_lies(run: Atlas, tmp_path: Path) -> None:
    file = tmp_path / "models" / SMALL.file
    file.parent.mkdir()
    file.write_bytes(b"GGUF")
    assert run("model", "path", SMALL.id, "--home", tmp_path).out == f"{file}\n"
    assert run("model", "path", SMALL.id, "--json", "--home", tmp_path).json == {"model": SMALL.id, "path": str(file)}
    assert run("model", "path", "--model", SMALL.id, "--home", tmp_path).out == f"{file}\n"


def test_doctor_says_what_is_well_and_what_is_not(run: Atlas, places: tuple[Path, Path]) -> None:
    home, notes = places
    with refusing_url() as url:
        there = ["--home", home, "--notes", notes, "--only-notes", "--base-url", url, "--model", "m"]
        done = run("doctor", "--json", *there, "--api-key", "sk-secret")
    findings = {finding["what"]: finding for finding in done.json["findings"]}
    assert (done.status, done.json["ok"]) == (0, False)
    assert findings["crewai"]["ok"]
    assert findings["notes"]["state"].startswith("4 notes")
    assert "atlas model pull" in findings["embedded model"]["remedy"]
    assert "Nothing answers" in findings["endpoint"]["remedy"]
    assert "sk-secret" not in done.out + done.err


def test_doctor_tells_what_an_endpoint_can_do(atlas: Atlas) -> None:
    with ScriptedModel() as model:
        answer_probe(model, tools=True, json_schema=True)
        done = atlas("doctor", "--base-url", model.base_url)
    assert f"✓ endpoint: scripted at {model.base_url}: tools, json_schema" in done.out


# --- whole processes ------------------------------------------------------------------------------------------------


PROGRAM = """
from hash_embedder import HashEmbedder
from ui import assembly, cli
assembly.embedder = lambda _: HashEmbedder(dimensions=4096)
cli.main()
"""


def process(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    keep = {name: value for name, value in os.environ.items() if not name.startswith(("OPENAI_", "ATLAS_"))}
    keep["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, env=keep, check=False)


def test_two_processes_share_one_home(tmp_path: Path) -> None:
    notes = write_notes(tmp_path / "notes").path
    there = ["--home", tmp_path / "home", "--notes", notes, "--only-notes", "--no-model", "--json"]
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda name: process("ask", QUESTION, "--session", name, *there), ["one", "two"]))
    assert [run.returncode for run in runs] == [0, 0], runs
    for run in runs:
        answer = json.loads(run.stdout)
        assert answer["answer"].startswith(f"{VERBATIM} [1]")


def test_reader_who_stops_reading_is_no_error(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for number in range(1000):
        (broken / f"{number}.md").write_bytes(b"\xff")
    check = f'"{sys.executable}" -c "from ui.cli import main; main()" notes check --home "{tmp_path}"'
    command = f'{check} --notes "{broken}" --only-notes | head -n 1'
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("error: ")
    assert done.stderr == ""


@pytest.mark.model
def test_check_asks_the_small_model(atlas: Atlas, monkeypatch: pytest.MonkeyPatch) -> None:
    pull(SMALL, MODELS)
    monkeypatch.setenv("ATLAS_MODELS", str(MODELS))
    done = atlas("check", "The KV cache lies in fixed blocks with PagedAttention.", "--model", SMALL.id, "--json")
    assert (done.status, done.json["verdict"]) == (0, "supported")
    assert done.json["scores"]["model"] > 0.5
