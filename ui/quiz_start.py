"""The form that begins a quiz: what to be asked of, at which level, how many items of which types."""

from typing import TYPE_CHECKING, Any, Final

import gradio as gr

from knowledge.vocabulary import STAGES, Language
from tools.quiz.item import LEVELS, TYPES
from tools.quiz.wish import Source, Wish
from ui.intro import intro_html
from ui.quiz_form import NUMBERS, USUAL
from ui.quiz_messages import level_name, say, stage_name, type_name

if TYPE_CHECKING:
    from agents.atlas import Atlas

Updates = dict[Any, Any]

_SOURCES: Final[tuple[Source, ...]] = ("topic", "due", "weak")
_ANY_LEVEL: Final = 0


class QuizStart:
    """The form's components; what they hold is read by `wish_of`."""

    def lay_out(self, language: Language) -> None:
        """Place the form."""
        with gr.Column(elem_id="quiz-start"):
            self._intro = gr.HTML(intro_html(say, language), elem_id="quiz-intro")
            self._source = gr.Radio(
                _sources(language), value="topic", elem_id="quiz-source", **_name("source", language)
            )
            self._topic = gr.Dropdown(
                [], value="", allow_custom_value=True, num_choices_shown=None, elem_id="quiz-topic",
                **_name("topic", language),
            )  # fmt: skip
            self._level = gr.Radio(
                _levels(language), value=_ANY_LEVEL, elem_id="quiz-level", **_name("level", language)
            )
            self._number = gr.Radio(
                [(str(n), n) for n in NUMBERS], value=USUAL, elem_id="quiz-number", **_name("number", language)
            )
            self._types = gr.CheckboxGroup(_types(language), value=[], elem_id="quiz-types", **_name("types", language))
            self.begin = gr.Button(say("start", language), elem_id="quiz-begin", variant="primary")

    @property
    def chosen(self) -> list[Any]:
        """The components that hold what is chosen: source, topic, level, number and types."""
        return [self._source, self._topic, self._level, self._number, self._types]

    def worded(self) -> list[Any]:
        """Return the components that carry words."""
        return [self._intro, *self.chosen, self.begin]

    def words(self, language: Language) -> Updates:
        """Return the words in a language; what is set stays."""
        return {
            self._intro: intro_html(say, language),
            self._source: gr.Radio(choices=_sources(language), **_name("source", language)),
            self._topic: gr.Dropdown(**_name("topic", language)),
            self._level: gr.Radio(choices=_levels(language), **_name("level", language)),
            self._number: gr.Radio(**_name("number", language)),
            self._types: gr.CheckboxGroup(choices=_types(language), **_name("types", language)),
            self.begin: gr.Button(say("start", language)),
        }

    def offered(self, atlas: "Atlas", language: Language) -> Updates:
        """Return the topics there are."""
        return {self._topic: gr.Dropdown(choices=_topics(atlas, language))}

    def filled(self, wish: Wish, atlas: "Atlas", language: Language) -> Updates:
        """Return the form as a wish has it."""
        return {
            self._source: wish.source,
            self._topic: gr.Dropdown(choices=_topics(atlas, language), value=wish.topic),
            self._level: wish.level or _ANY_LEVEL,
            self._number: wish.n if wish.n in NUMBERS else USUAL,
            self._types: list(wish.types),
        }


def _name(key: str, language: Language) -> dict[str, Any]:
    return {"label": say(key, language)}


def _sources(language: Language) -> list[tuple[str, str]]:
    return [(say(f"source_{source}", language), source) for source in _SOURCES]


def _levels(language: Language) -> list[tuple[str, int]]:
    return [(say("level_any", language), _ANY_LEVEL), *((level_name(level, language), level) for level in LEVELS)]


def _types(language: Language) -> list[tuple[str, str]]:
    return [(type_name(kind, language), kind) for kind in TYPES]


def _topics(atlas: "Atlas", language: Language) -> list[tuple[str, str]]:
    """Return what there is to choose from: anything, the stages, and every note by its title."""
    notes = sorted((note.title_in(language), note.id) for note in atlas.graph.notes.values())
    staged = {note.stage for note in atlas.graph.notes.values()}
    stages = [(say("stage", language, stage=stage_name(stage, language)), stage) for stage in STAGES if stage in staged]
    return [(say("topic_any", language), ""), *stages, *notes]
