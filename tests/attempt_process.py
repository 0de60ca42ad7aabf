"""What other processes do to a store of attempts: `attempt_process.py COMMAND WHERE ...`.

write WHERE LEARNER PREFIX COUNT   store so many attempts, and print each id once it is acknowledged
survive WHERE ROUNDS SEED          store in processes that are killed at random moments; print a JSON object:
                                   how many were killed, acknowledged and stored, which were lost or changed
"""

import json
import os
import random
import signal
import sqlite3
import sys
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from learner.attempt import Attempt
from learner.database import FILE
from learner.store import AttemptStore

_START = datetime(2026, 3, 1, tzinfo=UTC)
_LONGEST_S = 0.4
LEARNERS = ("anna", "ben")


def made(id: str, n: int, learner: str) -> Attempt:
    """An attempt that follows from its id, so that any change to it shows."""
    response = f"{id} " * (n * 37 % 400)
    at = _START + timedelta(minutes=n)
    return Attempt(id, learner, f"c{n % 7}", n % 3 > 0, at, fact=f"f{n}", response=response, item=response)


def write(where: str, learner: str, prefix: str, number: int) -> None:
    with closing(AttemptStore(where)) as store:
        for n in range(number):
            store.add(made(f"{prefix}{n}", n, learner))
            sys.stdout.write(f"{prefix}{n}\n")
            sys.stdout.flush()


def survive(home: Path, rounds: int, seed: int) -> dict[str, object]:
    """Fork, so that the libraries are loaded only once; the store is closed whenever a child begins."""
    chance = random.Random(seed)
    acknowledged: set[tuple[str, str]] = set()
    killed = 0
    faults: list[str] = []
    for number in range(rounds):
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(reader)
            _store_for_ever(home, number, writer)
        os.close(writer)
        time.sleep(chance.uniform(0, _LONGEST_S))
        os.kill(child, signal.SIGKILL)
        killed += os.WIFSIGNALED(os.waitpid(child, 0)[1])
        with os.fdopen(reader) as said:
            lines = said.read().split("\n")[:-1]  # the last one has no end
        acknowledged |= {(line.split()[0], line.split()[1]) for line in lines}
        faults += _faults(home, acknowledged)
    with closing(AttemptStore(home)) as store:
        stored = sum(len(store.attempts(learner)) for learner in LEARNERS)
    return {"killed": killed, "acknowledged": len(acknowledged), "stored": stored, "faults": faults[:10]}


def _store_for_ever(home: Path, number: int, writer: int) -> None:
    store = AttemptStore(home)
    for n in count():
        learner = LEARNERS[n % 2]
        id = f"{number}-{n}"
        store.add(made(id, n, learner))
        os.write(writer, f"{learner} {id}\n".encode())


def _faults(home: Path, acknowledged: set[tuple[str, str]]) -> list[str]:
    file = home / FILE
    if not file.exists():
        return [f"{id} is lost" for _, id in acknowledged]
    with closing(sqlite3.connect(file)) as db:
        state = db.execute("PRAGMA integrity_check").fetchone()[0]
    faults = [] if state == "ok" else [f"the file is damaged: {state}"]
    with closing(AttemptStore(home)) as store:
        found = {(learner, one.id): one for learner in LEARNERS for one in store.attempts(learner)}
        changes = {learner: store.mark(learner).changes for learner in LEARNERS}
    faults += [f"{id} of {learner} is lost" for learner, id in acknowledged - found.keys()]
    for (learner, id), one in found.items():
        if one != made(id, int(id.split("-")[1]), learner):
            faults.append(f"{id} of {learner} is changed")
    for learner in LEARNERS:
        if changes[learner] != sum(name == learner for name, _ in found):
            faults.append(f"the changes of {learner} are not the attempts")
    return faults


def main() -> None:
    command, where, *rest = sys.argv[1:]
    if command == "write":
        write(where, rest[0], rest[1], int(rest[2]))
    elif command == "survive":
        sys.stdout.write(json.dumps(survive(Path(where), int(rest[0]), int(rest[1]))) + "\n")


if __name__ == "__main__":
    main()
