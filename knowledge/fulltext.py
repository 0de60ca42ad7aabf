"""Full-text search over numbered texts: an index of SQLite's FTS5, ranked by BM25.

FTS5 finds where a word stands in a tenth of the time that its own `bm25` takes to rank what was found, so the ranking,
by the same formula, is done here, on arrays.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Run = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]
Numbers = NDArray[np.int64]

_SATURATION: Final = 2.2  # k1 + 1 of BM25: the most one stem can add, in units of its IDF
_LENGTH: Final = 0.75  # b of BM25: how much a long text counts against what stands in it
_LEAST_IDF: Final = 1e-6  # of a stem that stands in half of the texts, as in FTS5
_MOST_MATCHES: Final = 20_000  # places to look at for a question, 4 ms; the rarest stem is always looked up
_MOST_REMEMBERED: Final = 1_000_000  # texts with a stem, 16 MB


class FullText:
    """One FTS5 table, its vocabulary and the lengths of its texts; `run` executes a statement and returns its rows."""

    def __init__(self, run: Run, table: str) -> None:
        self._run = run
        self._known = _Known()
        vocabulary, places, lengths = f"{table}_vocabulary", f"{table}_place", f"{table}_length"
        self._create = (
            f"CREATE VIRTUAL TABLE {table} USING fts5(terms, tokenize = \"unicode61 tokenchars '.+#_-'\")",
            f"CREATE VIRTUAL TABLE {vocabulary} USING fts5vocab({table}, row)",
            f"CREATE VIRTUAL TABLE {places} USING fts5vocab({table}, instance)",
            f"CREATE TABLE {lengths}(number INTEGER PRIMARY KEY, length INTEGER NOT NULL)",
        )
        self._put = f"INSERT OR REPLACE INTO {table}(rowid, terms) VALUES (?, ?)"  # noqa: S608 - the caller names the table
        self._put_length = f"INSERT OR REPLACE INTO {lengths} VALUES (?, ?)"  # noqa: S608
        self._remove = f"DELETE FROM {table} WHERE rowid = ?"  # noqa: S608
        self._remove_length = f"DELETE FROM {lengths} WHERE number = ?"  # noqa: S608
        self._lengths = f"SELECT group_concat(number), group_concat(length) FROM {lengths}"  # noqa: S608
        self._places = f"SELECT group_concat(doc) FROM {places} WHERE term = ?"  # noqa: S608
        self._counts = f"SELECT term, doc, cnt FROM {vocabulary} WHERE term IN "  # noqa: S608

    def create(self) -> None:
        """Create the tables."""
        for statement in self._create:
            self._run(statement, ())

    def put(self, number: int, stems: Iterable[str]) -> None:
        """Store or replace a text, given as its stems."""
        stored = list(stems)
        self._run(self._put, (number, " ".join(stored)))
        self._run(self._put_length, (number, len(stored)))

    def remove(self, number: int) -> None:
        """Forget a text."""
        self._run(self._remove, (number,))
        self._run(self._remove_length, (number,))

    def shares(self, wanted: Sequence[str], generation: int, limit: int, of: Sequence[str] = ()) -> dict[int, float]:
        """Return the best texts for some stems, as number -> share of the most they could reach (0 to 1).

        `generation` changes whenever the texts do. `of` are stems that the wanted ones stand for: where those weigh
        more, the share is of their weight.
        """
        known = self._known_at(generation)
        self._count([*wanted, *of], known)
        total, frequency = known.total, known.frequency
        rare = list(_rarest({stem: known.places[stem] for stem in wanted if frequency[stem]}))
        if not rare:
            return {}

        # Stems that stand nowhere count too: they make the rest a smaller part of the question.
        most = _SATURATION * max(_weight(frequency, asked, total) for asked in (wanted, of))
        scores = np.zeros(len(known.norms))
        for stem in rare:
            numbers, counts = self._texts_with(stem, known)
            here = numbers < len(scores)  # another process has added texts since
            numbers, counts = numbers[here], counts[here]
            others = max(0, total - frequency[stem])
            idf = max(_LEAST_IDF, math.log((others + 0.5) / (frequency[stem] + 0.5)))
            scores[numbers] += idf * _SATURATION * counts / (counts + known.norms[numbers])
        return {number: min(1.0, float(scores[number]) / most) for number in _best(scores, limit)}

    def total(self, generation: int) -> int:
        """Return the number of texts."""
        return self._known_at(generation).total

    def unknown_share(self, asked: Sequence[str], generation: int) -> float:
        """Return which share of the weight of some stems is that of stems that stand nowhere."""
        known = self._known_at(generation)
        self._count(asked, known)
        unknown = [stem for stem in asked if not known.frequency[stem]]
        if not unknown:
            return 0.0
        return _weight(known.frequency, unknown, known.total) / _weight(known.frequency, asked, known.total)

    def _texts_with(self, stem: str, known: "_Known") -> tuple[Numbers, Numbers]:
        """Return the numbers of the texts in which a stem stands, ascending, and how often it stands in each."""
        found = known.texts.get(stem)
        if found is None:
            ((joined,),) = self._run(self._places, (stem,))
            every = _numbers(joined)
            starts = np.flatnonzero(np.diff(every, prepend=-1))
            found = every[starts], np.diff(starts, append=len(every))
            known.remember(stem, found)
        return found

    def _known_at(self, generation: int) -> "_Known":
        known = self._known
        if known.generation != generation:
            ((numbers, lengths),) = self._run(self._lengths, ())
            known = self._known = _Known(generation, _numbers(numbers), _numbers(lengths))
        return known

    def _count(self, asked: Sequence[str], known: "_Known") -> None:
        """Count in how many texts and places each stem stands; a common one takes milliseconds."""
        unknown = [stem for stem in asked if stem not in known.frequency]
        if unknown:
            found = self._run(f"{self._counts}({','.join('?' * len(unknown))})", unknown)
            known.places |= {stem: places for stem, _, places in found}
            known.frequency |= dict.fromkeys(unknown, 0) | {stem: texts for stem, texts, _ in found}


_NONE: Final[Numbers] = np.empty(0, np.int64)


class _Known:
    """What is remembered of the texts until they change.

    `norms` holds by number what BM25 adds to the count of a stem: k1, more in a longer text and less in a shorter one.
    """

    def __init__(self, generation: int = -1, numbers: Numbers = _NONE, lengths: Numbers = _NONE) -> None:
        self.generation = generation
        self.total = len(numbers)
        self.frequency: dict[str, int] = {}
        self.places: dict[str, int] = {}
        self.texts: dict[str, tuple[Numbers, Numbers]] = {}
        self.norms = np.full(int(numbers.max(initial=-1)) + 1, _SATURATION - 1)
        self._remembered = 0
        if len(lengths):
            self.norms[numbers] *= 1 - _LENGTH + _LENGTH * lengths / max(1.0, float(lengths.mean()))

    def remember(self, stem: str, found: tuple[Numbers, Numbers]) -> None:
        """Keep the texts with a stem for the next question, for as many stems as there is room."""
        self._remembered += len(found[0])
        if self._remembered > _MOST_REMEMBERED:
            self.texts, self._remembered = {}, len(found[0])
        self.texts[stem] = found


def _numbers(joined: str | None) -> Numbers:
    """Return the numbers that SQLite has joined with commas: it hands over one text ten times as fast as rows."""
    return np.fromstring(joined or "", np.int64, sep=",")


def _weight(frequency: dict[str, int], asked: Sequence[str], total: int) -> float:
    """Return the sum of the stems' IDF as FTS5 computes it."""
    return sum(math.log(1 + (total - (n := frequency[stem]) + 0.5) / (n + 0.5)) for stem in asked)


def _best(scores: NDArray[np.float64], limit: int) -> list[int]:
    """Return the numbers of the highest scores above zero, the highest first, equals in the order of their numbers."""
    found = np.flatnonzero(scores)
    if len(found) > limit:
        least = np.partition(scores[found], -limit)[-limit]
        found = found[scores[found] >= least]
    return [int(number) for number in found[np.argsort(-scores[found], kind="stable")][:limit]]


def _rarest(places: dict[str, int]) -> Iterator[str]:
    """Yield the rarest stems, as many as can be scored in time: in a large index, the common ones hardly count."""
    matches = 0
    for stem in sorted(places, key=places.__getitem__):
        matches += places[stem]
        if matches > _MOST_MATCHES and matches > places[stem]:
            return
        yield stem
