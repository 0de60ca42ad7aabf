"""Are the keys right? Items over all stages in both languages, checked by other means than those that made them.

    python -m evals.quiz [--items 500] [--seed 1] [--save] [--print 50]

The checks read the notes' files with a YAML parser of their own and know the items only as a learner sees them, plus
the name of the fact that each asks: a relation must stand in the front matter for the key and for no other option, a
quotation must stand in the file where it is cited, a log must match the signatures of the key's pitfall and of no
other option's, a number must follow from what the stem says. `--save` writes the table to `evals/quiz.md`; `--print`
prints items for a person to read.
"""

import argparse
import random
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml

from knowledge.index import BUILT_IN
from knowledge.reader import Folder
from knowledge.vocabulary import Language
from tools.quiz.asked import asked
from tools.quiz.grading import grade, right
from tools.quiz.item import TYPES, Item, key_of
from tools.quiz.material import Material, read
from tools.quiz.response import response_of
from tools.quiz.selection import alike, select
from tools.quiz.wish import Wish

TABLE = Path(__file__).with_suffix(".md")
SYMMETRIC = {"alternative_to", "works_with", "contrasts_with"}
CRITICAL = 7.815  # chi-squared with 3 degrees of freedom at 5 %


@dataclass
class File:
    """A note as its files have it."""

    id: str
    front: dict[str, Any]
    texts: dict[str, str] = field(default_factory=dict)  # language -> body

    def names(self) -> set[str]:
        """All it is called, in lower case."""
        return {name.lower() for name in [*self.front["title"].values(), *self.front.get("aliases", []), self.id]}

    def edges(self, kind: str) -> set[str]:
        """The notes that it has this relation to."""
        if kind == "prerequisite":
            return set(self.front.get("prerequisites", []))
        return {r["target"] for r in self.front.get("relations", []) if r["type"] == kind}

    def all_edges(self) -> set[str]:
        """The notes that it has any relation to."""
        return self.edges("prerequisite") | {r["target"] for r in self.front.get("relations", [])}


class Files:
    """All built-in notes."""

    def __init__(self) -> None:
        self.notes: dict[str, File] = {}
        for path in sorted(BUILT_IN.rglob("*.md")):
            if path.name.endswith(".zh.md"):
                continue
            text = path.read_text(encoding="utf-8")
            _, front, body = text.split("---\n", 2)
            note = File(path.stem, yaml.safe_load(front), {"en": body})
            chinese = path.with_suffix(".zh.md")
            if chinese.exists():
                note.texts["zh"] = chinese.read_text(encoding="utf-8")
            self.notes[note.id] = note
        for note in list(self.notes.values()):
            for relation in note.front.get("relations", []):
                if relation["type"] in SYMMETRIC and relation["target"] in self.notes:
                    other = self.notes[relation["target"]].front.setdefault("relations", [])
                    if not any(r["type"] == relation["type"] and r["target"] == note.id for r in other):
                        other.append({"type": relation["type"], "target": note.id})
        self.titled: dict[str, set[str]] = defaultdict(set)
        for note in self.notes.values():
            for name in note.names():
                self.titled[name].add(note.id)

    def note_of(self, words: str) -> File | None:
        """The note that an option names, however it is dressed."""
        bare = words.strip(" .。“”\"'*").lower()
        for name in (bare, bare.removeprefix("the "), bare.removeprefix("a "), bare.removeprefix("an ")):
            if self.titled.get(name):
                return self.notes[next(iter(sorted(self.titled[name])))]
        return None

    def named_in(self, words: str) -> list[str]:
        """The notes that a sentence names in its order, the longest name where several stand at one place."""
        rest, found = words.lower(), {}
        for name in sorted(self.titled, key=len, reverse=True):
            spot = re.search(rf"(?<![a-z0-9]){re.escape(name)}(?![a-z0-9])", rest)
            if len(name) > 1 and spot:
                rest = rest.replace(name, "\n" * len(name))
                found[spot.start()] = sorted(self.titled[name])
        return [note for place in sorted(found) for note in found[place]]

    def before(self, note: str) -> set[str]:
        """All that a note builds on, near and far."""
        found, waiting = set[str](), [note]
        while waiting:
            new = self.notes[waiting.pop()].edges("prerequisite") - found
            found |= new
            waiting += new
        return found


Check = Callable[[Item, Files], Iterator[str]]


def form(item: Item, files: Files) -> Iterator[str]:
    """What holds for every item."""
    options = [" ".join(option.lower().split()) for option in item.options]
    if len(set(options)) != len(options):
        yield "two options are the same"
    if item.type in {"single_choice", "multiple_choice", "reading"} and not 3 <= len(options) <= 6:
        yield f"{len(options)} options"
    if item.concept not in files.notes:
        yield "its concept is no note"
    if "$" in re.sub(r"\$[^$]+\$", "", item.stem) and "USD" not in item.stem:
        yield "a variable is not filled in"
    chinese = len(re.findall("[\u4e00-\u9fff]", item.stem))
    if (item.language == "zh") != (chinese >= 2) and item.exhibit is None:
        yield "the stem is in the other language"
    for citation in item.citations:
        if Path(citation.path).read_text(encoding="utf-8")[citation.start : citation.end] != citation.quote:
            yield "a quotation does not stand where it is cited"
    if not item.citations or not item.explanation:
        yield "there is no reason or no source"
    if item.type in {"single_choice", "reading", "true_false"}:
        wrong = [option for i, option in enumerate(item.options) if i not in item.key]
        told = {m.answer for m in item.misconceptions}
        if any(option not in told for option in wrong):
            yield "a wrong option has no misconception"
        key = str(key_of(item)).lower()
        if (
            item.type != "true_false"
            and key in item.stem.lower()
            and not any(o.lower() in item.stem.lower() for o in wrong)
        ):
            yield "the stem gives the key away"


def grading(item: Item, files: Files) -> Iterator[str]:
    """The key, typed as a learner would, is right."""
    letters = "ABCDEFGH"
    match item.type:
        case "matching":
            typed = " ".join(f"{n}-{letters[option]}" for n, option in enumerate(item.key, 1))
        case "numeric":
            assert item.quantity is not None
            typed = f"{item.quantity.value} {item.quantity.unit}"
        case "cloze" | "short_answer":
            typed = item.accepted[0]
        case _:
            typed = " ".join(letters[position] for position in item.key)
    if not grade(item, response_of(item, typed)).correct:
        yield "its own key is graded wrong"


def relation(item: Item, files: Files) -> Iterator[str]:
    """A relation holds for the key and for no other option."""
    kind, source, target = item.fact.split(":")[:3]
    if item.type == "true_false":
        yield from _statement(item, files, kind)
        return
    options = [files.note_of(option) for option in item.options]
    if any(note is None for note in options):
        yield from _turned(item, files, kind)
        return
    ids = [note.id for note in options if note]
    asks_target = target == "*" or target in ids  # else the source is what is asked for
    subject = source if asks_target else target
    for position, note in enumerate(ids):
        edge = (subject, note) if asks_target else (note, subject)
        reached = files.before(edge[0]) if kind == "prerequisite" else files.notes[edge[0]].edges(kind)
        there = edge[1] in reached
        if there != (position in item.key):
            yield f"{kind} of {edge} is {there}"
        back = files.before(edge[1]) if kind == "prerequisite" else set[str]()  # the other way round is a fair mistake
        tied = {note} & files.notes[subject].all_edges() | {subject} & files.notes[note].all_edges()
        if position not in item.key and tied and edge[0] not in back:
            yield f"the wrong {note!r} is tied to {subject!r}"


def _turned(item: Item, files: Files, kind: str) -> Iterator[str]:
    """Of several statements, one has its two parties the right way round."""
    for position, option in enumerate(item.options):
        if _holds(option, files, kind) != (position in item.key):
            yield f"the statement {option!r} is not what it should be"


def _statement(item: Item, files: Files, kind: str) -> Iterator[str]:
    said = re.sub(r"^(True or false\?|判断对错[:：])", "", item.stem).strip()
    if _holds(said, files, kind) != (item.key == (0,)):
        yield f"the statement {said!r} is not what the key says"


def _holds(statement: str, files: Files, kind: str) -> bool:
    """Whether the first note that a statement names stands in the relation to one that it names later."""
    named = files.named_in(statement)
    pairs = [(a, b) for i, a in enumerate(named) for b in named[i + 1 :] if a != b]
    if kind == "occurs_in":  # only a failure can: whichever is named first
        pairs += [(b, a) for a, b in pairs]
    return any(b in files.notes[a].edges(kind) for a, b in pairs)


def chain(item: Item, files: Files) -> Iterator[str]:
    """Each step of a path of learning is a direct prerequisite of the next, and nothing else orders them."""
    ids = item.fact.partition(":")[2].split(">")
    shown = [files.note_of(item.options[position]) for position in item.key]
    if [note.id if note else None for note in shown] != ids:
        yield "the order shown is not that of the fact"
    for before, after in pairwise(ids):
        if before not in files.notes[after].edges("prerequisite"):
            yield f"{before!r} is no prerequisite of {after!r}"


def described(item: Item, files: Files) -> Iterator[str]:
    """A description is that of the note it is matched with, but for its names."""
    concept = item.fact.split(":")[1]
    summaries = {note.id: note.front["summary"][item.language] for note in files.notes.values()}
    if item.type == "true_false":
        quoted = item.stem.split("> ", 1)[1]
        if _fits(quoted, summaries[concept]) != (item.key == (0,)):
            yield "the description is not what the key says"
    if item.type == "matching":
        for prompt, position in zip(item.prompts, item.key, strict=True):
            note = files.note_of(prompt)
            if note is None or not _fits(item.options[position], summaries[note.id]):
                yield f"{prompt!r} is matched with what does not describe it"
    if item.type == "single_choice":
        for position, option in enumerate(item.options):
            named = files.note_of(option)
            quoted = item.stem.split("> ", 1)[-1]
            fits = _fits(quoted, summaries[named.id]) if named else _fits(option, summaries[concept])
            if fits != (position in item.key):
                yield f"the option {option[:60]!r} should {'' if fits else 'not '}be right"


def _fits(blanked: str, summary: str) -> bool:
    """Whether a text with gaps is the summary or a part of it."""
    words = [re.escape(part.strip()) for part in re.split(r"_{3,}", blanked.strip(" .。>")) if part.strip(" .。")]
    return bool(re.search(r".{0,80}".join(words), " ".join(summary.split()), re.IGNORECASE | re.DOTALL))


def filled(item: Item, files: Files) -> Iterator[str]:
    """The gap, filled with the key, gives a sentence that the note has."""
    quotes = " ".join(" ".join(citation.quote.split()) for citation in item.citations).lower()
    if item.accepted[0].lower() not in quotes and item.accepted[0].lower() not in files.notes[item.concept].names():
        yield "the key stands in no cited sentence"
    gapped = item.stem.split("> ", 1)[-1]
    parts = [part.strip(" *:：.。") for part in re.split(r"\*{0,2}_{4}\*{0,2}", gapped)]
    if not all(part.lower() in quotes for part in parts if len(part) > 12):
        yield "the sentence with the gap is not the cited one"


def logged(item: Item, files: Files) -> Iterator[str]:
    """The log shows the signature of its pitfall, and of no other option's."""
    pitfall = item.fact.split(":")[1]
    log = " ".join((item.exhibit.text if item.exhibit else "").split()).lower()
    if not any(_signed(signature, log) for signature in files.notes[pitfall].front["pitfall"]["signatures"]):
        yield "the log does not show the signature of its pitfall"
    for position, option in enumerate(item.options):
        note = files.note_of(option)
        if position not in item.key and note is not None and note.front["kind"] == "pitfall":
            for signature in note.front["pitfall"]["signatures"]:
                if _signed(signature, log):
                    yield f"the log also shows {note.id!r}"


def _signed(signature: str, log: str) -> bool:
    parts = [re.escape(" ".join(part.split()).lower()) for part in signature.split("<*>")]
    return bool(re.search(".*?".join(parts), log))


def licensed(item: Item, files: Files) -> Iterator[str]:
    """A licence is the one in the front matter."""
    tool = files.notes[item.fact.split(":")[1]].front["tool"]
    for position, option in enumerate(item.options):
        named = files.note_of(option)
        fits = (
            named.front["tool"]["licence"] == tool["licence"]
            if named
            else option.lower() in tool["licence"].lower() or tool["licence"].lower() in option.lower()
        )
        if fits != (position in item.key):
            yield f"{option!r} is not what the front matter says"


def quoted(item: Item, files: Files) -> Iterator[str]:
    """A model answer is quoted from the notes."""
    quotes = " ".join(" ".join(citation.quote.split()) for citation in item.citations)
    if not any(
        sentence.strip() in quotes for sentence in re.split(r"(?<=[.。])\s+", " ".join(item.accepted[0].split()))
    ):
        yield "the model answer is not in the cited sentences"


RELATIONS = (
    "is_a", "part_of", "implements", "uses", "extends", "alternative_to", "works_with", "contrasts_with", "reads",
    "produces", "serves", "trains", "measures", "mitigates", "causes", "limits", "occurs_in", "mitigated_by",
    "prerequisite",
)  # fmt: skip
CHECKS: dict[str, Check] = {
    **dict.fromkeys(RELATIONS, relation),
    "build": chain, "summary": described, "summaries": described, "name": filled, "named": filled, "number": filled,
    "log": logged, "licence": licensed, "answer": quoted,
}  # fmt: skip


def main() -> None:
    """Make items, check them and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--items", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--save", action="store_true")
    parser.add_argument("--print", type=int, default=0, dest="printed", help="print so many items to be read")
    options = parser.parse_args()
    files, items = Files(), made(options.items, options.seed)
    faults: dict[str, list[str]] = defaultdict(list)
    for number, item in enumerate(items):
        specific = CHECKS.get(item.fact.split(":")[0])
        for check in filter(None, (form, grading, specific)):
            faults[f"#{number} {item.fact} ({item.type}, {item.language})"] += list(check(item, files))
    told = "\n".join(f"- {name}: {'; '.join(found)}" for name, found in faults.items() if found) or "none"
    text = table(items) + f"\n\nFaults found:\n\n{told}\n"
    print(text)
    for item in random.Random(options.seed).sample(items, options.printed):
        print(f"\n=== {item.fact} [{item.type}, level {item.level}]\n\n{asked(item)}\n")
        print(f"KEY: {right(item)}\n{item.explanation}")
    if options.save:
        TABLE.write_text(text, encoding="utf-8")


def made(count: int, seed: int) -> list[Item]:
    """Items on all notes in turn, in both languages, half of them calculated where a note can be calculated on."""
    rng, source = random.Random(seed), read(Folder(BUILT_IN, own=False))
    items: list[Item] = []
    notes = [note.id for note in source.notes]
    while len(items) < count:
        rng.shuffle(notes)
        for number, note in enumerate(notes):
            items += _of(source, note, ("en", "zh")[number % 2], rng, items)
            if len(items) >= count:
                break
    return items[:count]


def _of(source: Material, note: str, language: Language, rng: random.Random, before: list[Item]) -> list[Item]:
    calculated = select(source, [note], Wish(n=1, language=language, origins=("calculator",)), rng)
    own = [item for item in before if item.concept == note]
    others = select(source, [note], Wish(n=len(own) + 1, language=language, origins=("graph",)), rng, (), own)
    return [item for item in [*calculated, *others] if not any(alike(item, known) for known in own)]


def table(items: list[Item]) -> str:
    """What was made, and how evenly the keys lie."""
    lines = [f"{len(items)} items on {len({item.concept for item in items})} notes", "", "| | items |", "|---|---|"]
    for name, counts in (
        ("language", Counter(item.language for item in items)),
        ("origin", Counter(item.origin for item in items)),
        ("level", Counter(str(item.level) for item in items)),
        ("type", Counter({kind: sum(item.type == kind for item in items) for kind in TYPES})),
    ):
        lines += [f"| {name} {value} | {count} |" for value, count in counts.items()]
    chosen = [item for item in items if item.type in {"single_choice", "reading"} and len(item.options) == 4]
    places = Counter(item.key[0] for item in chosen)
    expected = len(chosen) / 4
    chi = sum((places[place] - expected) ** 2 / expected for place in range(4))
    shares = [places[place] for place in range(4)]
    lines += [
        "",
        f"Key of {len(chosen)} choices of four at A, B, C, D: {shares}; chi-squared {chi:.2f}, 5 % at {CRITICAL}",
    ]
    true = [item for item in items if item.type == "true_false"]
    lines.append(f"True or false: {sum(item.key == (0,) for item in true)} of {len(true)} true")
    longest = [max(range(4), key=lambda i: len(item.options[i])) == item.key[0] for item in chosen]
    lines.append(f"The key is the longest of four in {statistics.mean(longest):.1%} (by chance 25 %)")
    pairs = sum(
        alike(a, b)
        for i, a in enumerate(items)
        for b in items[:i]
        if a.concept == b.concept and a.language == b.language
    )
    lines.append(f"Items that ask the same: {pairs}")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
