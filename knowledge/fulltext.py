"""Full-text search over numbered texts: a table of SQLite's FTS5, ranked by BM25."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from knowledge.language import stems

Run = Callable[[str, Sequence[object]], list[tuple[Any, ...]]]

_SATURATION: Final = 2.2  # k1 + 1 of BM25 as FTS5 computes it: the most one term can add, in units of its IDF
_MOST_MATCHES: Final = 10_000  # texts to score for a question, about 5 ms; the rarest term is always looked up


class FullText:
    """One FTS5 table and its vocabulary; `run` executes a statement and returns its rows."""

    def __init__(self, run: Run, table: str) -> None:
        self._run = run
        self._counted: tuple[int, dict[str, int]] = -1, {}
        vocabulary = f"{table}_vocabulary"
        self._create = (
            f"CREATE VIRTUAL TABLE {table} USING fts5(terms, tokenize = \"unicode61 tokenchars '.+#_-'\")",
            f"CREATE VIRTUAL TABLE {vocabulary} USING fts5vocab({table}, row)",
        )
        self._put = f"INSERT OR REPLACE INTO {table}(rowid, terms) VALUES (?, ?)"  # noqa: S608 - the caller names the table
        self._remove = f"DELETE FROM {table} WHERE rowid = ?"  # noqa: S608
        self._best = f"SELECT rowid, -bm25({table}) AS s FROM {table} WHERE {table} MATCH ? ORDER BY s DESC LIMIT ?"  # noqa: S608
        self._count = f"SELECT term, doc FROM {vocabulary} WHERE term IN "  # noqa: S608

    def create(self) -> None:
        """Create the table."""
        for statement in self._create:
            self._run(statement, ())

    def put(self, number: int, texts: Iterable[str]) -> None:
        """Store or replace a text, given in parts."""
        self._run(self._put, (number, " ".join(stem for text in texts for stem in stems(text))))

    def remove(self, number: int) -> None:
        """Forget a text."""
        self._run(self._remove, (number,))

    def shares(
        self, wanted: Sequence[str], total: int, generation: int, limit: int, of: Sequence[str] = ()
    ) -> dict[int, float]:
        """Return the best texts for some stems, as number -> share of the most they could reach (0 to 1).

        `total` is the number of texts, `generation` changes whenever they do. `of` are stems that the wanted ones stand
        for: where those weigh more, the share is of their weight.
        """
        frequency = self._frequency([*wanted, *of], generation)
        query = " OR ".join(f'"{stem}"' for stem in _rarest({s: frequency[s] for s in wanted if frequency[s]}))
        if not query:
            return {}

        # Stems that stand nowhere count too: they make the rest a smaller part of the question.
        most = _SATURATION * max(_weight(frequency, asked, total) for asked in (wanted, of))
        found = self._run(self._best, (query, limit))
        return {number: min(1.0, max(0.0, score) / most) for number, score in found}

    def unknown_share(self, asked: Sequence[str], total: int, generation: int) -> float:
        """Return which share of the weight of some stems is that of stems that stand nowhere."""
        frequency = self._frequency(asked, generation)
        unknown = [stem for stem in asked if not frequency[stem]]
        return _weight(frequency, unknown, total) / _weight(frequency, asked, total) if unknown else 0.0

    def _frequency(self, asked: Sequence[str], generation: int) -> dict[str, int]:
        """Return in how many texts each stem stands; remembered, for counting a common one takes milliseconds."""
        counted_at, counted = self._counted
        if counted_at != generation:
            counted = dict[str, int]()
            self._counted = generation, counted
        unknown = [stem for stem in asked if stem not in counted]
        if unknown:
            found = self._run(f"{self._count}({','.join('?' * len(unknown))})", unknown)
            counted |= dict.fromkeys(unknown, 0) | dict(found)
        return {stem: counted[stem] for stem in asked}


def _weight(frequency: dict[str, int], asked: Sequence[str], total: int) -> float:
    """Return the sum of the stems' IDF as FTS5 computes it."""
    return sum(math.log(1 + (total - (n := frequency[stem]) + 0.5) / (n + 0.5)) for stem in asked)


def _rarest(frequency: dict[str, int]) -> Iterator[str]:
    """Yield the rarest stems, as many as can be scored in time: in a large index, the common ones hardly count."""
    matches = 0
    for stem in sorted(frequency, key=frequency.__getitem__):
        matches += frequency[stem]
        if matches > _MOST_MATCHES and matches > frequency[stem]:
            return
        yield stem
