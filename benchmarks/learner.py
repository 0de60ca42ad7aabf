"""A simulated learner against the schedule: `python -m benchmarks.learner [simulate] [compare] [quick] [kill]`.

simulate   200 days with a pause of 30: reviews a day, true recall against the prediction, mastery rising and falling
compare    the same reviews in the order that is due, in random order, and the longest unseen first
quick      seconds to derive progress from 20,000 attempts
kill       50 processes killed while they store: what was acknowledged, stored, lost

The simulated memory is not ours: each concept is forgotten exponentially, with a half-life of its own that success
lengthens, by more the more was forgotten, and failure shortens. It knows nothing of FSRS or of mastery.
"""

import json
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from learner.attempt import Attempt
from learner.course import course
from learner.mastery import Studied, mastery_of, recall_of, studied
from learner.progress import KNOWN, due, progress
from learner.record import Records
from learner.schedule import GUESS, retrievability
from learner.store import AttemptStore

DAYS = 200
PAUSE = range(100, 130)
CONCEPTS = 120
NEW_A_DAY = 3
MOST_A_DAY = 40
START = datetime(2026, 1, 1, 19, tzinfo=UTC)
DAY = timedelta(days=1)
TYPES = ["single_choice", "true_false", "multiple_choice", "cloze", "numeric", "matching"]

Order = Callable[["Learner", datetime, random.Random], list[str]]


Prediction = tuple[float, float, float, bool]  # by FSRS, by FSRS and the last answers, the truth, what came of it


@dataclass
class Memory:
    """What is true of one concept in the learner's head; times in days."""

    half_life: float
    ease: float
    last: datetime | None = None

    def recall(self, at: datetime) -> float:
        """Return the true chance of recall: 0 for what was never seen."""
        return 0.0 if self.last is None else 2 ** (-((at - self.last) / DAY) / self.half_life)

    def review(self, at: datetime, remembered: bool) -> None:
        """Learn from an answer and its explanation."""
        forgotten = 1 - self.recall(at)
        if self.last is not None and remembered:
            self.half_life *= 1 + self.ease * forgotten
        elif self.last is not None:
            self.half_life = max(0.7, self.half_life * 0.5)
        self.last = at


@dataclass
class Learner:
    """A head, and the record of what it answered."""

    memories: dict[str, Memory]
    known: dict[str, Studied] = field(default_factory=dict[str, Studied])
    predictions: list[Prediction] = field(default_factory=list["Prediction"])
    answered: int = 0

    @property
    def started(self) -> list[str]:
        """The concepts seen so far."""
        return [concept for concept, memory in self.memories.items() if memory.last is not None]

    def answer(self, concept: str, at: datetime, chance: random.Random) -> None:
        """Answer an item: from memory, else by guessing; then see the explanation."""
        memory = self.memories[concept]
        kind = chance.choice(TYPES)
        recall = memory.recall(at)
        remembered = chance.random() < recall
        correct = remembered or chance.random() < GUESS[kind]
        before = self.known.get(concept)
        if before and at - before.card.last >= DAY:
            self.predictions.append((retrievability(before.card, at), recall_of(before, at), recall, remembered))
        self.answered += 1
        fact = f"{concept}-{chance.randrange(12)}"
        attempt = Attempt(
            str(self.answered), "sim", concept, correct, at, fact=fact, type=kind, score=float(correct), seconds=30.0
        )
        after = studied([attempt], before)
        assert after is not None
        self.known[concept] = after
        memory.review(at, remembered)

    def true_recall(self, at: datetime) -> float:
        """Return the mean true chance of recall over what was started."""
        return statistics.mean(self.memories[concept].recall(at) for concept in self.started)

    def mean_mastery(self, at: datetime) -> float:
        """Return the mean mastery over what was started."""
        return statistics.mean(mastery_of(self.known[concept], at).value for concept in self.started)


def newcomer(seed: int) -> Learner:
    """Return a learner who knows nothing; concepts differ in how fast they are forgotten."""
    chance = random.Random(seed)
    return Learner(
        {f"c{n:03}": Memory(chance.lognormvariate(math.log(2.5), 0.5), chance.uniform(1.5, 5)) for n in range(CONCEPTS)}
    )


def as_due(learner: Learner, at: datetime, _chance: random.Random) -> list[str]:
    """The order of `atlas review`."""
    return [one.concept for one in due(learner.known, at)]


def at_random(learner: Learner, _at: datetime, chance: random.Random) -> list[str]:
    """Any order."""
    return chance.sample(learner.started, len(learner.started))


def longest_unseen(learner: Learner, _at: datetime, _chance: random.Random) -> list[str]:
    """The longest unseen first, whatever became of it."""
    return sorted(learner.started, key=lambda concept: learner.memories[concept].last or START)


def live(
    learner: Learner,
    order: Order,
    seed: int,
    quota: Sequence[int] | None = None,
    evening: Callable[[int, datetime], None] = lambda _day, _at: None,
) -> tuple[list[int], list[float]]:
    """Live the days; return the reviews of each day, and the true recall at its end.

    With a quota, as many reviews a day as there; else what is due, at most MOST_A_DAY. `evening` looks on.
    """
    chance = random.Random(seed)
    reviews: list[int] = []
    recall: list[float] = []
    for day in range(DAYS):
        at = START + day * DAY + timedelta(minutes=chance.uniform(-120, 120))
        todo: list[str] = []
        if day not in PAUSE:
            todo = order(learner, at, chance)[: MOST_A_DAY if quota is None else quota[day]]
            new = [concept for concept in learner.memories if concept not in learner.known][:NEW_A_DAY]
            for n, concept in enumerate([*todo, *new]):
                learner.answer(concept, at + timedelta(seconds=40 * n), chance)
        end = START + (day + 0.2) * DAY
        reviews.append(len(todo))
        recall.append(learner.true_recall(end))
        evening(day, end)
    return reviews, recall


def simulate() -> None:
    """Print the course of 200 days, and how well recall was predicted."""
    learner, course = newcomer(1), list[list[object]]()

    def look(day: int, at: datetime) -> None:
        if day in {9, 29, 49, 69, 99, 114, 129, 130, 133, 139, 149, 174, 199}:
            known = sum(mastery_of(one, at).settled >= KNOWN for one in learner.known.values())
            means = [learner.mean_mastery(at), learner.true_recall(at)]
            course.append([day + 1, len(learner.known), known, *(f"{mean:.2f}" for mean in means)])

    counts, _ = live(learner, as_due, 1, evening=look)
    print(
        f"{CONCEPTS} concepts, {NEW_A_DAY} new a day, at most {MOST_A_DAY} reviews a day, a pause on days 101 to 130.\n"
    )
    table(["After day", "Started", "Known", "Mastery, mean", "True recall, mean"], course)
    spans = [(0, 20), (20, 40), (40, 70), (70, 100), (130, 140), (140, 170), (170, 200)]
    rows = [[f"{a + 1} to {b}", f"{statistics.mean(counts[a:b]):.1f}", max(counts[a:b])] for a, b in spans]
    table(["Days", "Reviews a day, mean", "most"], rows)
    calibration(learner.predictions)


def calibration(predictions: list[Prediction]) -> None:
    """Print the predicted against the true recall at the reviews of the next day or later."""
    for which, name in enumerate(["FSRS", "FSRS and the last answers (`recall_of`)"]):
        bins: dict[int, list[Prediction]] = {}
        for one in predictions:
            bins.setdefault(min(9, int(one[which] * 10)), []).append(one)
        rows: list[list[object]] = []
        for n, found in sorted(bins.items()):
            means = [statistics.mean(one[column] for one in found) for column in (which, 2, 3)]
            rows.append([f"{n / 10:.1f} to {(n + 1) / 10:.1f}", len(found), *(f"{mean:.2f}" for mean in means)])
        table([f"Recall predicted by {name}", "Reviews", "predicted, mean", "true, mean", "remembered"], rows)
        error = statistics.mean(abs(one[which] - one[2]) for one in predictions)
        print(f"Mean absolute error: {error:.3f} over {len(predictions)} reviews.\n")


def compare() -> None:
    """Print the true recall under three orders of the same number of reviews a day."""
    orders: dict[str, Order] = {"as due": as_due, "random": at_random, "longest unseen first": longest_unseen}
    rows: dict[str, list[list[float]]] = {name: [] for name in orders}
    for seed in range(1, 6):
        quota: list[int] | None = None
        for name, order in orders.items():
            learner = newcomer(seed)
            reviews, recall = live(learner, order, seed, quota)
            quota = quota or reviews
            rows[name].append([statistics.mean(recall[:100]), recall[99], recall[129], recall[199], sum(reviews)])
    print("The same number of reviews on each day, in another order; means of five learners.\n")
    means = {name: [statistics.mean(column) for column in zip(*found, strict=True)] for name, found in rows.items()}
    lines = ([name, *(f"{value:.3f}" for value in found[:4]), round(found[4])] for name, found in means.items())
    table(["Order", "True recall, days 1 to 100", "day 100", "day 130, after the pause", "day 200", "Reviews"], lines)


def quick() -> None:
    """Print the seconds that progress over 20,000 attempts takes."""
    with tempfile.TemporaryDirectory() as home, closing(AttemptStore(Path(home))) as store:
        with store.adding("sim") as add:
            for start in range(0, 20_000, 500):
                add([(_numbered(n), ()) for n in range(start, start + 500)])
        records, now = Records(store), START + 400 * DAY
        rows: list[list[object]] = []
        for what in ("first, from the database", "again, nothing new", "after one more attempt"):
            if what.startswith("after"):
                store.add(Attempt("one more", "sim", "c1", True, now))
            began, used = time.perf_counter(), time.process_time()
            progress(records.of("sim").concepts, now, stage_of={}, prerequisites={})
            rows.append([what, f"{time.process_time() - used:.3f}", f"{time.perf_counter() - began:.3f}"])
        concepts = records.of("sim").concepts
        began, used = time.perf_counter(), time.process_time()
        course(concepts, dict.fromkeys(concepts, "inference"), now)
        rows.append(["how it came about", f"{time.process_time() - used:.3f}", f"{time.perf_counter() - began:.3f}"])
        began = time.perf_counter()
        for n in range(100):
            store.add(Attempt(f"t{n}", "sim", "c1", True, now))
        rows.append(["one attempt stored, on disk", "", f"{(time.perf_counter() - began) / 100:.3f}"])
    table(["Progress over 20,000 attempts", "CPU s", "s"], rows)


def _numbered(n: int) -> Attempt:
    at, correct = START + n * DAY / 55, n % 5 > 0
    fields = {"fact": f"f{n % 900}", "type": "single_choice", "item": "x" * 1500}
    return Attempt(str(n), "sim", f"c{n % 260}", correct, at, score=float(correct), **fields)


def kill(rounds: int = 50) -> None:
    """Print what is left after so many kills."""
    script = Path(__file__).resolve().parents[1] / "tests" / "attempt_process.py"
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, str(script), "survive", home, str(rounds), "7"]
        said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    table(["Killed", "Acknowledged", "Stored", "Lost, changed or damaged"],
          [[said["killed"], said["acknowledged"], said["stored"], len(said["faults"])]])  # fmt: skip
    print("\n".join(said["faults"]))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print(f"| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print()


def main() -> None:
    """Run the named measurements, or all."""
    for name in sys.argv[1:] or ["simulate", "compare", "quick", "kill"]:
        {"simulate": simulate, "compare": compare, "quick": quick, "kill": kill}[name]()


if __name__ == "__main__":
    main()
