"""A pitfall of one's own: checked against the known ones, tidied, drafted as a note, read again."""

from dataclasses import replace
from datetime import date
from functools import cache

import pytest
from quiz_material import material

from knowledge import frontmatter
from knowledge.errors import UserMistake
from tools.fault.casebook import Casebook, data
from tools.fault.normalise import lines_of
from tools.fault.own_pitfall import Draft, OwnPitfall, drafted, parsed, signature_of

TODAY = date(2026, 11, 22)
MINE = OwnPitfall(
    title="The frobnicator refuses",
    signatures=("FrobnicationError: the frobnicator at <*> refused",),
    cause="The frobnicator sleeps after an hour. It has no alarm.",
    fix="Wake it:\n\n```bash\nfrob wake\n```",
    check="`frob state` says awake.",
    source="https://example.org/frob",
    related=("vllm",),
)
KEY = "hf_abcdefghijklmnopqrstuvwxyz0123"


@cache
def casebook() -> Casebook:
    return Casebook(material().library)


def draft(pitfall: OwnPitfall = MINE) -> Draft:
    return drafted(pitfall, material().library, casebook(), TODAY)


def values(text: str) -> frontmatter.Values:
    read = frontmatter.read(text, own=False)
    assert isinstance(read, frontmatter.Head), read
    return read.values


def test_it_becomes_a_note_in_the_format() -> None:
    made = draft()
    head = values(made.text)
    assert (made.id, head.id, head.kind, head.checked) == ("the-frobnicator-refuses",) * 2 + ("pitfall", TODAY)
    assert head.pitfall is not None
    assert head.pitfall.signatures == MINE.signatures
    assert [(relation.type, relation.target) for relation in head.relations] == [("occurs_in", "vllm")]
    assert "## What you see\n\n```text\nFrobnicationError: the frobnicator at <*> refused\n```" in made.text
    assert "## How to fix it\n\nWake it:" in made.text
    assert head.summary is not None
    assert "The frobnicator sleeps after an hour." in made.text.split("## ")[0]


@pytest.mark.parametrize(
    "pitfall",
    [
        pytest.param(MINE, id="whole"),
        pytest.param(replace(MINE, check="", source="", related=()), id="only what is needed"),
        pytest.param(
            replace(MINE, title="隧道断开时连不上服务", language="zh", cause="隧道会休眠。", fix="重启隧道。"),
            id="chinese",
        ),
        pytest.param(
            replace(MINE, signatures=("Frobnication <*> failed badly", "frob: 'x' \"y\" {z}")), id="signatures"
        ),
    ],
)
def test_what_was_written_can_be_read_again(pitfall: OwnPitfall) -> None:
    assert parsed(draft(pitfall).text) == pitfall


def test_a_chinese_title_still_gets_an_id_and_chinese_headings() -> None:
    made = draft(replace(MINE, title="隧道断开了", language="zh"))
    assert made.id == "frobnicationerror-the-frobnicator-at-refused"
    assert "## 解决方法" in made.text
    assert (
        draft(replace(MINE, title="隧道断开了", signatures=("隧道服务已经断开连接请重试一次",), language="zh")).id
        == "pitfall"
    )


def test_an_id_that_is_taken_gets_a_number() -> None:
    assert draft(replace(MINE, title="vLLM!")).id == "vllm-2"


def test_a_signature_is_kept_as_logs_are_read() -> None:
    pasted = "\x1b[31m2026-11-22 10:00:00 ERROR [rank0]: FrobnicationError:   the frobnicator\nrefused\x1b[0m"
    head = values(draft(replace(MINE, signatures=(pasted, "  ", pasted))).text)
    assert head.pitfall is not None
    assert head.pitfall.signatures == ("FrobnicationError: the frobnicator refused",)


def test_a_secret_varies_in_a_signature_and_is_masked_elsewhere() -> None:
    made = draft(
        replace(
            MINE,
            title=f"Refused with {KEY}",
            signatures=(f"FrobnicationError: key {KEY} was refused here",),
            cause=f"password=hunter2 and {KEY}",
            fix=f"```\nexport HF_TOKEN={KEY}\n```",
            check="Bearer abcdef0123456789",
        )
    )
    assert KEY not in made.text
    assert "hunter2" not in made.text
    assert "abcdef0123456789" not in made.text
    assert "key <*> was refused here" in made.text
    assert (made.masked["huggingface-token"], made.masked["password"]) == (4, 1)
    assert KEY not in made.id
    assert KEY not in made.title


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        pytest.param({"title": " \u200b"}, "title is empty", id="no title"),
        pytest.param({"signatures": (" ",)}, "signature is empty", id="no signature"),
        pytest.param({"cause": ""}, "cause is empty", id="no cause"),
        pytest.param({"fix": "\n"}, "fix is empty", id="no fix"),
        pytest.param({"title": "x" * 121}, "121 characters", id="long title"),
        pytest.param({"fix": "x" * 20_001}, "20,001 characters", id="long fix"),
        pytest.param({"title": "???????"}, "too short", id="title without letters"),
        pytest.param({"title": "cuda OUT of memory"}, "CUDA out of memory", id="title taken"),
        pytest.param({"signatures": ("frob <*> x",)}, "at least 10 characters", id="short signature"),
        pytest.param({"signatures": ("0123456789 42 77",)}, "no words", id="numbers"),
        pytest.param({"signatures": ("connection refused",)}, "too general", id="general words"),
        pytest.param({"signatures": ("CUDA out of memory",)}, "cuda-out-of-memory", id="stands in a known one"),
        pytest.param({"signatures": ("torch.cuda.OutOfMemoryError",)}, "cuda-out-of-memory", id="known letter by letter"),
        pytest.param({"signatures": ("GPU 0 has a total capacity of",)}, "cuda-out-of-memory", id="stands in an example"),
        pytest.param({"signatures": ("Traceback (most recent call last)",)}, "many failures", id="in every log"),
        pytest.param({"signatures": tuple(f"frobnication failure {'x' * n}" for n in range(21))}, "21 signatures", id="many"),
        pytest.param({"source": "see the wiki"}, "no address", id="source"),
        pytest.param({"source": "https://me:hunter2@host/x"}, "secret", id="secret in the source"),
        pytest.param({"related": ("vlllm",)}, "'vlllm'", id="related"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_with_a_remedy(changes: dict[str, object], named: str) -> None:
    with pytest.raises(UserMistake) as raised:
        draft(replace(MINE, **changes))  # type: ignore[arg-type]
    assert named in raised.value.message
    assert raised.value.remedy
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("line", data()["boilerplate"], ids=lambda line: line[:40])
def test_no_line_that_stands_in_every_log_can_be_a_signature(line: str) -> None:
    with pytest.raises(UserMistake):
        draft(replace(MINE, signatures=(line,)))


def test_every_error_text_of_the_notes_is_known_already() -> None:
    signatures = [signature.text for case in casebook().cases.values() for signature in case.signatures]
    assert len(signatures) > 100
    for signature in signatures[::7]:
        with pytest.raises(UserMistake):
            draft(replace(MINE, signatures=(signature,)))


def test_a_special_case_of_a_known_error_is_taken_and_says_beside_what_it_stands() -> None:
    made = draft(replace(MINE, signatures=("CUDA out of memory. Tried to allocate <*> in frobnicator.cu",)))
    assert made.beside == ("CUDA out of memory",)


@pytest.mark.parametrize(
    ("log", "signature"),
    [
        pytest.param(
            "FrobnicationError: host 10.0.0.3:8080 refused /opt/m/a.bin after 77 s", "FrobnicationError: host <*> refused <*> after <*> s",
            id="values",
        ),
        pytest.param("[rank3]: ValueError: no 0x7ffdeadbeef 12 here", "ValueError: no <*> here", id="gaps are joined"),
        pytest.param("OSError: key ‹masked:openai-key› is bad", "OSError: key <*> is bad", id="masked"),
        pytest.param("ValueError: plain words", "ValueError: plain words", id="nothing varies"),
    ],
)  # fmt: skip
def test_an_error_line_gives_a_signature_without_what_varies(log: str, signature: str) -> None:
    (line,) = lines_of(log)
    assert signature_of(line) == signature


@pytest.mark.parametrize("text", ["", "just text", "---\ntitle: X\n---\nbody", "---\nkind: [\n---\n"], ids=repr)
def test_what_is_no_note_of_a_pitfall_is_refused(text: str) -> None:
    with pytest.raises(UserMistake):
        parsed(text)
