"""What other processes do to an index: `index_process.py COMMAND HOME NOTES`, one JSON object on standard output.

update    bring the index up to date; says "started" on standard error once it embeds, then waits for a line
look      for each line of standard input: the number of notes, and whether the line is found
survive   change notes and update in a process that is killed at a random moment, ROUNDS times; then update once
"""

import json
import os
import random
import signal
import sys
import time
from dataclasses import asdict
from pathlib import Path

import llama_index.vector_stores.chroma  # noqa: F401 - loaded, with Chroma, before `survive` forks
from hash_embedder import HashEmbedder

from knowledge.embedding import Role, Vectors
from knowledge.index import Changes, Index
from knowledge.reader import Folder
from knowledge.retrieval import search

ROUNDS = 12
PARAGRAPH = (
    "Note {name} revision {revision} says in paragraph {i} that {word} matters, at some length, to be a passage."
)


class WaitingEmbedder(HashEmbedder):
    """Says that it has been asked, and waits for a line before it answers the first time."""

    def embed(self, texts: list[str], role: Role) -> Vectors:
        if not self.texts:
            sys.stderr.write("started\n")
            sys.stderr.flush()
            sys.stdin.readline()
        return super().embed(texts, role)


class SlowEmbedder(HashEmbedder):
    """Leaves time to be killed in."""

    def embed(self, texts: list[str], role: Role) -> Vectors:
        time.sleep(0.02)
        return super().embed(texts, role)


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def changes_of(changes: Changes) -> str:
    return json.dumps(asdict(changes), default=str)


def write(notes: Path, name: str, revision: int, chance: random.Random) -> None:
    paragraphs = [PARAGRAPH.format(name=name, i=i, word=chance.random(), revision=revision) for i in range(4)]
    (notes / f"{name}.md").write_text("\n\n".join(paragraphs))


def edit(notes: Path, revision: int, chance: random.Random) -> None:
    """Add some notes, change some, remove some."""
    names = sorted(path.stem for path in notes.glob("*.md"))
    for name in chance.sample(names, len(names) // 4):
        write(notes, name, revision, chance)
    for name in chance.sample(names, len(names) // 8):
        (notes / f"{name}.md").unlink()
    for i in range(12):
        write(notes, f"r{revision}-{i}", revision, chance)


def survive(home: Path, notes: Path) -> str:
    """Fork, so that the libraries are loaded only once; nothing is opened before."""
    chance = random.Random(7)
    killed = 0
    for revision in range(ROUNDS):
        edit(notes, revision, chance)
        child = os.fork()
        if child == 0:
            index = Index(home, [Folder(notes, own=True)], SlowEmbedder())
            index.update()
            os._exit(0)
        time.sleep(chance.uniform(0.02, 0.6))
        os.kill(child, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
    changes = Index(home, [Folder(notes, own=True)], HashEmbedder()).update()
    return json.dumps({"killed": killed, "locked": changes.locked, "pending": changes.pending})


def look(home: Path, notes: Path) -> None:
    index = Index(home, [Folder(notes, own=True)], HashEmbedder())
    for line in sys.stdin:
        found = any(evidence.text == line.strip() for evidence in search(index, line.strip(), k=3))
        say(json.dumps({"notes": len(index.library.notes), "found": found}))


def main() -> None:
    command, home, notes = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if command == "update":
        say(changes_of(Index(home, [Folder(notes, own=True)], WaitingEmbedder()).update()))
    elif command == "survive":
        say(survive(home, notes))
    elif command == "look":
        look(home, notes)


if __name__ == "__main__":
    main()
