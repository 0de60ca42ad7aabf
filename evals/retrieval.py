"""Finding the right note: hit@1, hit@5 and MRR on bilingual questions, by language pair.

    python -m evals.retrieval [--home DIR]

The 65 questions and 66 notes of `data/bilingual_retrieval.jsonl` are the project's reference set: half of the notes are
Chinese, half of the questions go across languages. The search is the product's, over these notes alone.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from knowledge.embedding import embedded
from knowledge.index import VECTORS_OF_BUILT_IN, Index
from knowledge.reader import Folder
from knowledge.retrieval import search

DATA = Path(__file__).with_name("data") / "bilingual_retrieval.jsonl"


def write_notes(folder: Path) -> None:
    """Write the reference notes out as a person's own notes folder."""
    for row in rows("note"):
        head = yaml.safe_dump({"id": row["id"], "title": row["title"], "aliases": row["aliases"]}, allow_unicode=True)
        (folder / f"{row['id']}.md").write_text(f"---\n{head}---\n{row['text']}\n", encoding="utf-8")


def rows(kind: str) -> list[dict[str, Any]]:
    """Return the rows of one kind: "note" or "query"."""
    lines = DATA.read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row.get("kind") == kind]


def rank(index: Index, query: dict[str, Any]) -> int:
    """Return the rank of the first right note, 100 where it is not among the first."""
    notes = list(dict.fromkeys(evidence.note for evidence in search(index, query["query"], 50)))
    return next((i for i, note in enumerate(notes, 1) if note in query["relevant"]), 100)


def line(name: str, ranks: Sequence[int]) -> str:
    """Return one row of the table."""
    n = len(ranks)
    hits = [sum(rank <= k for rank in ranks) / n for k in (1, 5)]
    return f"{name:<26}{n:>4}{hits[0]:>8.3f}{hits[1]:>8.3f}{sum(1 / rank for rank in ranks) / n:>8.3f}"


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--home", type=Path, help="keep the index here")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "notes"
        folder.mkdir()
        write_notes(folder)
        index = Index(given.home or Path(temporary), [Folder(folder, own=True)], embedded(VECTORS_OF_BUILT_IN))
        index.update()
        queries = rows("query")
        search(index, "warm up")
        seconds: list[float] = []
        ranks: list[int] = []
        for query in queries:
            began = time.perf_counter()
            ranks.append(rank(index, query))
            seconds.append(time.perf_counter() - began)
        index.close()
    print(f"{'':<26}{'n':>4}{'hit@1':>8}{'hit@5':>8}{'MRR':>8}")
    print(line("all", ranks))
    for language in ("en", "zh"):
        for cross in (False, True):
            part = [r for r, q in zip(ranks, queries, strict=True) if (q["lang"], q["cross"]) == (language, cross)]
            print(line(f"{language} question, {'other' if cross else 'same'} language", part))
    print(f"median {statistics.median(seconds) * 1000:.1f} ms a question")
    for query, found in zip(queries, ranks, strict=True):
        if found > 5:
            print(f"  rank {found}: {query['query']} -> {query['relevant'][0]}")


if __name__ == "__main__":
    main()
