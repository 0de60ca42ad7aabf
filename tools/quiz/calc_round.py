"""Goes through the templates of a concept round by round, so that items near each other ask different things."""

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from knowledge.vocabulary import Language
from tools.quiz.calc_problem import Setting
from tools.quiz.item import Item
from tools.quiz.material import Material

Template = Callable[[Setting], Item | None]

ROUNDS: Final = 4
_TRIES: Final = 12  # a draw that makes no sense is drawn again


def rounds(
    templates: Mapping[str, tuple[Template, ...]],
    material: Material,
    concept: str,
    language: Language,
    rng: random.Random,
) -> Iterator[Item]:
    """Yield items on a concept, one of each of its templates in each round, none of them on the same fact."""
    setting = Setting(material, concept, language, rng)
    own = templates.get(concept, ())
    seen: set[str] = set()
    for _ in range(ROUNDS):
        for template in rng.sample(own, len(own)):
            item = _drawn(template, setting, seen)
            if item is not None:
                seen.add(item.fact)
                yield item


def _drawn(template: Template, setting: Setting, seen: set[str]) -> Item | None:
    for _ in range(_TRIES):
        item = template(setting)
        if item is not None and item.fact not in seen:
            return item
    return None
