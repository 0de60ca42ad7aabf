"""A learner's attempts as a file: JSON lines that lose nothing, and lenient reading of what other programs wrote.

An export is a header line `{"format": "llm-atlas attempts", "version": 1, ...}`, then an attempt a line: the fields of
`Attempt` as it was first graded, with `at` in ISO 8601 and its later verdicts under `amendments`.

An import takes that, or JSON lines or one JSON array of objects that have at least `concept` and `correct`. `at` may be
ISO 8601 (UTC where it names no zone) or seconds since 1970, or milliseconds above 1e11; a record without it happened
now. A record without `id` gets one from its content, so that the same file can be read twice.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime, timedelta
from io import TextIOBase
from typing import Any, Final, cast, get_args

from knowledge.errors import UserMistake
from learner.attempt import Amendment, Attempt, Grader
from learner.check import flaw_of, name, shown
from learner.json_stream import JsonRecord, read
from learner.store import AttemptStore, Entry, Fate

FORMAT: Final = "llm-atlas attempts"
VERSION: Final = 1
MOST_RECORDS: Final = 1_000_000
_BATCH: Final = 500
_REASONS: Final = 100  # refused records that a report tells of one by one
_MILLISECONDS: Final = 1e11  # seconds: the year 5138
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD: Final = timedelta(days=1)  # what another machine's clock may be ahead
_DEFAULTS: Final = {f.name: f.default for f in fields(Attempt) if f.name not in {"id", "learner", "concept", "correct"}}


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that was not taken, and why."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class _Given:
    line: int
    entry: Entry


@dataclass
class Report:
    """What an import did; `unknown` counts the attempts on concepts there is no note of, which are kept."""

    added: int = 0
    known: int = 0
    refused_count: int = 0
    refused: list[Refused] = field(default_factory=list[Refused])  # the first hundred
    unknown: Counter[str] = field(default_factory=Counter[str])

    def count(self, given: _Given, fate: Fate, concepts: Collection[str]) -> None:
        """Count a record by what became of it."""
        attempt = given.entry[0]
        if fate == "differs":
            self.refuse(given.line, f"another attempt is stored under the id {shown(attempt.id)}")
            return
        self.added += fate == "added"
        self.known += fate == "known"
        if concepts and attempt.concept not in concepts:
            self.unknown[attempt.concept] += 1

    def refuse(self, line: int, reason: str) -> None:
        """Count a record that was not taken."""
        self.refused_count += 1
        if len(self.refused) < _REASONS:
            self.refused.append(Refused(line, reason))


def export(store: AttemptStore, learner: str, now: datetime) -> Iterator[str]:
    """Yield the lines of an export, each with its line end.

    Raises UserMistake for a learner without attempts.
    """
    kept = name(learner)
    if not store.mark(kept).changes:
        raise UserMistake(f"there are no attempts of {kept!r}.", "Name a learner who has answered something.")
    header = {"format": FORMAT, "version": VERSION, "learner": kept, "exported": now.isoformat()}
    yield json.dumps(header, ensure_ascii=False) + "\n"
    for attempt, amendments in store.history(kept):
        record = asdict(attempt) | {"at": attempt.at.isoformat()}
        if amendments:
            record["amendments"] = [asdict(verdict) | {"at": verdict.at.isoformat()} for verdict in amendments]
        yield json.dumps(record, ensure_ascii=False) + "\n"


def load(
    store: AttemptStore,
    learner: str,
    text: TextIOBase | Iterable[str],
    now: datetime,
    *,
    concepts: Collection[str] = (),
    of: str = "",
) -> Report:
    """Add the attempts of a file to a learner's, all or none, and report on each.

    `text` is an open file, or its text in pieces. Records that cannot be taken are refused and reported, those
    whose id is stored already are known. `of` takes only the records of that learner; without it a file that names
    several is refused as a whole, since their results must not mix. `concepts` are those there are notes of.
    Raises UserMistake, with nothing stored, for a file that is no such file: not JSON, too long, of a later version,
    or without one record that can be taken.
    """
    report = Report()
    with store.adding(learner) as add:
        for batch in _batches(_taken(read(text), name(learner), now, of, report)):
            for given, fate in zip(batch, add([given.entry for given in batch]), strict=True):
                report.count(given, fate, concepts)
        if not report.added + report.known:
            raise _nothing_in(report, of)
    return report


def _nothing_in(report: Report, of: str) -> UserMistake:
    remedy = "Each record needs at least a concept and whether it was correct; nothing was stored."
    if not report.refused:
        return UserMistake(f"the file holds no attempts{f' of {of!r}' if of else ''}.", remedy)
    first = report.refused[0]
    return UserMistake(
        f"none of the {report.refused_count} records can be taken; line {first.line}: {first.reason}.", remedy
    )


def _taken(records: Iterable[JsonRecord], learner: str, now: datetime, of: str, report: Report) -> Iterator[_Given]:
    owners: set[str] = set()
    same: Counter[bytes] = Counter()
    for n, record in enumerate(records):
        if n > MOST_RECORDS:
            raise UserMistake(f"the file holds more than {MOST_RECORDS:,} records.", "Split it; nothing was stored.")
        try:
            values = _object(record)
            if n == 0 and "format" in values:
                _check_header(values)
                continue
            owner = str(values.get("learner") or "")
            if of and owner != of:
                continue
            owners |= {owner} - {""}
            yield _Given(record.line, _entry(values, learner, now, same))
        except ValueError as error:
            report.refuse(record.line, str(error))
        if len(owners) > 1:
            raise UserMistake(
                f"the file holds the attempts of several learners: {', '.join(map(shown, sorted(owners)))}.",
                "Say whose to take; nothing was stored.",
            )


def _object(record: JsonRecord) -> dict[str, Any]:
    if record.flaw:
        raise ValueError(record.flaw)
    value: object = record.value
    if not isinstance(value, dict):
        raise ValueError(f"{shown(value)} is not a JSON object")
    return cast(dict[str, Any], value)


def _entry(values: Mapping[str, Any], learner: str, now: datetime, same: Counter[bytes]) -> Entry:
    given = {key: value for key, value in values.items() if value is not None}
    for needed in ("concept", "correct"):
        if needed not in given:
            raise ValueError(f"there is no {needed!r}")
    correct = bool(given["correct"]) if given["correct"] in (0, 1) else given["correct"]
    taken = {key: given.get(key, default) for key, default in _DEFAULTS.items()}
    taken |= {
        "id": _id(given, same),
        "concept": given["concept"],
        "correct": correct,
        "at": _time(given.get("at"), now),
    }
    if "score" not in given:
        taken["score"] = float(correct is True)
    flaw = flaw_of(taken)
    if flaw:
        raise ValueError(flaw)
    return Attempt(learner=learner, **taken), _amendments(given.get("amendments", []), now)


def _amendments(values: object, now: datetime) -> list[Amendment]:
    if not isinstance(values, list):
        raise ValueError(f"'amendments' is {shown(values)}, not a list")
    return [_amendment(value, now) for value in cast(list[object], values)]


def _amendment(value: object, now: datetime) -> Amendment:
    match value:
        case {"correct": bool() as correct, "grader": str() as grader, "at": str() as at} if grader in get_args(Grader):
            return Amendment(correct, cast(Grader, grader), _time(at, now))
        case _:
            raise ValueError(f"{shown(value)} is not an amendment: it has correct, grader and at")


def _time(value: object, now: datetime) -> datetime:
    at = now
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value.strip())
        except ValueError:
            raise ValueError(f"'at' is {shown(value)}, not a time in ISO 8601") from None
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < _MILLISECONDS * 1000:
        at = _EARLIEST + timedelta(seconds=value if value < _MILLISECONDS else value / 1000)
    elif value is not None:
        raise ValueError(f"'at' is {shown(value)}, not a time")
    if not _EARLIEST <= at <= now + _AHEAD:
        raise ValueError(f"'at' is {shown(value)}, not between 1970 and now")
    return at.astimezone(UTC)


def _id(values: Mapping[str, Any], same: Counter[bytes]) -> object:
    """Return a record's id, or one made from its content and from how many like it stood before it in the file."""
    given = values.get("id", "")
    if given != "":
        return str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    content = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).digest()[:12]
    same[content] += 1
    return f"import-{content.hex()}-{same[content]}"


def _check_header(header: Mapping[str, Any]) -> None:
    if header["format"] != FORMAT:
        raise UserMistake(
            f"the file's format is {shown(header['format'])}, not {FORMAT!r}.",
            "Leave its first line out, or export it anew.",
        )
    if header.get("version") != VERSION:
        remedy = "Update this program, or export the file with one like it."
        raise UserMistake(
            f"the file is of version {shown(header.get('version'))}; this program reads {VERSION}.", remedy
        )


def _batches(taken: Iterator[_Given]) -> Iterator[list[_Given]]:
    batch: list[_Given] = []
    for given in taken:
        batch.append(given)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
