"""Items on the options in a command: what one of them does, told apart from what others do."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.grading_sentence import plain, said_of
from tools.quiz.item import Exhibit, Item, Misconception, identity
from tools.quiz.material import Material, Sentence
from tools.quiz.text_prose import SHELL, bare_code, stands_alone
from tools.quiz.wording import load, say

_WORDING: Final = "text_flag"
_OPTIONS: Final = 4
_PROVEN: Final = 2  # ideas that the cited sentence and what we say of an option share
_AHEAD: Final = 14  # characters; an option that a sentence begins with is what it speaks of
_NEARER: Final = 0.5  # how much rather an option that stands in the same command is chosen
# An option that other programs have too, or that does this with one value only, is known by what stands beside it.
_BESIDE: Final[dict[str, str]] = {
    "-c": "llama-", "-hf": "llama-", "--ctx-size": "llama-", "--parallel": "llama-",
    "-s": "convert_checkpoint", "-t": "convert_checkpoint", "-b": "mineru",
    "--apply_chat_template": "lm-eval", "--standalone": "torchrun", "--host": "vllm", "--ipc": "docker",
    "--shm-size": "docker", "PYTORCH_ALLOC_CONF": "expandable_segments:True",
    "PYTORCH_CUDA_ALLOC_CONF": "expandable_segments:True", "NCCL_DEBUG": "INFO",
}  # fmt: skip
# Options that do the same or nearly, here or in another program: none is offered beside another.
_SAME: Final[tuple[frozenset[str], ...]] = (
    frozenset({"--max-model-len", "--ctx-size", "-c", "-s", "--max-num-batched-tokens", "--parallel"}),
    frozenset({"--max-num-seqs", "--max-num-batched-tokens", "--parallel"}),
    frozenset({"--tensor-parallel-size", "--enable-expert-parallel"}),
    frozenset({"--shm-size", "--ipc"}),
    frozenset({"NCCL_DEBUG", "NCCL_SOCKET_IFNAME", "NCCL_P2P_DISABLE", "--disable-custom-all-reduce", "--host"}),
    frozenset({"PYTORCH_ALLOC_CONF", "PYTORCH_CUDA_ALLOC_CONF"}),
    frozenset({"--kv-cache-dtype", "--gpu-memory-utilization"}),
    frozenset({"FLASH_ATTENTION_FORCE_BUILD", "BNB_CUDA_VERSION", "--no-build-isolation"}),
    frozenset({"HF_HOME", "-hf"}),
    frozenset({"-t", "--apply_chat_template"}),
)


@dataclass(frozen=True, slots=True)
class _Use:
    """An option in a command of a note, with the sentence that says what it does."""

    flag: str
    command: str
    sentence: Sentence


def flags(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield items on the options that stand in the commands of a note."""
    uses = list(_uses(material, concept, language))
    rng.shuffle(uses)
    for use in uses:
        others = _others(use, language, rng)
        if len(others) == _OPTIONS - 1:
            yield _item(material, concept, use, others, language, rng)


def known_flags() -> tuple[str, ...]:
    """Return the options and variables of which it is told what they do."""
    return tuple(key for key in load(_WORDING) if key.startswith("-") or key.isupper())


def _uses(material: Material, concept: str, language: Language) -> Iterator[_Use]:
    for flag in known_flags():
        command = _command(material, concept, flag)
        sentence = saying(material, flag, language) if command else None
        if command and sentence is not None:
            yield _Use(flag, command, sentence)


def _command(material: Material, concept: str, flag: str) -> str:
    """Return the command in a note's shell blocks that has an option, with the lines it goes on in."""
    for language in LANGUAGES:
        for sentence in material.sentences(concept, language):
            if sentence.text.startswith(SHELL) and has_flag(sentence.text, flag):
                commands = re.split(r"(?<!\\)\n", bare_code(sentence.text))
                fit = (_without_comment(command) for command in commands if is_used(command, flag))
                if command := next(fit, ""):
                    return command
    return ""


def is_used(command: str, flag: str) -> bool:
    """Tell whether a command uses an option in the sense in which it is known."""
    return has_flag(command, flag) and _BESIDE.get(flag, "") in command and not command.startswith("unset")


def _without_comment(command: str) -> str:
    return re.sub(r"\s+#\s.*$", "", command, flags=re.MULTILINE)


def has_flag(text: str, flag: str) -> bool:
    """Tell whether an option stands in a text as a word of its own."""
    return re.search(rf"(?<![\w.-]){re.escape(flag)}(?![\w-])", text) is not None


@lru_cache(maxsize=512)
def saying(material: Material, flag: str, language: Language) -> Sentence | None:
    """Return the sentence of any note that says most clearly what an option does.

    It is in the other language where no sentence says it in this one.
    """
    best: tuple[int, Sentence] | None = None
    for each in LANGUAGES:
        told = said_of(plain(say(_WORDING, flag, each))).keys
        for note in material.notes:
            for sentence in material.sentences(note.id, each):
                at = sentence.text.find(f"`{flag}")
                if at < 0 or not has_flag(sentence.text, flag) or not stands_alone(sentence):
                    continue
                shared = len(told & said_of(plain(sentence.text)).keys)
                rank = 2 * shared + 2 * (at < _AHEAD) + 3 * (each == language)
                if shared >= _PROVEN and (best is None or rank > best[0]):
                    best = rank, sentence
    return best[1] if best else None


def _others(use: _Use, language: Language, rng: random.Random) -> list[str]:
    """Return options that do something else, rather those of the same command."""
    length = len(say(_WORDING, use.flag, language))
    ordered = sorted(known_flags(), key=lambda flag: rng.random() - _NEARER * has_flag(use.command, flag))
    chosen = [use.flag]
    for flag in ordered:
        fits = 0.6 <= len(say(_WORDING, flag, language)) / length <= 1.6
        if fits and all(are_different(flag, other) for other in chosen):
            chosen.append(flag)
        if len(chosen) == _OPTIONS:
            break
    return chosen[1:]


def are_different(flag: str, other: str) -> bool:
    """Tell whether two options certainly do different things."""
    return flag != other and not any({flag, other} <= same for same in _SAME)


def _item(
    material: Material, concept: str, use: _Use, others: list[str], language: Language, rng: random.Random
) -> Item:
    answers = [use.flag, *others]
    rng.shuffle(answers)
    fact = f"flag:{use.flag}"
    title = material.graph.notes[use.sentence.note].title_in(language)
    does = say(_WORDING, use.flag, language)
    return Item(
        id=identity("text_flag", f"{fact}:{concept}", "reading", language),
        fact=fact,
        type="reading",
        concept=concept,
        level=2,
        language=language,
        origin="graph",
        stem=say(_WORDING, "asked", language, flag=use.flag),
        explanation=say(_WORDING, "explained", language, flag=use.flag, does=does, sentence=use.sentence.text),
        citations=(material.citation(use.sentence),),
        options=tuple(say(_WORDING, flag, language) for flag in answers),
        key=(answers.index(use.flag),),
        exhibit=Exhibit("command", use.command),
        misconceptions=tuple(
            Misconception(say(_WORDING, flag, language), say(_WORDING, "other", language, flag=flag)) for flag in others
        ),
        hints=(
            say(_WORDING, "hint_note", language, title=title),
            say(_WORDING, "hint_others", language, flags=_listed(others[:2], language)),
        ),
        checks={
            "key": "the cited sentence names the option and says what it does",
            "distractors": "what other options do, none of which does nearly the same",
        },
    )


def _listed(words: list[str], language: Language) -> str:
    return ("、" if language == "zh" else ", ").join(f"`{word}`" for word in words)
