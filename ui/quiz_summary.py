"""The end of a quiz: the score, each concept, the answers, and what to do next."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import TYPE_CHECKING, Final

from knowledge.note import Note
from knowledge.vocabulary import Language
from ui.quiz_card import words
from ui.quiz_export import export_html
from ui.quiz_feedback import day_words, mastery_html
from ui.quiz_form import query_of
from ui.quiz_messages import say
from ui.quiz_next import advice_html, concept_links
from ui.quiz_sitting import Place, View

if TYPE_CHECKING:
    from agents.standing import Advice

_LONG: Final = 160  # characters of a stem in the list of answers
_MARKS: Final = re.compile(r"\*\*|^> ?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Concept:
    """The places of one concept."""

    id: str
    places: tuple[Place, ...]

    @property
    def right(self) -> int:
        """How many were answered right."""
        return sum(place.outcome is not None and place.outcome.grade.correct for place in self.places)


def summary_html(
    view: View, notes: Mapping[str, Note], advice: "Sequence[Advice]", language: Language, today: date
) -> str:
    """Return the result of a quiz, and the ways on from it."""
    right, total = sum(_is_right(place) for place in view.places), len(view.places)
    parts = [
        f'<div class="result"><h2 tabindex="-1">{escape(say("result", language, right=right, of=total))}</h2>'
        f"<p>{escape(say(_praise(right, total), language))}</p></div>",
        _concepts(view, notes, language, today),
        _answers(view, language),
        advice_html(advice, language),
        export_html(language),
        _ways(view, language, all_right=right == total),
    ]
    return "\n".join(part for part in parts if part)


def _is_right(place: Place) -> bool:
    return place.outcome is not None and place.outcome.grade.correct


def _praise(right: int, total: int) -> str:
    if right == total:
        return "result_all"
    return "result_most" if right * 3 >= total * 2 else "result_some"


def _concepts(view: View, notes: Mapping[str, Note], language: Language, today: date) -> str:
    ids = dict.fromkeys(place.item.concept for place in view.places)
    concepts = [_Concept(name, tuple(p for p in view.places if p.item.concept == name)) for name in ids]
    heads = "".join(
        f'<th scope="col">{escape(say(key, language))}</th>' for key in ("concept", "of_questions", "mastered", "due")
    )
    rows = "".join(_row(concept, notes, language, today) for concept in concepts)
    return (
        f"<section><h3>{escape(say('by_concept', language))}</h3>"
        f'<table class="by-concept"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></section>'
    )


def _row(concept: _Concept, notes: Mapping[str, Note], language: Language, today: date) -> str:
    done = [place.outcome for place in concept.places if place.outcome is not None]
    link, _ = concept_links(concept.id, notes, language)
    return (
        f'<tr><th scope="row">{link}</th><td>{concept.right}/{len(concept.places)}</td>'
        f"<td>{mastery_html(done[0].before, done[-1].after, language)}</td>"
        f"<td>{escape(day_words(done[-1].due, today, language))}</td></tr>"
    )


def _answers(view: View, language: Language) -> str:
    lines: list[str] = []
    for place in view.places:
        kind, mark = ("right", "✓") if _is_right(place) else ("wrong", "✗")
        stem = " ".join(_MARKS.sub("", place.item.stem).split())
        short = stem if len(stem) <= _LONG else stem[: _LONG - 1] + "…"
        told = "" if place.outcome is None or kind == "right" else f"<em>{words(place.outcome.grade.right)}</em>"
        lines.append(
            f'<li class="{kind}"><b class="mark" aria-hidden="true">{mark}</b><span><span class="unseen">'
            f"{escape(say(kind, language))}: </span>{words(short)}{told}</span></li>"
        )
    return f'<section><h3>{escape(say("answers", language))}</h3><ol class="answers">{"".join(lines)}</ol></section>'


def _ways(view: View, language: Language, *, all_right: bool) -> str:
    again = query_of(view.wish)
    buttons = [] if all_right else [_button("again", say("again_wrong", language), "main")]
    buttons += [
        f'<a class="{"main" if all_right else "plain"}" href="{escape(again)}">{escape(say("again", language))}</a>',
        f'<a class="plain" href="?place=quiz">{escape(say("choose_other", language))}</a>',
        f'<a class="plain" href="?place=progress">{escape(say("to_progress", language))}</a>',
    ]
    return f'<div class="quiz-actions">{"".join(buttons)}</div>'


def _button(does: str, label: str, kind: str) -> str:
    return f'<button type="button" class="{kind}" data-do="{does}">{escape(label)}</button>'
