"""Who makes items without a model, and of which types."""

from collections.abc import Mapping
from typing import Final

from tools.quiz import calc, graph, text
from tools.quiz.item import Origin
from tools.quiz.maker import Maker
from tools.quiz.wish import Wish

MAKERS: Final[Mapping[Origin, tuple[Maker, ...]]] = {
    "graph": (*graph.MAKERS, *text.MAKERS),
    "calculator": calc.MAKERS,
    "model": (),
}


def makers_for(wish: Wish) -> list[Maker]:
    """Return the makers of the origins wanted."""
    return [maker for origin in wish.origins or MAKERS for maker in MAKERS[origin]]
