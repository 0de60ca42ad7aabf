"""What makes items on a concept."""

import random
from collections.abc import Callable, Iterator

from knowledge.vocabulary import Language
from tools.quiz.item import Item
from tools.quiz.material import Material

# Yields items on the note of this id in a random order that depends on the last argument alone.
Maker = Callable[[Material, str, Language, random.Random], Iterator[Item]]
