"""Items that show a log of a known failure: which failure it is, what brought it about, what mends it."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Final, Literal

from knowledge.language import content_terms, stem
from knowledge.note import Note
from knowledge.vocabulary import Language
from tools.quiz.item import Exhibit, Item, Level, Misconception, identity
from tools.quiz.material import Material, Sentence
from tools.quiz.wording import say

Asked = Literal["failure", "cause", "remedy"]

_WORDING: Final = "text_log"
_LEVELS: Final[dict[Asked, Level]] = {"failure": 1, "cause": 2, "remedy": 3}
_FENCE: Final = re.compile(r"^(`{3,}|~{3,})[^\n]*\n(.*?)\n?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_OPTIONS: Final = 4
_NEARER: Final = 0.4  # how much rather a failure of the same software is chosen
_LINES: Final = 8
_LINE_LENGTH: Final = 320
_ALIKE: Final = 0.34  # share of common words from which two answers are too near to each other
_OPTION_WORD: Final = re.compile(r"--?[a-z][\w-]+|\b[A-Z]{2,}_[A-Z_]{2,}\b|\b\w+=\w+|\b\w+_\w+\b")
_PROPER: Final = re.compile(r"(?:vLLM|bitsandbytes|llama\.cpp|[^A-Za-z])")  # begins no sentence with a capital letter
# A remedy that leans on the half of the sentence before it.
_LEANS: Final = re.compile(
    r"^(?:\S+ ){0,4}(?:its?|them|they)\b|\bthat (?:process|does)\b|\bnames which\b|\b(?:first|second) case\b"
    r"|前者|后者|^(?:\S{0,6})(?:它|其|该|此)"
)
_VAGUE: Final = frozenset({"vllm-torch-compile-error"})  # its remedy finds the cause of many failures at start
# Failures whose logs differ, but of which one may bring the other about, or whose remedies are much the same.
_KIN: Final[tuple[frozenset[str], ...]] = (
    frozenset({"disk-full", "shared-memory-too-small", "dataloader-worker-killed", "safetensors-truncated"}),
    frozenset({"zero3-empty-weights", "size-mismatch-loading"}),
    frozenset({"nccl-error-in-serving", "shared-memory-too-small", "custom-all-reduce-invalid-argument"}),
    frozenset({"nccl-error-in-serving", "nccl-watchdog-timeout"}),
    frozenset({
        "cuda-out-of-memory", "no-memory-for-kv-cache-blocks", "max-model-len-exceeds-kv-cache",
        "free-memory-below-utilization", "vllm-preemption", "context-length-exceeded", "heads-not-divisible-by-tp",
    }),
    frozenset({"cuda-out-of-memory", "dataloader-worker-killed", "nccl-watchdog-timeout"}),
    frozenset({"address-already-in-use", "free-memory-below-utilization"}),
    frozenset({"rate-limit-exceeded", "context-length-exceeded", "llama-cpp-context-full"}),
    frozenset({"rate-limit-exceeded", "api-connection-refused", "hub-unreachable"}),
    frozenset({"fast-tokenizer-conversion-failed", "hub-unreachable", "safetensors-truncated"}),
    frozenset({"context-length-exceeded", "llama-cpp-context-full", "max-model-len-exceeds-kv-cache"}),
    frozenset({"cuda-driver-too-old", "no-kernel-image", "bitsandbytes-without-gpu", "bf16-unsupported-gpu"}),
    frozenset({"cuda-home-missing", "flash-attn-undefined-symbol", "vllm-torch-compile-error", "py-ssize-t-clean"}),
    frozenset({"flash-attn-undefined-symbol", "numpy-2-binary-incompatible", "py-ssize-t-clean", "np-float-removed"}),
    frozenset({
        "transformers-too-old-for-model", "aimv2-already-registered", "trust-remote-code-required",
        "gguf-unknown-architecture", "fast-tokenizer-conversion-failed",
    }),
    frozenset({"gated-repo", "hub-unreachable", "wandb-login-required"}),
    frozenset({"api-connection-refused", "hub-unreachable", "address-already-in-use", "served-model-name-not-found"}),
    frozenset({"matmul-dtype-mismatch", "loss-nan-fp16", "tensors-on-different-devices"}),
    frozenset({"token-index-out-of-range", "size-mismatch-loading", "pad-token-missing"}),
    frozenset({"labels-length-mismatch", "pad-token-missing", "datasets-schema-mismatch"}),
    frozenset({"safetensors-truncated", "weights-only-load-failed"}),
    frozenset({"chat-template-missing", "tool-choice-needs-parser"}),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a failure would have for an answer."""

    pitfall: Note
    text: str


def logs(material: Material, concept: str, language: Language, rng: random.Random) -> Iterator[Item]:
    """Yield the items on the log of a pitfall, in random order; none on other notes."""
    note = material.graph.notes[concept]
    fence, summary = _fence(material, note, language), material.summary(concept, language)
    if note.pitfall is None or fence is None or summary is None:
        return
    kinds: list[Asked] = ["failure", "cause", "remedy"]
    rng.shuffle(kinds)
    for asked in kinds:
        log = _log(fence.text, note, short=asked == "remedy")
        key = _answer(note, asked, language)
        if not log or not key or _gives_away(log, key.text, asked):
            continue
        others = _others(material, key, log, asked, language, rng)
        if len(others) == _OPTIONS - 1:
            yield _item(material, key, others, asked, log, (fence, summary), language, rng)


def _fence(material: Material, note: Note, language: Language) -> Sentence | None:
    """Return the first code block of a pitfall's text: the log as people see it."""
    for each in (language, "en", "zh"):
        found = next((s for s in material.sentences(note.id, each) if s.text.startswith("```")), None)
        if found is not None:
            return found
    return None


def _log(fence: str, note: Note, *, short: bool) -> str:
    """Return the log in a fence, cut to the lines around those that tell; `short` leaves out the advice after them."""
    match = _FENCE.search(fence)
    if match is None or note.pitfall is None:
        return ""
    lines = match[2].split("\n")
    telling = [n for n, line in enumerate(lines) if _matches(note, line)]
    if not telling:
        return ""
    if short:
        lines = [_without_advice(lines[n], note) for n in telling]
    elif len(lines) > _LINES:
        lines = lines[max(0, telling[0] - 2) : telling[0] + _LINES - 2]
    return "\n".join(line if len(line) <= _LINE_LENGTH else f"{line[:_LINE_LENGTH]} ..." for line in lines)


def _without_advice(line: str, note: Note) -> str:
    """Return a line up to the end of the sentence in which the signature ends."""
    end = min(match.end() for pattern in _patterns(note) if (match := pattern.search(line)))
    stop = re.compile(r"[.!](?=\s[A-Z])").search(line, end - 1)
    return line[: stop.end()] if stop else line


@lru_cache(maxsize=256)
def _compiled(signatures: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(re.escape(each).replace(r"<\*>", r".+?"), re.IGNORECASE) for each in signatures)


def _patterns(note: Note) -> tuple[re.Pattern[str], ...]:
    return _compiled(note.pitfall.signatures) if note.pitfall else ()


def _matches(note: Note, text: str) -> bool:
    return any(pattern.search(text) for pattern in _patterns(note))


def _answer(note: Note, asked: Asked, language: Language) -> _Answer | None:
    """Return the failure's title, or the half of its summary that says why it happens or what mends it."""
    if asked == "failure":
        return _Answer(note, note.title_in(language)) if language in note.title else None
    halves = re.split(r"[;；]\s*", note.summary.get(language, ""), maxsplit=1)
    if len(halves) != 2 or not all(halves):
        return None
    cause, remedy = halves[0].rstrip(".。"), halves[1].rstrip(".。")
    if asked == "remedy" and (_LEANS.search(remedy) or note.id in _VAGUE):
        return None
    text = cause if asked == "cause" else remedy
    return _Answer(note, text if _PROPER.match(text) else text[0].upper() + text[1:])


def _gives_away(log: str, answer: str, asked: Asked) -> bool:
    """Tell whether the log says the answer in so many words."""
    if answer.lower() in log.lower():
        return True
    if asked == "remedy":
        return any(token.lower() in log.lower() for token in _OPTION_WORD.findall(answer))
    said = {stem(term) for term in content_terms(log)}
    wanted = {stem(term) for term in content_terms(answer)}
    return asked == "failure" and wanted <= said


def _others(
    material: Material, key: _Answer, log: str, asked: Asked, language: Language, rng: random.Random
) -> list[_Answer]:
    """Return the answers of failures that this log certainly does not show, those of the same software rather."""
    software = {edge.target for edge in material.graph.edges_from(key.pitfall.id, "occurs_in")}
    pitfalls = [note for note in material.notes if note.pitfall is not None and is_another(material, key.pitfall, note)]
    near = {e.source for target in software for e in material.graph.edges_to(target, "occurs_in")}
    pitfalls.sort(key=lambda note: rng.random() - _NEARER * (note.id in near))
    chosen = [key]
    for note in pitfalls:
        answer = None if _matches(note, log) else _answer(note, asked, language)
        if answer and _length_fits(answer.text, key.text) and all(_differ(answer, other, material) for other in chosen):
            chosen.append(answer)
        if len(chosen) == _OPTIONS:
            break
    return chosen[1:]


def _length_fits(text: str, key: str) -> bool:
    return 0.55 <= len(text) / len(key) <= 1.6


def _differ(one: _Answer, other: _Answer, material: Material) -> bool:
    words, others = ({stem(term) for term in content_terms(each.text)} for each in (one, other))
    alike = len(words & others) / max(1, min(len(words), len(others)))
    return alike < _ALIKE and is_another(material, one.pitfall, other.pitfall)


def is_another(material: Material, one: Note, other: Note) -> bool:
    """Tell whether two failures are certainly not the same: no kin, no cause of each other, no common signature."""
    if one.id == other.id or any({one.id, other.id} <= kin for kin in _KIN):
        return False
    ties = ("is_a", "causes", "part_of")
    edges = [*material.graph.edges_from(one.id, *ties), *material.graph.edges_to(one.id, *ties)]
    if any(other.id in (edge.source, edge.target) for edge in edges) or one.pitfall is None or other.pitfall is None:
        return False
    return not _matches(one, "\n".join(other.pitfall.signatures)) and not _matches(
        other, "\n".join(one.pitfall.signatures)
    )


def _item(
    material: Material,
    key: _Answer,
    others: Sequence[_Answer],
    asked: Asked,
    log: str,
    cited: tuple[Sentence, Sentence],
    language: Language,
    rng: random.Random,
) -> Item:
    answers = [key, *others]
    rng.shuffle(answers)
    note, fact = key.pitfall, f"log:{key.pitfall.id}:{asked}"
    line = next(line.strip() for line in log.split("\n") if _matches(note, line))
    seen = next(match[0] for pattern in _patterns(note) if (match := pattern.search(line)))
    software = [material.graph.notes[e.target] for e in material.graph.edges_from(note.id, "occurs_in")]
    where = software[0].title_in(language) if software else say(_WORDING, "unknown", language)
    return Item(
        id=identity("text_log", fact, "reading", language),
        fact=fact,
        type="reading",
        concept=note.id,
        level=_LEVELS[asked],
        language=language,
        origin="graph",
        stem=say(_WORDING, asked, language),
        explanation=say(
            _WORDING, "explained", language,
            seen=seen, title=note.title_in(language), summary=note.summary_in(language),
        ),
        citations=tuple(material.citation(sentence, n) for n, sentence in enumerate(cited, 1)),
        options=tuple(answer.text for answer in answers),
        key=(answers.index(key),),
        exhibit=Exhibit("log", log),
        misconceptions=tuple(
            Misconception(other.text, _why(other.pitfall, language)) for other in others if other.pitfall.pitfall
        ),
        hints=(
            say(_WORDING, "hint_software", language, software=where),
            say(_WORDING, "hint_line", language, seen=seen),
        ),
        checks={
            "key": "a signature of the failure stands in the log",
            "distractors": "their signatures do not match the log, and no failure is kin to another",
            "likeness": round(max(_likeness(a, b) for a, b in combinations(answers, 2)), 2),
        },
    )  # fmt: skip


def _why(note: Note, language: Language) -> str:
    signature = note.pitfall.signatures[0].replace("<*>", "…") if note.pitfall else ""
    return say(_WORDING, "other", language, title=note.title_in(language), signature=signature)


def _likeness(one: _Answer, other: _Answer) -> float:
    words, others = ({stem(term) for term in content_terms(each.text)} for each in (one, other))
    return len(words & others) / max(1, min(len(words), len(others)))
