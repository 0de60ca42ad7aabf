"""Who makes items without a model, and of which types."""

from typing import Final

from tools.quiz import calc, graph, text
from tools.quiz.item import Origin
from tools.quiz.maker import Maker
from tools.quiz.wish import Wish

# Each kind has its turn in a quiz: what the graph says, what the notes say, what can be computed.
KINDS: Final[tuple[tuple[Origin, tuple[Maker, ...]], ...]] = (
    ("graph", graph.MAKERS),
    ("graph", text.MAKERS),
    ("calculator", calc.MAKERS),
)


def makers_for(wish: Wish) -> list[tuple[Maker, ...]]:
    """Return the makers of the origins wanted, by kind."""
    return [makers for origin, makers in KINDS if not wish.origins or origin in wish.origins]
