"""Which items make a quiz: of many kinds, about what was asked for, no two alike."""

import random
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from itertools import chain, islice
from math import ceil
from typing import Final

from rapidfuzz import fuzz

from tools.quiz.item import Item, key_of
from tools.quiz.makers import makers_for
from tools.quiz.material import Material
from tools.quiz.wish import Wish

ALIKE: Final = 92  # of 100; stems that share more than this ask the same
_KINDS: Final = 4  # a quiz has at least so many types, where there are as many
_DRAWN: Final = 12  # candidates looked at for each item, before variety gives way to speed


class Selection:
    """Items chosen so far, and what a further one must not repeat."""

    def __init__(self, known: Collection[str], items: Sequence[Item]) -> None:
        self.items = list(items)
        self._known = known  # facts that are left out
        self._types = Counter(item.type for item in items)
        self._concepts = Counter(item.concept for item in items)

    def take(self, item: Item, *, most_of_type: int, most_of_concept: int) -> bool:
        """Add an item where it brings variety and is like no other; tell whether it was added."""
        if self._types[item.type] >= most_of_type or self._concepts[item.concept] >= most_of_concept:
            return False
        if item.fact in self._known or any(alike(item, other) for other in self.items):
            return False
        self.items.append(item)
        self._types[item.type] += 1
        self._concepts[item.concept] += 1
        return True


def alike(one: Item, other: Item) -> bool:
    """Tell whether two items ask the same, or one gives away the key of the other."""
    if one.fact == other.fact or _template(one) == _template(other) != "":
        return True
    same_key = key_of(one) == key_of(other)
    same_concept = one.concept == other.concept and isinstance(key_of(one), str)
    return same_key and (same_concept or fuzz.ratio(one.stem, other.stem) > ALIKE)


def _template(item: Item) -> str:
    """Return what a calculated item asks, whatever its numbers."""
    return ":".join(item.fact.split(":")[:2]) if item.origin == "calculator" else ""


def select(
    material: Material,
    concepts: Sequence[str],
    wish: Wish,
    rng: random.Random,
    known: Collection[str] = (),
    items: Sequence[Item] = (),
) -> list[Item]:
    """Return these items and further ones on the concepts, as many as wanted or as there are, easy ones first.

    Each concept has its turn, then each type; facts in `known` are left out.
    """
    chosen = Selection(known, items)
    of_type = ceil(wish.n / min(_KINDS, len(wish.types) or _KINDS))
    of_concept = max(1, wish.n // max(1, len(concepts)))
    enough = min(wish.n, len(items) + of_concept * len(concepts))
    wanted = (item for item in _drawn(material, concepts, wish, rng) if wish.allows(item.type, item.level))
    drawn = islice(wanted, _DRAWN * wish.n)
    passed: list[Item] = []
    for looseness in (1, 2, wish.n):  # where variety cannot be had, more of the same kind
        goal = enough if looseness == 1 else wish.n
        candidates, passed = chain(passed, drawn), []
        while len(chosen.items) < goal and (item := next(candidates, None)) is not None:
            if not chosen.take(item, most_of_type=looseness * of_type, most_of_concept=looseness * of_concept):
                passed.append(item)
    return sorted(chosen.items, key=lambda item: item.level)


def _drawn(material: Material, concepts: Sequence[str], wish: Wish, rng: random.Random) -> Iterator[Item]:
    """Yield candidates: one of each concept in turn, each of another kind, each from another maker of that kind."""
    return _in_turn([_deck(material, concept, wish, rng) for concept in concepts])


def _deck(material: Material, concept: str, wish: Wish, rng: random.Random) -> Iterator[Item]:
    kinds: list[Iterator[Item]] = []
    for makers in makers_for(wish):
        own = random.Random(rng.random())  # noqa: S311 - no secret
        made = [make(material, concept, wish.language, own) for make in own.sample(makers, len(makers))]
        kinds.append(_in_turn(made))
    rng.shuffle(kinds)
    return _in_turn(kinds)


def _in_turn(sources: list[Iterator[Item]]) -> Iterator[Item]:
    """Yield one item of each source in turn until all are used up; none is begun before its turn."""
    running = list(sources)
    while running:
        for source in list(running):
            item = next(source, None)
            if item is None:
                running.remove(source)
            else:
                yield item
