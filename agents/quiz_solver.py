"""The blind solver: a model that answers a drafted question from the evidence, without being told the key."""

import random
from collections.abc import Sequence
from typing import Final

from agents.prompt import render
from agents.quiz_oracle import Oracle

_LETTERS: Final = "ABCDEF"


def solve(oracle: Oracle, stem: str, options: Sequence[str], passage: str, rng: random.Random) -> list[float]:
    """Returns how likely a model finds each option right: it sees them in a random order, and the passage.

    A small model prefers some letters. Half of the probability is asked for in the order turned round by half, so that
    no option stands twice at a favoured place. Raises ModelFailed.
    """
    order = list(range(len(options)))
    rng.shuffle(order)
    half = len(order) // 2
    turned = [*order[half:], *order[:half]]
    first, second = (_asked(oracle, stem, options, passage, one) for one in (order, turned))
    return [(a + b) / 2 for a, b in zip(first, second, strict=True)]


def _asked(oracle: Oracle, stem: str, options: Sequence[str], passage: str, order: Sequence[int]) -> list[float]:
    letters = _LETTERS[: len(order)]
    listed = "\n".join(f"{letter}. {options[at]}" for letter, at in zip(letters, order, strict=True))
    turn = render("solver", "turn", passage=passage, question=stem, options=listed).strip()
    words = {letter: (letter.lower(),) for letter in letters}
    said = oracle.ask(render("solver", "system").strip(), turn, words).probabilities
    found = [0.0] * len(order)
    for letter, at in zip(letters, order, strict=True):
        found[at] = said[letter]
    return found
