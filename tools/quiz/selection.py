"""Which items make a quiz: of many kinds, about what was asked for, no two alike."""

import random
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from math import ceil
from typing import Final

from rapidfuzz import fuzz

from knowledge.vocabulary import Language
from tools.quiz.item import Item, key_of
from tools.quiz.material import Material
from tools.quiz.wish import Wish

ALIKE: Final = 92  # of 100; stems that share more than this ask the same
_KINDS: Final = 4  # a quiz has at least so many types, where there are as many
_DRAWN: Final = 6  # candidates looked at for each item, before variety gives way to speed

Maker = Callable[[Material, str, Language, random.Random], Iterator[Item]]


class Selection:
    """Items chosen so far, and what a further one must not repeat."""

    def __init__(self, wish: Wish, known: Collection[str] = ()) -> None:
        self.items: list[Item] = []
        self._wish = wish
        self._known = known  # facts the learner was asked lately
        self._types: Counter[str] = Counter()
        self._concepts: Counter[str] = Counter()

    @property
    def is_full(self) -> bool:
        """Whether there are as many as wanted."""
        return len(self.items) >= self._wish.n

    def take(self, item: Item, *, most_of_type: int, most_of_concept: int) -> bool:
        """Add an item where it is wanted, brings variety, and is like no other; tell whether it was."""
        if not self._wish.allows(item.type, item.level) or self._types[item.type] >= most_of_type:
            return False
        if self._concepts[item.concept] >= most_of_concept or item.fact in self._known or self._is_like_another(item):
            return False
        self.items.append(item)
        self._types[item.type] += 1
        self._concepts[item.concept] += 1
        return True

    def _is_like_another(self, item: Item) -> bool:
        return any(alike(item, other) for other in self.items)


def alike(one: Item, other: Item) -> bool:
    """Tell whether two items ask the same, or one gives away the key of the other."""
    if one.fact == other.fact or fuzz.ratio(one.stem, other.stem) > ALIKE and key_of(one) == key_of(other):
        return True
    return one.concept == other.concept and isinstance(key_of(one), str) and key_of(one) == key_of(other)


def select(
    material: Material,
    concepts: Sequence[str],
    wish: Wish,
    makers: Sequence[Maker],
    rng: random.Random,
    known: Collection[str] = (),
) -> list[Item]:
    """Return items on these concepts, the first ones first, easy ones before hard ones; fewer where there are no more.

    Facts in `known` are left out.
    """
    chosen = Selection(wish, known)
    kinds = len(wish.types) or _KINDS
    spread = ceil(wish.n / max(1, len(concepts)))
    left_over: list[Item] = []
    drawn = 0
    for item in _drawn(material, concepts, wish.language, makers, rng):
        drawn += 1
        if chosen.is_full or (drawn > _DRAWN * wish.n and len(left_over) >= wish.n):
            break
        if not chosen.take(item, most_of_type=ceil(wish.n / kinds), most_of_concept=spread) and wish.allows(
            item.type, item.level
        ):
            left_over.append(item)
    for looseness in (2, wish.n):  # where variety cannot be had, more of the same kind
        for item in left_over:
            if chosen.is_full:
                break
            chosen.take(item, most_of_type=looseness * ceil(wish.n / kinds), most_of_concept=looseness * spread)
    return sorted(chosen.items, key=lambda item: item.level)


def _drawn(
    material: Material, concepts: Sequence[str], language: Language, makers: Sequence[Maker], rng: random.Random
) -> Iterator[Item]:
    """Yield candidates, one of each concept in turn, each from another maker."""
    decks = [_deck(material, concept, language, makers, rng) for concept in concepts]
    while decks:
        for deck in list(decks):
            item = next(deck, None)
            if item is None:
                decks.remove(deck)
            else:
                yield item


def _deck(
    material: Material, concept: str, language: Language, makers: Sequence[Maker], rng: random.Random
) -> Iterator[Item]:
    """Yield the candidates of one concept, one of each maker in turn; a maker is not begun before its turn."""
    shuffled = list(makers)
    rng.shuffle(shuffled)
    running = [make(material, concept, language, random.Random(rng.random())) for make in shuffled]  # noqa: S311 - no secret
    while running:
        for maker in list(running):
            item = next(maker, None)
            if item is None:
                running.remove(maker)
            else:
                yield item
