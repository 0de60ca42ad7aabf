"""Items in bulk: more than a quiz holds, and of each concept as many as it gives."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil
from typing import Final

from knowledge.vocabulary import Language
from tools.quiz.item import Item, key_of
from tools.quiz.material import Material
from tools.quiz.selection import alike, select
from tools.quiz.wish import MOST, Wish

_OF_EACH: Final = 8  # items of one concept; further ones repeat what was asked


def bulk(material: Material, concepts: Sequence[str], wish: Wish, n: int) -> list[Item]:
    """Return up to `n` items as the wish has them, easy ones first, no two alike, and of each concept about as many.

    A wish alone holds no more than a quiz.
    """
    rng = random.Random(wish.seed)  # noqa: S311 - no secret
    order = list(concepts)
    items: list[Item] = []
    of_key: dict[str, list[Item]] = defaultdict(list)  # only items with one key can be alike
    facts: set[str] = set()
    before = -1
    while order and before < len(items) < n:
        before = len(items)
        of_each = replace(wish, n=min(MOST, ceil((n - before) / len(order))))
        rng.shuffle(order)
        for concept in order:
            further = select(material, [concept], of_each, rng, facts) if len(items) < n else []
            facts.update(item.fact for item in further)
            for item in further:
                others = of_key[repr(key_of(item))]
                if not any(alike(item, other) for other in others):
                    others.append(item)
                    items.append(item)
    return sorted(items[:n], key=lambda item: item.level)


def each(material: Material, concepts: Sequence[str], language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on one concept after the other, made when they are asked for."""
    order = list(concepts)
    rng.shuffle(order)
    for concept in order:
        yield from select(material, [concept], Wish(n=_OF_EACH, language=language), rng)
