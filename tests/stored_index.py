"""What lies on the disk of an index, for tests that ask whether it is sound."""

import sqlite3
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from chromadb.config import Settings
from hash_embedder import HashEmbedder

from knowledge.index import Changes, Index

LONG = "This paragraph is long enough that it need not join the next one, as a short one would."
THREE = f"# T\n\nFirst. {LONG}\n\nSecond. {LONG}\n\nThird. {LONG}\n"


def counts(changes: Changes) -> tuple[int, int, int, int]:
    return len(changes.added), len(changes.changed), len(changes.removed), changes.unchanged


def assert_sound(index: Index) -> None:
    """Every passage has its own vector, and there is no other vector."""
    with sqlite3.connect(index_folder(index) / "catalog.sqlite") as db:
        lookups = dict(db.execute("SELECT id, lookup FROM passage").fetchall())
        for table in ("passage", "file"):
            words = {row for (row,) in db.execute(f"SELECT rowid FROM {table}_words")}
            assert words == {row for (row,) in db.execute(f"SELECT number FROM {table}")}
    db.close()
    found = {i: vector for vector, i in stored_vectors(index)}
    assert found.keys() == lookups.keys()
    expected = HashEmbedder().embed(list(lookups.values()), "query")
    for vector, passage_id in zip(expected, lookups, strict=True):
        np.testing.assert_allclose(found[passage_id], vector, atol=1e-6)


def index_folder(index: Index) -> Path:
    return index._folder


def stored_vectors(index: Index) -> list[tuple[Any, str]]:
    index.store.refresh()
    client = chromadb.PersistentClient(str(index_folder(index) / "vectors"), Settings(anonymized_telemetry=False))
    found = client.get_collection("passages", embedding_function=None).get(include=["embeddings"])
    client.close()
    return list(zip(found["embeddings"], found["ids"], strict=True))
