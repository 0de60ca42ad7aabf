"""The team in a terminal: evidence first, then the words as they come, then the checked answer."""

import sys
from collections.abc import Callable, Iterable
from typing import Final

from agents.download import Progress
from agents.events import Done, Event, EvidenceFound, Failed, Step, Token
from ui import output

# The steps that are told of when they are done.
_TOLD: Final = frozenset(
    {"teach", "rewrite", "research", "calculate", "advise", "compare", "diagnose", "reread", "weigh"}
)


def show_answer(events: Iterable[Event]) -> None:
    """Print an answer as it comes; what is not the answer goes to standard error.

    The words are shown as they come only in a terminal; the checked answer, with its marks, is what is kept.
    """
    live = sys.stdout.isatty()
    for event in events:
        match event:
            case EvidenceFound():
                for evidence in event.evidence:
                    sys.stderr.write(f"  {evidence.score:.2f} {evidence.title} > {evidence.heading}\n")
            case Token() if live:
                sys.stderr.write(event.text)
            case Step(status="done") if event.id in _TOLD:
                sys.stderr.write(f"\n  {event.agent}: {event.title} ({event.seconds:.1f} s)\n")
            case Failed():
                sys.stderr.write(f"  ! {event.error}\n")
            case Done():
                output.print_answer(event.answer)
            case _:
                pass
        sys.stderr.flush()


def progress_line() -> Callable[[int, int], None]:
    """Return a function that shows passages embedded of passages in all, on one line of a terminal."""

    def show(done: int, total: int) -> None:
        if sys.stderr.isatty() and total:
            sys.stderr.write(f"\r{done}/{total} passages" + ("\n" if done == total else ""))

    return show


def download_line() -> Callable[[Progress], None]:
    """Return a function that shows how far a download is, on one line of a terminal."""
    last = [""]

    def show(progress: Progress) -> None:
        share = f"{progress.bytes_done / 1e6:,.0f} of {progress.bytes_total / 1e6:,.0f} MB"
        line = f"{progress.state} {share} {progress.source}".rstrip()
        if line == last[0]:
            return
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{line:<70}")
        elif line.split()[0] != last[0].split(" ")[0]:
            sys.stderr.write(f"{line}\n")
        last[0] = line

    return show
