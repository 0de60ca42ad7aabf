"""Finding the right note: hit@1, hit@5, MRR and nDCG@10 by language pair, next to three plain methods.

    python -m evals.retrieval [--save]

Two sets of questions. `note_questions.jsonl`: four for each built-in note, two of them in Chinese, half of them plain
and half paraphrases without any of the note's names. What can be tuned was tuned on the questions of one half of the
notes (chosen by a hash of their ids). `bilingual_retrieval.jsonl`: 65 questions over 66 short notes of its own, half of
them Chinese, half of the questions across languages. `--save` writes the tables to `evals/retrieval.md`.
"""

import argparse
import hashlib
import json
import math
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from knowledge.catalog import Passage
from knowledge.embedding import Embedder, MultilingualE5, Remembered, embedded
from knowledge.index import BUILT_IN, VECTORS_OF_BUILT_IN, Index
from knowledge.language import content_terms
from knowledge.reader import Folder
from knowledge.retrieval import search

DATA = Path(__file__).with_name("data")
TABLE = Path(__file__).with_suffix(".md")
DEEP = 200  # passages that a method may return
RRF_K = 60  # the constant of Cormack et al. 2009

Method = Callable[[str], list[str]]  # question -> note ids, the best first, without repeats


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the notes that answer it; `groups` are the columns of the table in which it counts."""

    text: str
    relevant: frozenset[str]
    groups: tuple[str, ...]


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--save", action="store_true", help=f"write the tables to {TABLE.name}")
    given = options.parse_args()
    lines = ["# Retrieval", "", "Written by `python -m evals.retrieval --save`.", ""]
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        lines += report("Built-in notes, the half that nothing was tuned on", *built_in(home, tuned=False))
        lines += report("Built-in notes, the half that was tuned on", *built_in(home, tuned=True))
        lines += report("Reference set", *reference(home))
    print("\n".join(lines))
    if given.save:
        TABLE.write_text("\n".join(lines), encoding="utf-8")


def built_in(home: Path, *, tuned: bool) -> tuple[Index, list[Question]]:
    """Return the index of the built-in notes and the questions of one half of them."""
    index = Index(home / "built-in", [Folder(BUILT_IN, own=False)], embedded(VECTORS_OF_BUILT_IN))
    index.update()
    notes = index.library.notes
    questions: list[Question] = []
    for row in rows("note_questions.jsonl"):
        if row["note"] not in notes:
            raise SystemExit(f"note_questions.jsonl asks for {row['note']!r}, which is no note.")
        if in_tuned_half(row["note"]) == tuned:
            same = row["lang"] in {document.language for document in notes[row["note"]].documents}
            relevant = frozenset([row["note"], *row.get("also", ())])
            groups = ("all", pair(row["lang"], same=same), row["style"])
            questions.append(Question(row["query"], relevant, groups))
    return index, questions


def reference(home: Path) -> tuple[Index, list[Question]]:
    """Return the index of the reference notes, written out as a person's own folder, and their questions."""
    folder = home / "reference-notes"
    folder.mkdir()
    found = list(rows("bilingual_retrieval.jsonl"))
    for row in found:
        if row.get("kind") == "note":
            head = yaml.safe_dump({key: row[key] for key in ("id", "title", "aliases")}, allow_unicode=True)
            (folder / f"{row['id']}.md").write_text(f"---\n{head}---\n{row['text']}\n", encoding="utf-8")
    index = Index(home / "reference", [Folder(folder, own=True)], embedded(VECTORS_OF_BUILT_IN))
    index.update()
    return index, [
        Question(row["query"], frozenset(row["relevant"]), ("all", pair(row["lang"], same=not row["cross"])))
        for row in found
        if row.get("kind") == "query"
    ]


def rows(name: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a data file."""
    yield from map(json.loads, (DATA / name).read_text(encoding="utf-8").splitlines())


def in_tuned_half(note: str) -> bool:
    """Tell in which half a note is."""
    return hashlib.sha256(note.encode()).digest()[0] % 2 == 0


def pair(language: str, *, same: bool) -> str:
    """Return what a language pair is called."""
    other = {"en": "zh", "zh": "en"}[language]
    return f"{language} → {language if same else other}"


def report(title: str, index: Index, questions: Sequence[Question]) -> list[str]:
    """Return the table of one set of questions."""
    counts = Counter(group for question in questions for group in question.groups)
    groups = sorted(counts)
    lines = [
        f"## {title}",
        "",
        f"{len(index.library.notes)} notes, {index.catalog.counts()[0]} passages, {len(questions)} questions. "
        "In each cell: hit@1 / hit@5 / MRR / nDCG@10.",
        "",
        f"| Method | {' | '.join(f'{group} ({counts[group]})' for group in groups)} | ms |",
        f"|---|{'---|' * len(groups)}---|",
    ]
    for name, method in methods(index).items():
        method("warm up")
        took: list[float] = []
        rankings: list[list[str]] = []
        for question in questions:
            began = time.perf_counter()
            rankings.append(method(question.text))
            took.append((time.perf_counter() - began) * 1000)
        found = list(zip(rankings, questions, strict=True))
        cells = [cell([(r, q) for r, q in found if group in q.groups]) for group in groups]
        lines.append(f"| {name} | {' | '.join(cells)} | {statistics.median(took):.0f} |")
    index.close()
    return [*lines, ""]


def cell(found: Sequence[tuple[list[str], Question]]) -> str:
    """Return the four figures of one method on some questions."""
    ranks = [
        next((i for i, note in enumerate(ranking, 1) if note in question.relevant), math.inf)
        for ranking, question in found
    ]
    figures = [statistics.mean(rank <= k for rank in ranks) for k in (1, 5)]
    figures.append(statistics.mean(1 / rank for rank in ranks))
    figures.append(statistics.mean(gain(ranking, question.relevant) for ranking, question in found))
    return " / ".join(f"{figure:.3f}".removeprefix("0") for figure in figures)


def gain(ranking: Sequence[str], relevant: frozenset[str]) -> float:
    """Return nDCG@10 with a gain of one for each relevant note."""
    best = sum(1 / math.log2(i + 1) for i in range(1, min(10, len(relevant)) + 1))
    return sum(1 / math.log2(i + 1) for i, note in enumerate(ranking[:10], 1) if note in relevant) / best


def methods(index: Index) -> dict[str, Method]:
    """Return the methods by name: three plain ones, then ours."""
    passages = index.catalog.all_passages()
    note_of = {passage.id: index.library.note_of_path[passage.path] for passage in passages}
    dense = Dense(Remembered(MultilingualE5(), VECTORS_OF_BUILT_IN), passages)

    def bm25(question: str) -> list[str]:
        return list(index.catalog.words(content_terms(question), DEEP))

    def fused(question: str) -> list[str]:
        score: dict[str, float] = {}
        for ranking in (bm25(question), dense.ids(question)):
            for i, passage in enumerate(ranking, 1):
                score[passage] = score.get(passage, 0.0) + 1 / (RRF_K + i)
        return sorted(score, key=score.__getitem__, reverse=True)

    def of_passages(find: Method) -> Method:
        return lambda question: list(dict.fromkeys(note_of[passage] for passage in find(question)))

    return {
        "BM25 (Chinese as bigrams)": of_passages(bm25),
        "multilingual-e5-small": of_passages(dense.ids),
        "reciprocal rank fusion of the two": of_passages(fused),
        "Atlas": lambda question: list(dict.fromkeys(found.note for found in search(index, question, DEEP))),
    }


class Dense:
    """Plain dense retrieval: the cosine of question and passage."""

    def __init__(self, embedder: Embedder, passages: Sequence[Passage]) -> None:
        self._embedder = embedder
        self._ids = [passage.id for passage in passages]
        self._vectors = embedder.embed([passage.lookup for passage in passages], "passage")

    def ids(self, question: str) -> list[str]:
        """Return the nearest passages."""
        similarity = self._vectors @ self._embedder.embed([question], "query")[0]
        return [self._ids[i] for i in np.argsort(-similarity)[:DEEP]]


if __name__ == "__main__":
    main()
