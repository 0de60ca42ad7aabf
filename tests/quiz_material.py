"""The built-in notes as quiz material, read from their files without an index."""

from functools import cache

from knowledge import reader
from knowledge.catalog import Passage
from knowledge.graph import Graph
from knowledge.index import BUILT_IN
from knowledge.library import build
from knowledge.reader import Folder
from tools.quiz.material import Material


@cache
def material() -> Material:
    """Return the built-in notes; the same object at every call."""
    folder = Folder(BUILT_IN, own=False)
    readings = [(str(path), reader.read(path, folder)) for path in reader.files(folder)]
    library = build([reading.document for _, reading in readings if reading.document])
    passages = [
        Passage(f"{path}:{n}", path, e.heading, e.start, e.end, e.text, e.language, e.lookup, e.entry)
        for path, reading in readings
        for n, e in enumerate(reading.excerpts)
    ]
    return Material(library, Graph(library), passages)
