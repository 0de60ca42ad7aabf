"""Items that show a command of a note and ask what it is run for."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.item import Exhibit, Item, Misconception, identity
from tools.quiz.material import Material, Sentence
from tools.quiz.text_prose import SHELL, bare_code
from tools.quiz.wording import load, say

_WORDING: Final = "text_command"
_OPTIONS: Final = 4
# Notes whose commands serve nearly the same end: none is offered beside another.
_KIN: Final[tuple[frozenset[str], ...]] = (
    frozenset({"capability-evaluation", "ceval", "gsm8k", "opencompass", "swe-bench", "red-teaming"}),
    frozenset({"sglang", "bf16-unsupported-gpu", "ollama", "llama-cpp"}),
    frozenset({"llama-cpp", "gguf-unknown-architecture", "olmo-conversion"}),
    frozenset({"llama-factory", "trl", "deepspeed", "kaggle", "tensorboard"}),
    frozenset({"cuda-out-of-memory", "dataloader-worker-killed", "address-already-in-use", "bf16-unsupported-gpu"}),
    frozenset({"api-connection-refused", "address-already-in-use", "serving-metrics"}),
    frozenset({"flash-attn-undefined-symbol", "vllm-torch-compile-error", "aimv2-already-registered"}),
    frozenset({"gated-repo", "hugging-face-hub"}),
    frozenset({"chroma-sqlite-too-old", "aimv2-already-registered"}),
    frozenset({"safetensors-truncated", "gguf-unknown-architecture", "mcp-server-stdout-broken"}),
)


@dataclass(frozen=True, slots=True)
class Use:
    """A command in a note's block: `key` names what it is run for."""

    key: str
    note: str
    command: str
    fence: Sentence


def commands(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on the commands of a note."""
    known = uses(material)
    own = [use for use in known if use.note == concept]
    rng.shuffle(own)
    for use in own:
        others = _others(use, known, language, rng)
        if len(others) == _OPTIONS - 1:
            yield _item(material, use, others, language, rng)


@lru_cache(maxsize=2)
def uses(material: Material) -> tuple[Use, ...]:
    """Return the commands of which it is told what they are run for, as far as the notes still have them."""
    pairs = [key.split("|", 1) for key in load(_WORDING) if "|" in key]
    found = (_found(material, note, part) for note, part in pairs if note in material.graph.notes)
    return tuple(use for use in found if use is not None)


def _found(material: Material, note: str, part: str) -> Use | None:
    for language in LANGUAGES:
        for sentence in material.sentences(note, language):
            if sentence.text.startswith(SHELL) and part in sentence.text:
                lines = re.split(r"(?<!\\)\n", bare_code(sentence.text))
                command = next(line for line in lines if part in line)
                return Use(f"{note}|{part}", note, re.sub(r"\s+#\s.*$", "", command), sentence)
    return None


def _others(use: Use, known: tuple[Use, ...], language: Language, rng: random.Random) -> list[Use]:
    """Return commands that are run for something else."""
    length = len(say(_WORDING, use.key, language))
    chosen = [use]
    for other in rng.sample(known, len(known)):
        fits = 0.6 <= len(say(_WORDING, other.key, language)) / length <= 1.6
        if fits and all(are_different(other, each) for each in chosen):
            chosen.append(other)
        if len(chosen) == _OPTIONS:
            break
    return chosen[1:]


def are_different(one: Use, other: Use) -> bool:
    """Tell whether two commands are certainly run for different things: of other notes, no kin, other programs."""
    if one.note == other.note or any({one.note, other.note} <= kin for kin in _KIN):
        return False
    return program(one.command) != program(other.command)


def program(command: str) -> str:
    """Return the program that a command starts, without the variables and `sudo` before it."""
    words = [word for word in command.split() if not re.match(r"[A-Z_]+=|sudo$|until$", word)]
    return words[0]


def _item(material: Material, use: Use, others: list[Use], language: Language, rng: random.Random) -> Item:
    answers = [use, *others]
    rng.shuffle(answers)
    fact = f"command:{use.key}"
    title = material.graph.notes[use.note].title_in(language)
    cited = [sentence for sentence in (use.fence, material.summary(use.note, language)) if sentence is not None]
    return Item(
        id=identity("text_command", fact, "reading", language),
        fact=fact,
        type="reading",
        concept=use.note,
        level=2,
        language=language,
        origin="graph",
        stem=say(_WORDING, "asked", language),
        explanation=say(
            _WORDING, "explained", language,
            does=_lowered(say(_WORDING, use.key, language)), title=title,
        ),
        citations=tuple(material.citation(sentence, n) for n, sentence in enumerate(cited, 1)),
        options=tuple(say(_WORDING, answer.key, language) for answer in answers),
        key=(answers.index(use),),
        exhibit=Exhibit("command", use.command),
        misconceptions=tuple(
            Misconception(
                say(_WORDING, other.key, language), say(_WORDING, "other", language, command=_short(other.command))
            )
            for other in others
        ),
        hints=(
            say(_WORDING, "hint_program", language, program=program(use.command)),
            say(_WORDING, "hint_note", language, title=title),
        ),
        checks={
            "key": "the command stands in the cited block, and what it is for in our list",
            "distractors": "commands of other programs in notes that are no kin",
        },
    )  # fmt: skip


def _lowered(text: str) -> str:
    return text[0].lower() + text[1:]


def _short(command: str) -> str:
    return command.partition(" \\\n")[0].strip()
