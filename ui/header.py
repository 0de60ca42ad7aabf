"""The line at the head of the page: what the notes and the models are doing, and who answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from agents.ladder import Stage, State
from knowledge.translation import translated
from knowledge.vocabulary import Language
from ui import messages
from ui.markdown import inline

Tone = Literal["ready", "busy", "plain", "wrong"]

_STAGES: Final[dict[Stage, tuple[Tone, str]]] = {
    "off": ("plain", "notes_only"),
    "missing": ("plain", "missing"),
    "downloading": ("busy", "fetching"),
    "asleep": ("plain", "asleep"),
    "loading": ("busy", "loading"),
    "ready": ("ready", "rung_embedded"),
    "failed": ("wrong", "notes_only"),
}


@dataclass(frozen=True, slots=True)
class Opening:
    """How far the notes are opened; `total` counts passages and is 0 where none wait for their vectors."""

    done: int = 0
    total: int = 0
    is_open: bool = False
    problem: str = ""

    @property
    def indexing(self) -> bool:
        """Whether passages still wait for their vectors."""
        return self.done < self.total


def settled(opening: Opening, state: State | None) -> bool:
    """Tell whether nothing is on its way that the line would have to follow closely."""
    if opening.problem:
        return True
    if state is None or opening.indexing:
        return False
    return state.embedded not in {"downloading", "loading", "asleep"} and not state.endpoint_problem


def header(opening: Opening, state: State | None, language: Language) -> str:
    """Return the line as HTML; `state` is None until the notes are open."""
    parts: Sequence[tuple[Tone, str]]
    if opening.problem:
        parts = [("wrong", messages.say("broken", language, problem=translated(opening.problem, language)))]
    elif state is None:
        parts = [("busy", messages.say("opening", language))]
    else:
        parts = _models(state, language)
    if opening.indexing and not opening.problem:
        parts = [*parts, ("busy", messages.say("indexing", language, done=opening.done, total=opening.total))]
    said = "".join(f'<span class="state {tone}">{inline(text)}</span>' for tone, text in parts)
    hint = inline(messages.say("ways", language))
    return f'<button type="button" class="states" popovertarget="ways" title="{hint}">{said}</button>'


def _models(state: State, language: Language) -> list[tuple[Tone, str]]:
    if state.endpoint is None:
        return [_embedded(state, language)]
    model = state.endpoint.model or state.endpoint.base_url
    if state.endpoint_problem:
        down = messages.say("endpoint_down", language, model=model, n=round(state.retry_in_s))
        return [("wrong", down), _embedded(state, language)]
    return [("ready", messages.say("rung_endpoint", language, model=model))]


def _embedded(state: State, language: Language) -> tuple[Tone, str]:
    if state.embedded == "downloading":
        return "busy", _download(state, language)
    if state.embedded_problem and state.embedded in {"missing", "failed"}:
        return "wrong", messages.say("model_failed", language, problem=translated(state.embedded_problem, language))
    tone, key = _STAGES[state.embedded]
    return tone, messages.say(key, language)


def _download(state: State, language: Language) -> str:
    progress = state.progress
    percent = 0 if progress is None or not progress.bytes_total else 100 * progress.bytes_done // progress.bytes_total
    match progress.state if progress else "downloading":
        case "waiting":
            return messages.say("waiting", language)
        case "verifying":
            return messages.say("verifying", language, percent=percent)
        case _:
            return messages.say("fetching", language, percent=percent)
