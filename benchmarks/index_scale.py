"""Measures the index at sizes few readers will reach, one line each for the sizes that the budgets speak of:

    python benchmarks/index_scale.py 1000
    python benchmarks/index_scale.py 10000
    python benchmarks/index_scale.py 100000

`--store chroma` starts a Chroma server for it, `--store milvus-lite` uses Milvus Lite; without, Chroma is embedded.
The notes are made of invented words in the frequencies of a real language (Zipf), and the embedder is a hash of as many
dimensions as the real ones have together, so that what is measured is the index: reading, SQLite, vectors. Disk counts
what the store keeps as well, memory is this process's own (of a server: `server_resident_mb`). Prints one JSON object.
"""

import argparse
import json
import os
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import accumulate
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from hash_embedder import HashEmbedder  # noqa: E402 - after the path is set
from store_servers import server  # noqa: E402

from knowledge.embedding import Role, Vectors  # noqa: E402
from knowledge.index import Index  # noqa: E402
from knowledge.reader import Folder  # noqa: E402
from knowledge.retrieval import search  # noqa: E402
from knowledge.store import EMBEDDED, StoreAddress, address  # noqa: E402

DIMENSIONS = 896
WORDS_PER_PASSAGE = 60
PASSAGES_PER_NOTE = 10  # with the one that says what the note is about
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
        note.title_in("en")
        for note in list(index.library.notes.values())[:: max(1, len(index.library.notes) // QUERIES)]
    ]
    for i in range(QUERIES):
        question = f"what is {titles[i % len(titles)]}" if i % 2 else f"how does {words(8)} work?"
        embedder.seconds = 0.0
        took = seconds(lambda question=question: search(index, question))
        found.append((took - embedder.seconds) * 1000)
    return sorted(found[5:])


@contextmanager
def place_of_vectors(kind: str, folder: Path) -> Generator[tuple[StoreAddress, Callable[[], int]]]:
    """Give the address of a store that keeps its files below the folder, and what tells its server's memory (MB)."""
    if kind == "chroma":
        with server("chroma", folder / "chroma") as process:
            assert process.process
            status = Path(f"/proc/{process.process.pid}/status")
            yield address(process.url), lambda: int(status.read_text().partition("VmHWM:")[2].split()[0]) // 1024
    else:
        yield (address(str(folder / "lite.db")) if kind == "milvus-lite" else EMBEDDED), lambda: 0


def measure(folder: Path, home: Path, notes: int, store: StoreAddress) -> dict[str, object]:
    """Index the notes, change one, and ask."""
    embedder = TimedEmbedder()
    report: dict[str, object] = {}
    index = Index(home, [Folder(folder, own=True)], embedder, store)
    report["first_index_s"] = seconds(index.update)
    report["of_it_embedding_s"] = round(embedder.seconds, 1)
    report["passages"] = index.catalog.counts()[0]
    report["close_s"] = seconds(index.close)

    time.sleep(0.1)
    opened: list[Index] = []
    report["open_s"] = seconds(lambda: opened.append(Index(home, [Folder(folder, own=True)], embedder, store)))
    index = opened[0]
    report["update_without_change_s"] = seconds(index.update)
    report["library_s"] = seconds(lambda: index.library)
    report["first_search_s"] = seconds(lambda: search(index, "warm up"))

    write_note(folder, notes // 3, PASSAGES_PER_NOTE - 1)
    embedder.texts.clear()
    report["update_after_one_edit_s"] = seconds(index.update)
    report["passages_embedded"] = len(embedder.texts)
    report["search_after_it_s"] = seconds(lambda: search(index, "after the edit"))

    times = query_milliseconds(index, embedder)
    report["query_p50_ms"] = round(times[len(times) // 2], 1)
    report["query_p95_ms"] = round(times[int(len(times) * 0.95)], 1)
    report["load_of_machine"] = round(os.getloadavg()[0], 1)
    report["resident_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    index.close()
    return report


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the index at a size.")
    parser.add_argument("passages", type=int, nargs="?", default=10_000)
    parser.add_argument("--store", choices=["embedded", "chroma", "milvus-lite"], default="embedded")
    asked = parser.parse_args()
    notes = max(1, asked.passages // PASSAGES_PER_NOTE)
    with tempfile.TemporaryDirectory() as name:
        folder, home = Path(name) / "notes", Path(name) / "home"
        folder.mkdir()
        home.mkdir()
        for number in range(notes):
            write_note(folder, number, PASSAGES_PER_NOTE - 1)
        with place_of_vectors(asked.store, home) as (store, server_memory):
            report: dict[str, object] = {"store": asked.store, "notes": notes}
            report |= measure(folder, home, notes, store)
            report["server_resident_mb"] = server_memory()
        report["disk_mb"] = sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) // 2**20
        print(json.dumps(report))


if __name__ == "__main__":
    main()
