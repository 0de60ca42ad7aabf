"""Recognizing pasted logs: the right pitfall first, among the first three, and none for an unrelated log.

    python -m evals.faults [--save]

`error_logs.jsonl`: logs as people paste them, with their noise, in English and Chinese, each labelled with the pitfall
that it shows, and unrelated ones: other software, logs without a failure, and failures of the field that no note is
about. Thresholds and rules were set on the half marked `dev`; `test` was held apart. The plain method is BM25 over the
text of the pitfall notes; it abstains below the score that lets one unrelated log in thirty of `dev` pass. `--save`
writes the tables to `evals/faults.md`.
"""

import argparse
import json
import math
import statistics
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from knowledge.embedding import embedded
from knowledge.index import BUILT_IN, VECTORS_OF_BUILT_IN, Index
from knowledge.language import stems
from knowledge.reader import Folder
from knowledge.retrieval import search
from tools.fault.casebook import Casebook
from tools.fault.fault import diagnose

DATA = Path(__file__).with_name("data") / "error_logs.jsonl"
TABLE = Path(__file__).with_suffix(".md")
ALLOWED = 30  # unrelated logs of which one may pass
K1, B = 1.2, 0.75  # the usual constants of BM25

Method = Callable[[str], list[str]]  # log -> ids of pitfalls, the likeliest first


@dataclass(frozen=True, slots=True)
class Log:
    """A pasted log; `pitfall` is None where it shows none of the notes'."""

    id: str
    pitfall: str | None
    half: str
    text: str


def main() -> None:
    """Print the tables."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--save", action="store_true", help=f"write the tables to {TABLE.name}")
    given = options.parse_args()
    logs = read()
    with tempfile.TemporaryDirectory() as name:
        index = Index(Path(name), [Folder(BUILT_IN, own=False)], embedded(VECTORS_OF_BUILT_IN))
        index.update()
        lines = ["# Faults", "", "Written by `python -m evals.faults --save`.", "", *report(index, logs)]
        index.close()
    print("\n".join(lines))
    if given.save:
        TABLE.write_text("\n".join(lines), encoding="utf-8")


def read() -> list[Log]:
    """Return the logs."""
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    return [Log(row["id"], row["pitfall"], row["half"], row["log"]) for row in rows]


def report(index: Index, logs: Sequence[Log]) -> list[str]:
    """Return the table of both methods on both halves, and what the first gets wrong."""
    casebook = Casebook(index.library)
    unknown = {log.pitfall for log in logs if log.pitfall} - casebook.cases.keys()
    if unknown:
        raise SystemExit(f"error_logs.jsonl labels logs with {sorted(unknown)}, which are no pitfalls.")

    def atlas(log: str) -> list[str]:
        found = diagnose(log, casebook, lambda text, k: search(index, text, k))
        return [match.pitfall for match in found.matches]

    lines = [
        f"{len(casebook.cases)} pitfalls, {sum(log.pitfall is not None for log in logs)} logs that show one, "
        f"{sum(log.pitfall is None for log in logs)} that show none.",
        "",
        "| Half | Method | right first | right among three | false matches | ms, median | ms, 95 % |",
        "|---|---|---|---|---|---|---|",
    ]
    dev = [log for log in logs if log.half == "dev"]
    plain = texts(casebook)
    methods: dict[str, Method] = {
        "signatures, then meaning": atlas,
        "BM25": bm25(plain, dev),
        "BM25 without abstaining": bm25(plain, []),
    }
    atlas("RuntimeError: CUDA error while warming up")
    wrong: list[str] = []
    for half in ("test", "dev"):
        of_half = [log for log in logs if log.half == half]
        for name, method in methods.items():
            row, missed = cells(of_half, method)
            lines.append(f"| {half} | {name} | {row} |")
            if method is atlas:
                wrong += [f"- {half}: {miss}" for miss in missed]
    return [*lines, "", "## What is missed", "", *(wrong or ["Nothing."]), ""]


def cells(logs: Sequence[Log], method: Method) -> tuple[str, list[str]]:
    """Return the figures of one method on some logs, and what it gets wrong."""
    took: list[float] = []
    found: list[tuple[Log, list[str]]] = []
    for log in logs:
        began = time.perf_counter()
        found.append((log, method(log.text)))
        took.append((time.perf_counter() - began) * 1000)
    shown = [(log, ids) for log, ids in found if log.pitfall]
    first = sum(ids[:1] == [log.pitfall] for log, ids in shown)
    three = sum(log.pitfall in ids[:3] for log, ids in shown)
    others = [(log, ids) for log, ids in found if not log.pitfall]
    false = sum(bool(ids) for _, ids in others)
    missed = [
        f"`{log.id}`: {', '.join(ids[:3]) or 'nothing found'}"
        for log, ids in found
        if (ids[:1] != [log.pitfall] if log.pitfall else ids)
    ]
    share = f"{first}/{len(shown)} ({first / len(shown):.3f}) | {three}/{len(shown)} ({three / len(shown):.3f})"
    slow = statistics.quantiles(took, n=20)[-1]
    return f"{share} | {false}/{len(others)} | {statistics.median(took):.0f} | {slow:.0f}", missed


def texts(casebook: Casebook) -> dict[str, str]:
    """Return the whole text of each pitfall note."""
    return {
        name: "\n".join(Path(document.path).read_text(encoding="utf-8") for document in case.note.documents)
        for name, case in casebook.cases.items()
    }


def bm25(documents: dict[str, str], given: Sequence[Log]) -> Method:
    """Return BM25 over some texts; what scores no higher than most of the unrelated logs given is no match."""
    counts = {name: Counter(stems(text)) for name, text in documents.items()}
    lengths = {name: sum(count.values()) for name, count in counts.items()}
    mean = statistics.mean(lengths.values())
    held = Counter(term for count in counts.values() for term in count)
    rarity = {term: math.log(1 + (len(counts) - n + 0.5) / (n + 0.5)) for term, n in held.items()}

    def ranked(log: str) -> list[tuple[float, str]]:
        asked = set(stems(log)) & rarity.keys()

        def score(name: str) -> float:
            norm = K1 * (1 - B + B * lengths[name] / mean)
            return sum(
                rarity[t] * counts[name][t] * (K1 + 1) / (counts[name][t] + norm) for t in asked if t in counts[name]
            )

        return sorted(((score(name), name) for name in counts), reverse=True)

    unrelated = sorted((ranked(log.text)[0][0] for log in given if not log.pitfall), reverse=True)
    least = unrelated[len(unrelated) // ALLOWED] if unrelated else 0.0
    return lambda log: [name for score, name in ranked(log) if score > least]


if __name__ == "__main__":
    main()
