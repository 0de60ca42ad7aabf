"""From a pasted log to the pitfall, its cause and its fix; or to nothing, said plainly."""

import time
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pytest
from conftest import Write
from quiz_material import material

from knowledge.evidence import Evidence
from knowledge.index import Index
from knowledge.retrieval import search as retrieve
from tools.fault.casebook import LOOKALIKES, Casebook
from tools.fault.fault import Diagnosis, diagnose, query_of
from tools.fault.normalise import folded, lines_of
from tools.fault.signature import LogText, Signature


@cache
def casebook() -> Casebook:
    return Casebook(material().library)


def nothing(_text: str, _k: int) -> Sequence[Evidence]:
    return ()


def found(log: str, language: str = "en") -> Diagnosis:
    return diagnose(log, casebook(), nothing, language)  # type: ignore[arg-type]


@pytest.mark.parametrize("pitfall", sorted(note.id for note in material().notes if note.pitfall))
def test_each_signature_of_each_pitfall_is_recognized_in_noise(pitfall: str):
    for signature in casebook().cases[pitfall].signatures:
        stated = signature.text.replace("<*>", "/opt/x7 3.14")
        log = f"INFO torch 2.6 cuda vllm\nTraceback (most recent call last):\n[rank1]: RuntimeError: ... {stated} ...\nshutting down"
        assert pitfall in [match.pitfall for match in found(log).matches], signature.text


def test_a_signature_broken_over_lines_in_capitals_and_other_quotes_is_recognized():
    log = "torch\nERROR: NO AVAILABLE  MEMORY\n   for the “cache\nblocks.".replace("“", "")
    assert found(log).matches[0].pitfall == "no-memory-for-kv-cache-blocks"
    json_quotes = '{"error": {"code": "context_length_exceeded"}}'
    assert found(json_quotes).matches[0].pitfall == "context-length-exceeded"


def test_a_match_tells_cause_and_fix_with_commands_and_cites_both_exactly():
    match = found("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB").matches[0]
    assert (match.pitfall, match.by, match.signature) == (
        "cuda-out-of-memory",
        "signature",
        "torch.OutOfMemoryError: CUDA out of memory",
    )
    assert "```" in match.fix
    assert match.cause
    assert match.source.startswith("https://")
    for citation in match.citations:
        text = Path(citation.path).read_text(encoding="utf-8")
        assert text[citation.start : citation.end] == citation.quote
    assert [
        citation.quote in part for citation, part in zip(match.citations, (match.cause, match.fix), strict=True)
    ] == [True, True]
    assert [line.number for line in match.lines] == [1]


def test_a_chinese_reader_gets_the_chinese_section_where_there_is_one():
    log = "CUDA out of memory. Tried to allocate 2 GiB"
    assert found(log, "zh").matches[0].citations[1].heading == "解决方法"
    assert found(log, "zh").matches[0].title == material().graph.notes["cuda-out-of-memory"].title["zh"]
    assert found("[Errno 98] Address already in use vllm", "zh").matches[0].citations[1].heading == "How to fix it"


@pytest.mark.parametrize(
    ("log", "order"),
    [
        pytest.param(
            "RuntimeError: Error(s) in loading state_dict for LlamaForCausalLM:\n size mismatch for a.weight: "
            "copying a param with shape torch.Size([0]) from checkpoint, the shape in current model is torch.Size([4]).",
            ["zero3-empty-weights", "size-mismatch-loading"], id="special-before-general",
        ),
        pytest.param(
            "NCCL WARN Error while creating shared memory segment /dev/shm/nccl-x (size 9)\n"
            "RuntimeError: NCCL error: unhandled system error (run with NCCL_DEBUG=INFO for details)",
            ["shared-memory-too-small", "nccl-error-in-serving"], id="cause-before-effect",
        ),
        pytest.param(
            "RuntimeError: DataLoader worker (pid 7) is killed by signal: Bus error. It is possible that dataloader's workers are out of shared memory.",
            ["shared-memory-too-small", "dataloader-worker-killed"], id="longer-before-shorter",
        ),
        pytest.param(
            "HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded with url: /x (Caused by "
            "NewConnectionError('Failed to establish a new connection: [Errno 111] Connection refused'))",
            ["hub-unreachable", "api-connection-refused"], id="named-before-general",
        ),
        pytest.param(
            "OSError: [Errno 28] No space left on device: torch checkpoint",
            ["disk-full"], id="corroborated",
        ),
    ],
)  # fmt: skip
def test_of_several_pitfalls_the_most_telling_goes_first(log: str, order: list[str]):
    assert [match.pitfall for match in found(log).matches] == order


@pytest.mark.parametrize(
    ("log", "near"),
    [
        pytest.param("Error: connect ECONNREFUSED 127.0.0.1:5432 (postgres)", "api-connection-refused", id="database"),
        pytest.param("npm ERR! nospc ENOSPC: no space left on device, write", "disk-full", id="npm"),
        pytest.param("[Errno 98] Address already in use (apache)", "address-already-in-use", id="web-server"),
        pytest.param("HTTP 429: Error code: 429 from the billing service", "rate-limit-exceeded", id="web-service"),
    ],
)
def test_what_any_program_prints_needs_something_of_the_field_beside_it(log: str, near: str):
    diagnosis = found(log)
    assert (diagnosis.abstained, diagnosis.matches) == (True, ())
    assert near in [match.pitfall for match in diagnosis.nearest]
    assert not found(f"{log}\nwhile loading the tokenizer of Qwen with transformers").abstained


@pytest.mark.parametrize("log", ["", "   \n", "\x1b[0m", "hello", "GET /health 200 OK", "今天天气不错"], ids=repr)
def test_nothing_to_find_is_said_plainly(log: str):
    diagnosis = found(log)
    assert (diagnosis.abstained, diagnosis.matches, diagnosis.nearest) == (True, (), ())


def test_another_wording_of_an_error_text_is_recognized_with_less_confidence():
    log = "OSError: We couldn't connect to 'https://hf-mirror.com' to load this file, couldn't find these in the cached files of transformers"
    match = found(log).matches[0]
    assert (match.pitfall, match.by) == ("hub-unreachable", "signature")
    assert match.score < found("couldn't find them in the cached files").matches[0].score


def test_another_wording_does_not_stretch_to_other_names():
    signature = Signature("x", "HTTPSConnectionPool(host='huggingface.co', port=443): Max retries exceeded")
    lines = lines_of("HTTPSConnectionPool(host='api.example.com', port=443): Max retries exceeded")
    assert LogText(lines).find_nearly(signature, lines, frozenset({"max", "retries", "exceeded"})) is None


def test_a_signature_of_many_gaps_takes_no_longer_than_others():
    signature = Signature("x", "frob <*> " + "a <*> " * 60 + "zz")
    log = LogText(lines_of("frob zz " + "a " * 20_000))
    began = time.perf_counter()
    assert log.find(signature) is None
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("log", "lines"),
    [
        pytest.param("frob a\nx\nfrob b\ny failed\nfrob c", [3, 4], id="the nearest beginning"),
        pytest.param("frob a failed\nfrob b failed", [2], id="the last"),
        pytest.param("failed\nfrob a", None, id="the wrong order"),
        pytest.param("frob" + " x" * 150 + " failed", None, id="too far apart"),
    ],
)
def test_a_gap_is_as_small_as_can_be(log: str, lines: list[int] | None):
    hit = LogText(lines_of(log)).find(Signature("x", "frob <*> failed"))
    assert (hit and [line.number for line in hit.lines]) == lines


def test_secrets_never_leave_a_diagnosis():
    key = "sk-abcdefghijklmnopqrstuvwxyz012345"
    asked: list[str] = []

    def search(text: str, _k: int) -> Sequence[Evidence]:
        asked.append(text)
        return ()

    diagnosis = diagnose(f"openai error: tokenizer failed for {key}", casebook(), search)
    assert key not in f"{diagnosis}{asked}"
    assert diagnosis.masked == {"openai-key": 1}
    shown = found(f"{key} torch.OutOfMemoryError: CUDA out of memory").matches[0]
    assert key not in "".join(line.pasted + line.text for line in shown.lines)


def evidence(note: str, score: float, heading: str = "") -> Evidence:
    text = " ".join(s.text for s in material().sentences(note, "en") if folded(s.heading) not in LOOKALIKES)
    return Evidence(note, note, heading, text, 0, len(text), "en", score, "", "")


MEANT = (
    "peft raised: none of the LoRA target modules [query_key_value] exist in LlamaForCausalLM; "
    "linear layers: q_proj, k_proj, v_proj"
)


@pytest.mark.parametrize(
    ("log", "ranking", "abstained"),
    [
        pytest.param(MEANT, [("lora-target-modules-not-found", 1.5, "")], False, id="meant"),
        pytest.param(MEANT, [("lora-target-modules-not-found", 0.9, "")], True, id="too-far"),
        pytest.param(MEANT, [("lora-target-modules-not-found", 1.5, ""), ("disk-full", 1.45, "")], True, id="not-ahead"),
        pytest.param(MEANT, [("lora-target-modules-not-found", 1.5, ""), ("lora", 1.9, "")], False, id="no-pitfall-ahead"),
        pytest.param(
            MEANT,
            [("lora-target-modules-not-found", 1.5, ""), ("lora-target-modules-not-found", 1.6, "Looks like it but is not")],
            True, id="only-looks-like-it",
        ),
        pytest.param("torch failed with IndexError", [("token-index-out-of-range", 2.2, "")], True, id="too-few-words"),
    ],
)  # fmt: skip
def test_without_an_error_text_a_log_has_to_mean_the_pitfall(
    log: str, ranking: list[tuple[str, float, str]], abstained: bool
):
    diagnosis = diagnose(log, casebook(), lambda _text, _k: [evidence(*place) for place in ranking])
    assert diagnosis.abstained == abstained
    shown = diagnosis.nearest if abstained else diagnosis.matches
    assert shown[0].pitfall == ranking[0][0]
    assert abstained or (shown[0].by == "meaning" and shown[0].score <= 0.8)


def test_the_query_is_the_last_error_without_what_varies():
    log = "INFO fine\nKeyError: 'x'\nDuring handling of the above\ntorch.cuda.OutOfMemoryError: GPU 3 lacks 2.5 GiB in /a/b/c.py for backward"
    assert query_of(lines_of(log)) == "torch.cuda.OutOfMemoryError: GPU N lacks N GiB in PATH for backward"


def test_a_pitfall_of_ones_own_is_found_by_its_signature_alone(write: Write, index: Index):
    write(
        "vpn.md",
        '---\nkind: pitfall\ntitle: {en: The tunnel is down}\npitfall: {signatures: ["Connection refused <*> tunnel"]}\n---\n'
        "## Why it happens\n\nThe tunnel sleeps.\n\n## How to fix it\n\nWake it.\n\n```bash\nwake\n```\n",
    )
    index.update()
    diagnosis = diagnose(
        "Connection refused by the tunnel", Casebook(index.library), lambda t, k: retrieve(index, t, k)
    )
    assert [match.pitfall for match in diagnosis.matches] == ["vpn"]
    assert (diagnosis.matches[0].cause, diagnosis.matches[0].fix) == (
        "The tunnel sleeps.",
        "Wake it.\n\n```bash\nwake\n```",
    )


def test_a_note_whose_file_is_gone_still_gives_its_summary(write: Write, index: Index):
    path = write(
        "gone.md",
        '---\nkind: pitfall\ntitle: {en: Gone}\nsummary: {en: Look again.}\npitfall: {signatures: ["frobnicator exploded"]}\n---\n'
        "## How to fix it\n\nMend it.\n",
    )
    index.update()
    book = Casebook(index.library)
    path.unlink()
    match = diagnose("frobnicator exploded", book, nothing).matches[0]
    assert (match.fix, match.citations) == ("Look again.", ())
