"""A quiz: items on a topic, made at once from the graph and the calculators."""

from dataclasses import dataclass

from tools.quiz.item import Item


@dataclass(frozen=True, slots=True)
class Quiz:
    """Items in the order in which they are asked; `notices` say what is not as wished."""

    id: str
    topic: str  # as the learner reads it
    concepts: tuple[str, ...]
    items: tuple[Item, ...]
    notices: tuple[str, ...] = ()
