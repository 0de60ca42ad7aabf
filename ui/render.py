"""The turns of a chat as messages of the page: the question, the team's steps, the answer with its marks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from agents.events import Answer, Step
from agents.pasted_log import excerpt
from agents.reply import UNSUPPORTED_MARK
from agents.route import LONGEST_MESSAGE
from knowledge.citation import Citation
from knowledge.translation import translated
from knowledge.vocabulary import Language
from learner.feedback import Thumb
from ui import calculated, messages, opened
from ui.chat import Turn
from ui.markdown import inline, neutral, plain
from ui.turn_actions import actions

_MARK: Final = re.compile(r"[ \t]*\[(\d{1,3}|\?)\](?!\()")
_ASKED_LINES: Final = 24  # of a question that is shown; a pasted log may have thousands
_THUMBS: Final[dict[Thumb, str]] = {"up": "Like", "down": "Dislike"}  # the page's names for them, never shown


@dataclass(frozen=True, slots=True)
class Shown:
    """The messages of a chat; `turns` and `thumbs` tell for each one whose it is and what the reader thought of it."""

    messages: tuple[dict[str, Any], ...]
    turns: tuple[str, ...]
    thumbs: tuple[str | None, ...]


def shown(turns: Sequence[Turn], language: Language) -> Shown:
    """Return a chat as messages; only the last turn offers questions to go on with."""
    rows = [(turn, row) for turn in turns for row in _rows(turn, language, is_last=turn is turns[-1])]
    return Shown(
        tuple(row for _, row in rows),
        tuple(turn.id for turn, _ in rows),
        tuple(_THUMBS[turn.thumb] if turn.thumb else None for turn, row in rows if row["role"] == "assistant"),
    )


def answer_markdown(turn: Turn, language: Language) -> str:
    """Return the words of an answer so far, its marks as links."""
    text = neutral(calculated.words(turn), lambda prose: _linked(prose, turn, language))
    if turn.answer is not None and turn.answer.abstained:
        return f'<div class="tag">{inline(messages.say("abstained", language))}</div>\n\n{text}'
    return text


def _rows(turn: Turn, language: Language, *, is_last: bool) -> list[dict[str, Any]]:
    asked = excerpt(turn.question, _ASKED_LINES, LONGEST_MESSAGE)
    rows: list[dict[str, Any]] = [{"role": "user", "content": plain(asked)}]
    rows += [_step_row(turn, step, language) for step in turn.steps if step.id != "check"]
    said = answer_markdown(turn, language)
    if said:
        rows.append({"role": "assistant", "content": said})
    # The check stands below the words: nothing that is being read moves when it begins.
    rows += [_step_row(turn, step, language) for step in turn.steps if step.id == "check"]
    rows += [*calculated.rows(turn, language), *opened.rows(turn, language)]
    below = "\n".join(
        part
        for part in (_below(turn, language), opened.leads(turn, language), actions(turn, language, is_last=is_last))
        if part
    )
    if below:
        rows.append({"role": "assistant", "content": below})
        if is_last and turn.answer is not None and turn.answer.next:
            rows[-1]["options"] = [{"value": question} for question in turn.answer.next]
    return rows


def _step_row(turn: Turn, step: Step, language: Language) -> dict[str, Any]:
    agent = messages.say(step.agent, language) if messages.known(step.agent) else step.agent
    key = f"step_{step.id}"
    title = messages.say(key, language) if messages.known(key) else step.title
    failed = "✗ " if step.status == "failed" else ""
    metadata: dict[str, Any] = {"title": f"{failed}{inline(agent)} · {inline(title)}", "id": f"{turn.id}-{step.id}"}
    # The checks of the sentences are one step to the reader: it does not end between two of them.
    if step.status == "running" or (step.id == "check" and turn.outcome == "open"):
        metadata["status"] = "pending"
        waited = [messages.say("seconds", language, n=int(step.seconds or 0))] if (step.seconds or 0) >= 1 else []
        metadata["log"] = " · ".join([*([step.detail] if step.id == "check" and step.detail else []), *waited])
        return {"role": "assistant", "content": "", "metadata": metadata}
    metadata["status"] = "done"
    if step.seconds is not None:
        metadata["duration"] = round(step.seconds, 2 if step.seconds < 1 else 1)
    return {"role": "assistant", "content": plain(step.detail), "metadata": metadata}


def _linked(prose: str, turn: Turn, language: Language) -> str:
    cited = {str(citation.n): citation for citation in turn.citations}

    def link(match: re.Match[str]) -> str:
        if match[0].strip() == UNSUPPORTED_MARK:
            return _unsupported(language)
        return _citation_link(turn, cited[match[1]], language) if match[1] in cited else match[0]

    return _MARK.sub(link, prose)


def _citation_link(turn: Turn, citation: Citation, language: Language) -> str:
    hint = plain(messages.say("cite", language, title=citation.title))
    return f'\u2060[{citation.n}](#cite-{turn.id}-{citation.n} "{hint}")'


def _unsupported(language: Language) -> str:
    return f'\u2060[?](#unsupported "{plain(messages.say("unsupported", language))}")'


def _below(turn: Turn, language: Language) -> str:
    lines: list[str] = []
    if turn.outcome == "stopped":
        lines.append(_line("notice", inline(messages.say("stopped", language))))
    if turn.problem:
        lines.append(_line("problem", inline(translated(turn.problem, language))))
    if UNSUPPORTED_MARK in turn.text and turn.outcome != "open":
        mark = '<span class="mark">?</span>'
        lines.append(_line("legend", messages.say("legend", language, mark=mark)))
    if turn.answer is not None:
        lines += [_line("notice", inline(translated(notice, language))) for notice in turn.answer.notices]
        lines.append(_line("meta", inline(_meta(turn.answer, language)) + _trace_link(turn.answer, language)))
    return "\n".join(lines)


def _line(kind: str, html: str) -> str:
    return f'<div class="{kind}">{html}</div>'


def _trace_link(answer: Answer, language: Language) -> str:
    """Return the link to what an answer took."""
    if not re.fullmatch("[0-9a-f]+", answer.id):
        return ""
    return f' · <a href="?place=observe&amp;answer={answer.id}">{messages.say("trace", language)}</a>'


def _meta(answer: Answer, language: Language) -> str:
    parts = [messages.say(f"meta_{answer.rung}", language)]
    if answer.timings.total_s is not None:
        parts.append(messages.say("seconds", language, n=f"{answer.timings.total_s:.1f}"))
    return " · ".join(parts)
