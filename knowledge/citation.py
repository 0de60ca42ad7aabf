"""A citation: the exact sentence that a claim rests on."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Citation:
    """The sentence that an answer's mark `[n]`, or the key of a quiz item, rests on.

    `start` and `end` are character offsets into the text of the note's file at `path`.
    """

    n: int
    note: str
    title: str
    heading: str
    quote: str
    start: int
    end: int
    source: str
    path: str
