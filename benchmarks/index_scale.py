"""Measures the index at sizes no reader will reach: `python benchmarks/index_scale.py [NOTES [PASSAGES_PER_NOTE]]`.

The notes are made of invented words in the frequencies of a real language (Zipf), and the embedder is a hash of as many
dimensions as the real ones have together, so that what is measured is the index: reading, SQLite, Chroma. Prints one
JSON object.
"""

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from itertools import accumulate
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from hash_embedder import HashEmbedder  # noqa: E402 - after the path is set

from knowledge.embedding import Role, Vectors  # noqa: E402
from knowledge.index import Index  # noqa: E402
from knowledge.reader import Folder  # noqa: E402
from knowledge.retrieval import search  # noqa: E402

DIMENSIONS = 896
WORDS_PER_PASSAGE = 60
QUERIES = 200
CHANCE = random.Random(1)
VOCABULARY = ["".join(CHANCE.choices("abcdefghijklmnopqrstuvwxyz", k=CHANCE.randint(3, 10))) for _ in range(20_000)]
WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(VOCABULARY) + 1)))


def words(count: int) -> str:
    """Return invented words."""
    return " ".join(CHANCE.choices(VOCABULARY, cum_weights=WEIGHTS, k=count))


def write_note(folder: Path, number: int, passages: int) -> None:
    """Write a note of so many passages."""
    body = "\n\n".join(f"{words(WORDS_PER_PASSAGE)}." for _ in range(passages))
    target = number // 2  # each note but the first rests on another one
    head = f"title: {words(2)} {number}\nprerequisites: [{f'n{target}' if target != number else ''}]"
    (folder / f"n{number}.md").write_text(f"---\nid: n{number}\n{head}\n---\n{body}\n")


def seconds(action: Callable[[], object]) -> float:
    """Return how long an action took."""
    start = time.perf_counter()
    action()
    return round(time.perf_counter() - start, 3)


class TimedEmbedder(HashEmbedder):
    """Knows how long it took, so that its time can be left out."""

    def __init__(self) -> None:
        super().__init__(dimensions=DIMENSIONS)
        self.seconds = 0.0

    def embed(self, texts: Sequence[str], role: Role) -> Vectors:
        """Return the vectors, and add the time to `seconds`."""
        start = time.perf_counter()
        try:
            return super().embed(texts, role)
        finally:
            self.seconds += time.perf_counter() - start


def query_milliseconds(index: Index, embedder: TimedEmbedder) -> list[float]:
    """Return how long questions took without their embedding, in order."""
    found: list[float] = []
    titles = [
        note.title_in("en") for note in list(index.library.notes.values())[:: len(index.library.notes) // QUERIES]
    ]
    for i in range(QUERIES):
        question = f"what is {titles[i % len(titles)]}" if i % 2 else f"how does {words(8)} work?"
        embedder.seconds = 0.0
        took = seconds(lambda question=question: search(index, question))
        found.append((took - embedder.seconds) * 1000)
    return sorted(found[5:])


def main() -> None:
    """Measure and print."""
    notes, passages = (int(value) for value in (sys.argv[1:] + ["10000", "1"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(name) / "notes", Path(name) / "home"
        folder.mkdir()
        for number in range(notes):
            write_note(folder, number, passages)
        embedder = TimedEmbedder()
        report: dict[str, object] = {"notes": notes}

        index = Index(home, [Folder(folder, own=True)], embedder)
        report["first_index_s"] = seconds(index.update)
        report["of_it_embedding_s"] = round(embedder.seconds, 1)
        report["passages"] = index.catalog.counts()[0]
        index.close()

        time.sleep(0.1)
        opened: list[Index] = []
        report["open_s"] = seconds(lambda: opened.append(Index(home, [Folder(folder, own=True)], embedder)))
        index = opened[0]
        report["update_without_change_s"] = seconds(index.update)
        report["library_s"] = seconds(lambda: index.library)
        report["first_search_s"] = seconds(lambda: search(index, "warm up"))

        write_note(folder, notes // 3, passages)
        embedder.texts.clear()
        report["update_after_one_edit_s"] = seconds(index.update)
        report["passages_embedded"] = len(embedder.texts)
        report["search_after_it_s"] = seconds(lambda: search(index, "after the edit"))

        times = query_milliseconds(index, embedder)
        report["query_p50_ms"] = round(times[len(times) // 2], 1)
        report["query_p95_ms"] = round(times[int(len(times) * 0.95)], 1)
        report["disk_mb"] = sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) // 2**20
        report["resident_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        print(json.dumps(report))
        index.close()


if __name__ == "__main__":
    main()
