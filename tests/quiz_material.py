"""The built-in notes as quiz material, read from their files without an index."""

from functools import cache

from knowledge.index import BUILT_IN
from knowledge.reader import Folder
from tools.quiz.material import Material, read


@cache
def material() -> Material:
    """Return the built-in notes; the same object at every call."""
    return read(Folder(BUILT_IN, own=False))
