import json
from collections.abc import Generator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from learner_stores import KINDS, NOON, attempt, opened, place

from knowledge.errors import UserMistake
from learner.attempt import Amendment, Attempt
from learner.json_stream import MOST_CHARACTERS
from learner.store import AttemptStore
from learner.transfer import Refused, export, load

NOW = NOON + timedelta(days=100)
TWO = '{"concept": "lora", "correct": true, "at": "2026-03-01T10:00:00Z"}\n{"concept": "vllm", "correct": false, "at": 1772359200}\n'


@pytest.fixture
def store(tmp_path: Path) -> Generator[AttemptStore]:
    with opened(tmp_path) as found:
        yield found


@pytest.fixture(params=KINDS)
def both(request: pytest.FixtureRequest, tmp_path: Path) -> Generator[AttemptStore]:
    with opened(place(request.param, tmp_path)) as found:
        yield found


def taken(store: AttemptStore, text: str, learner: str = "anna", **options: Any) -> list[tuple[str, bool, datetime]]:
    load(store, learner, [text], NOW, **options)
    return [(one.concept, one.correct, one.at) for one in store.attempts(learner)]


def test_an_export_is_a_header_and_an_attempt_a_line(store: AttemptStore) -> None:
    store.add(attempt("1", response="你好\n“x”"))
    store.amend("1", "anna", correct=False)
    header, line = export(store, "anna", NOW)
    assert json.loads(header) == {
        "format": "llm-atlas attempts", "version": 1, "learner": "anna", "exported": "2026-06-09T12:00:00+00:00",
    }  # fmt: skip
    record = json.loads(line)
    assert (record["id"], record["concept"], record["correct"]) == ("1", "kv-cache", True)
    assert (record["at"], record["response"]) == ("2026-03-01T12:00:00+00:00", "你好\n“x”")
    assert record["amendments"] == [{"correct": False, "grader": "learner", "at": "2026-03-01T12:00:00+00:00"}]
    assert "你好" in line and line.endswith("}\n")


def test_there_is_no_export_of_nobody(store: AttemptStore) -> None:
    with pytest.raises(UserMistake, match="no attempts of 'nobody'"):
        list(export(store, "nobody", NOW))


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
entries = st.lists(
    st.tuples(
        st.builds(
            Attempt,
            id=st.uuids().map(str),
            learner=st.just("anna"),
            concept=st.sampled_from(["kv-cache", "分页注意力", "gone"]),
            correct=st.booleans(),
            at=st.datetimes(datetime(1970, 1, 2), datetime(2026, 6, 9), timezones=st.just(UTC)),  # noqa: DTZ001
            item_id=texts,
            fact=texts,
            level=st.integers(1, 3),
            response=texts,
            score=st.floats(0, 1),
            hints=st.integers(0, 9),
            seconds=st.none() | st.floats(0, 1e6),
            grader=st.sampled_from(["code", "model", "learner"]),
            item=texts,
        ),
        st.lists(
            st.builds(
                Amendment,
                correct=st.booleans(),
                grader=st.sampled_from(["code", "model", "learner"]),
                at=st.datetimes(datetime(1970, 1, 2), datetime(2026, 6, 9), timezones=st.just(UTC)),  # noqa: DTZ001
            ),
            max_size=2,
            unique_by=lambda amendment: amendment.at,
        ).map(lambda amendments: tuple(sorted(amendments, key=lambda amendment: amendment.at))),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=40, deadline=None)
@given(entries, st.integers(1, 200))
def test_an_export_read_elsewhere_loses_nothing_and_read_again_adds_nothing(
    tmp_path_factory: pytest.TempPathFactory, given_entries: list[tuple[Attempt, tuple[Amendment, ...]]], size: int
) -> None:
    folder = tmp_path_factory.mktemp("transfer")
    with opened(folder / "here") as here, opened(folder / "there") as there:
        with here.adding("anna") as add:
            add(given_entries)
        text = "".join(export(here, "anna", NOW))
        pieces = [text[n : n + size] for n in range(0, len(text), size)]
        assert load(there, "anna", pieces, NOW).added == len(given_entries)
        assert list(there.history("anna")) == given_entries
        assert there.attempts("anna") == here.attempts("anna")
        mark = there.mark("anna")
        again = load(there, "anna", pieces, NOW)
        assert (again.added, again.known, again.refused) == (0, len(given_entries), [])
        assert there.mark("anna") == mark
        assert "".join(export(there, "anna", NOW)) == text


def test_what_was_exported_comes_back_in_either_database(both: AttemptStore) -> None:
    for n in range(1200):  # more than are read or written at once
        both.add(attempt(f"{n}", hours=n, response=f"“{n}”")) if n < 3 else None
    with both.adding("anna") as add:
        add([(attempt(str(n), hours=n, score=1 / (n + 1)), ()) for n in range(3, 1200)])
    both.amend("7", "anna", correct=False)
    text = list(export(both, "anna", NOW))
    before = both.attempts("anna")
    both.delete("anna")
    report = load(both, "anna", text, NOW, concepts={"lora"})
    assert (report.added, report.unknown) == (1200, {"kv-cache": 1200})
    assert both.attempts("anna") == before


def test_an_export_may_be_read_as_another_learners(store: AttemptStore) -> None:
    store.add(attempt("1"))
    text = list(export(store, "anna", NOW))
    load(store, "ben", text, NOW)
    assert store.attempts("ben") == [attempt("1", "ben")]
    assert store.attempts("anna") == [attempt("1")]


def test_a_verdict_changed_since_the_export_is_added_to_the_known_attempt(tmp_path: Path) -> None:
    with opened(tmp_path / "here") as here, opened(tmp_path / "there") as there:
        here.add(attempt("1"))
        load(there, "anna", export(here, "anna", NOW), NOW)
        here.amend("1", "anna", correct=False)
        report = load(there, "anna", export(here, "anna", NOW), NOW)
        assert (report.added, report.known) == (0, 1)
        assert there.attempts("anna") == here.attempts("anna")


TEN = datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ('"2026-03-01T10:00:00Z"', TEN),
        ('"2026-03-01T18:00:00+08:00"', TEN),
        ('"2026-03-01 10:00"', TEN),
        ('"2026-03-01"', TEN - timedelta(hours=10)),
        ("1772359200", TEN),
        ("1772359200.5", TEN + timedelta(seconds=0.5)),
        ("1772359200500", TEN + timedelta(seconds=0.5)),
        ("null", NOW),
    ],
)
def test_a_time_may_be_written(at: str, expected: datetime, store: AttemptStore) -> None:
    assert taken(store, f'{{"concept": "lora", "correct": true, "at": {at}}}') == [("lora", True, expected)]


@pytest.mark.parametrize(
    "text",
    [
        TWO,
        TWO.strip(),
        TWO.replace("\n", "\r\n\r\n"),
        "\ufeff" + TWO,
        "\n\n" + TWO,
        "[" + TWO.strip().replace("\n", ",") + "]",
        " [\n" + TWO.strip().replace("\n", "\n,\n") + "\n]\n",
        json.dumps([json.loads(line) for line in TWO.splitlines()], indent=4),
        TWO.replace("true", "1").replace("false", "0"),
        TWO.replace("}", ', "seconds": null, "unheard": [{"of": 1}], "learner": "someone"}'),
    ],
    ids=["lines", "no end", "blank lines", "mark", "late", "array", "spread", "indented", "numbers", "more fields"],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_foreign_records_may_come_as(text: str, size: int, store: AttemptStore) -> None:
    pieces = [text[n : n + size] for n in range(0, len(text), size)]
    report = load(store, "anna", pieces, NOW)
    assert (report.added, report.refused) == (2, [])
    assert [(one.concept, one.correct, one.score) for one in store.attempts("anna")] == [
        ("lora", True, 1),
        ("vllm", False, 0),
    ]
    again = load(store, "anna", [text], NOW + timedelta(days=1))
    assert (again.added, again.known) == (0, 2)


def test_alike_records_of_one_file_are_as_many_attempts_and_stay_so(store: AttemptStore) -> None:
    text = '{"concept": "lora", "correct": true}\n' * 3
    assert load(store, "anna", [text], NOW).added == 3
    assert load(store, "anna", [text + text], NOW).known == 3


def test_numbers_may_stand_for_ids(store: AttemptStore) -> None:
    load(store, "anna", ['{"id": 0, "concept": "lora", "correct": true}'], NOW)
    assert store.attempts("anna")[0].id == "0"


BAD = [
    ('{"correct": true}', "there is no 'concept'"),
    ('{"concept": "a"}', "there is no 'correct'"),
    ('{"concept": null, "correct": true}', "there is no 'concept'"),
    ('{"concept": 5, "correct": true}', "'concept' is 5, not a text"),
    ('{"concept": "a", "correct": "yes"}', "'correct' is 'yes', not true or false"),
    ('{"concept": "a", "correct": true, "score": 2}', "'score' is 2, not a number from 0 to 1"),
    ('{"concept": "a", "correct": true, "score": 1e999}', "'score' is inf"),
    ('{"concept": "a", "correct": true, "score": NaN}', "NaN is no JSON value"),
    ('{"concept": "a", "correct": true, "seconds": -Infinity}', "-Infinity is no JSON value"),
    ('{"concept": "a", "correct": true, "hints": 1.5}', "'hints' is 1.5, not a whole number"),
    ('{"concept": "a", "correct": true, "level": 99999999999999999999}', "'level' is 99999999999999999999"),
    ('{"concept": "a", "correct": true, "at": "yesterday"}', "'at' is 'yesterday', not a time in ISO 8601"),
    ('{"concept": "a", "correct": true, "at": "2031-01-01"}', "not between 1970 and now"),
    ('{"concept": "a", "correct": true, "at": "0001-01-01T00:00:00+23:00"}', "not between 1970 and now"),
    ('{"concept": "a", "correct": true, "at": "9999-12-31T23:59:59-23:00"}', "not between 1970 and now"),
    ('{"concept": "a", "correct": true, "at": -5}', "'at' is -5, not a time"),
    ('{"concept": "a", "correct": true, "at": 1e300}', "'at' is 1e+300, not a time"),
    ('{"concept": "a", "correct": true, "at": true}', "'at' is True, not a time"),
    ('{"concept": "a", "correct": true, "at": [1]}', "'at' is [1], not a time"),
    ('{"concept": "a", "correct": true, "response": "\\u0000"}', "'response' holds a character that is no text"),
    ('{"concept": "a", "correct": true, "response": "\\ud800"}', "'response' holds a character that is no text"),
    ('{"concept": "a", "correct": true, "grader": "luck"}', "'grader' is 'luck', not one of code, model, learner"),
    ('{"concept": "a", "correct": true, "amendments": 1}', "'amendments' is 1, not a list"),
    ('{"concept": "a", "correct": true, "amendments": [{"correct": 1}]}', "is not an amendment"),
    ('{"id": [1], "concept": "a", "correct": true}', "'id' is [1], not a text"),
    ("[1, 2]", "[1, 2] is not a JSON object"),
    ('"text"', "'text' is not a JSON object"),
    ("{'concept': 'a'}", "it is not JSON: Expecting property name enclosed in double quotes"),
    ('{"concept": "a", "correct": tru', "it is not JSON: Expecting value"),
    ("[" * 100_000, "it is not JSON"),
    ('{"concept": "a", "correct": ' + "9" * 5000 + "}", "it is not JSON"),
    ("\0", "it is not JSON"),
]


@pytest.mark.parametrize(("bad", "reason"), BAD, ids=[bad[:60] for bad, _ in BAD])
def test_a_bad_record_is_refused_by_line_and_the_others_are_taken(bad: str, reason: str, store: AttemptStore) -> None:
    report = load(store, "anna", ["\n" + TWO + bad + "\n"], NOW)
    assert report.added == len(store.attempts("anna")) == 2
    assert [one.line for one in report.refused] == [4]
    assert reason in report.refused[0].reason
    assert len(report.refused[0].reason) < 200


@pytest.mark.parametrize(("bad", "reason"), BAD, ids=[bad[:60] for bad, _ in BAD])
def test_a_file_of_nothing_but_bad_records_is_refused_as_a_whole(bad: str, reason: str, store: AttemptStore) -> None:
    with pytest.raises(UserMistake, match="nothing was stored") as raised:
        load(store, "anna", ["\n", bad], NOW)
    assert "line 2" in raised.value.message
    assert store.learners() == []


def endless() -> Iterator[str]:
    yield '{"concept": "a", "correct": true, "response": "'
    for _ in range(10 * MOST_CHARACTERS // 10_000):
        yield "x" * 10_000
    pytest.fail("it was read to its end")


def undecodable() -> Iterator[str]:
    yield TWO
    raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (endless(), "the record in line 1 has more than 4,000,000 characters"),
        ([TWO, "[", *("x" * 100_000 for _ in range(50))], "the record in line 3 has more than"),
        (["[" + TWO.replace("\n", ","), '{"concept": ', '"' + "x" * MOST_CHARACTERS], "has more than 4,000,000"),
        (["[" + TWO.replace("\n", ",\n"), '{"concept": nothing, "correct": true}, '], "line 3: Expecting value"),
        (["[" + TWO.replace("\n", ",\n")], "line 3: the array has no end"),
        (["[" + TWO.strip().replace("\n", ",\n") + "]\n{}"], "line 3: something follows the end"),
        (['[{"concept": "a", "correct": true, "score": NaN}]'], "line 1: NaN is no JSON value"),
        (["[" * 100_000], "line 1: "),
        (["[]"], "the file holds no attempts"),
        ([], "the file holds no attempts"),
        (undecodable(), "not UTF-8 text"),
        (['{"format": "llm-atlas attempts", "version": 2}\n' + TWO], "of version 2; this program reads 1"),
        (['{"format": "other", "version": 1}\n' + TWO], "format is 'other'"),
        ([TWO.replace("}", ', "learner": "x"}', 1) + TWO.replace("}", ', "learner": "y"}', 1)], "several learners: 'x', 'y'"),
    ],
    ids=[
        "an endless line", "an endless last line", "an endless element", "a broken array", "half an array", "two arrays",
        "NaN in an array", "a deep array", "an empty array", "an empty file", "no text", "a later version",
        "another format", "several learners",
    ],
)  # fmt: skip
def test_a_file_that_is_no_such_file_leaves_nothing_behind(text: Any, message: str, store: AttemptStore) -> None:
    with pytest.raises(UserMistake) as raised:
        load(store, "anna", text, NOW)
    assert message in raised.value.message
    assert raised.value.remedy
    assert store.learners() == []


def test_a_failure_after_many_records_leaves_nothing_behind(store: AttemptStore) -> None:
    store.add(attempt("mine"))
    records = (f'{{"concept": "a", "correct": true, "id": "{n}"}}\n' for n in range(3000))
    with pytest.raises(UserMistake):
        load(store, "anna", [*records, '{"concept": "a", "correct": true, "response": "' + "x" * MOST_CHARACTERS], NOW)
    assert store.attempts("anna") == [attempt("mine")]


def test_only_the_named_learners_records_are_taken(store: AttemptStore) -> None:
    text = TWO.replace("}", ', "learner": "x"}', 1).replace('false, "at"', 'false, "learner": "y", "at"')
    assert [concept for concept, *_ in taken(store, text, of="y")] == ["vllm"]
    with pytest.raises(UserMistake, match="no attempts of 'z'"):
        load(store, "anna", [text], NOW, of="z")


def test_another_attempt_under_a_known_id_is_refused_and_does_not_replace_it(store: AttemptStore) -> None:
    store.add(attempt("1"))
    lines = [
        '{"id": "1", "concept": "kv-cache", "correct": true}',
        '{"id": "1", "concept": "kv-cache", "correct": false}',
    ]
    report = load(store, "anna", ["\n".join(lines)], NOW)
    assert (report.added, report.known) == (0, 1)
    assert report.refused == [Refused(2, "another attempt is stored under the id '1'")]
    assert store.attempts("anna") == [attempt("1")]


def test_concepts_without_a_note_are_kept_and_reported(store: AttemptStore) -> None:
    report = load(store, "anna", [TWO + TWO.replace("lora", "mystery")], NOW, concepts={"lora", "vllm"})
    assert report.unknown == {"mystery": 1}
    assert "mystery" in [one.concept for one in store.attempts("anna")]


def test_a_file_whose_line_has_no_end_is_not_read_to_its_end(store: AttemptStore, tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    file.write_text(TWO + '{"concept": "' + "x" * 5 * MOST_CHARACTERS)
    with file.open(encoding="utf-8") as text:
        with pytest.raises(UserMistake, match="line 3 has more than"):
            load(store, "anna", text, NOW)
        assert text.buffer.tell() < 2 * MOST_CHARACTERS
    file.write_text(TWO, encoding="utf-8-sig")
    with file.open(encoding="utf-8") as text:
        assert load(store, "anna", text, NOW).added == 2


def test_a_report_stays_short_however_many_are_refused(store: AttemptStore) -> None:
    report = load(store, "anna", [TWO + "{}\n" * 5000], NOW)
    assert (report.added, report.refused_count, len(report.refused)) == (2, 5000, 100)


def test_a_long_file_is_stored_batch_by_batch_but_seen_only_whole(tmp_path: Path) -> None:
    seen: list[int] = []

    def pieces() -> Iterator[str]:
        for n in range(4000):
            if n % 1000 == 0:
                with opened(tmp_path) as other:
                    seen.append(len(other.attempts("anna")))
            yield f'{{"concept": "a", "correct": true, "id": "{n}", "item": "{"x" * 100}"}}\n'

    with opened(tmp_path) as store:
        store.add(attempt("mine"))
        assert load(store, "anna", pieces(), NOW).added == 4000
        assert len(store.attempts("anna")) == 4001
    assert seen == [1, 1, 1, 1]
