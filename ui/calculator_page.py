"""The Calculate page: a form that answers at once, and callbacks that unpack, calculate and render."""

from html import escape
from typing import Any, Final, cast

import gradio as gr

from knowledge.vocabulary import Language
from tools.calculators.calculation import Kind
from ui import bridge
from ui.calculator_dial import dial, dial_words
from ui.calculator_form import FIELDS, KINDS, Entry, Field, Form, from_query, names
from ui.calculator_messages import kind_name, say
from ui.calculator_plot import plots
from ui.calculator_result import answer_html, derivation_html, outcome
from ui.visitor import Reader, Stored, Updates

_OPENED: Final = "window.atlasCalculate = (query) => trigger('select', {value: query}); window.atlasPlace?.();"


class CalculatorPage:
    """The part of the page that calculates; `reader` tells whose language to use."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._fields: dict[str, Any] = {}

    def lay_out(self, language: Language) -> None:
        """Place the form and the answer."""
        with gr.Row(elem_id="calculator"):
            with gr.Column(elem_id="calc-form", scale=2):
                kinds = [(kind_name(kind, language), kind) for kind in KINDS]
                self.kind = gr.Radio(kinds, value=KINDS[0], elem_id="calc-kind", show_label=False, container=False)
                for field in FIELDS:
                    if field.front:
                        self._fields[field.name] = _component(field, field.default, language)
                self.compare = gr.Dropdown(
                    [*names()[1], *names()[0]], value=[], multiselect=True, allow_custom_value=True,
                    label=say("compare", language), num_choices_shown=None, elem_id="calc-compare",
                )  # fmt: skip
                with gr.Accordion(say("more", language), open=False, elem_id="calc-more") as self.more:
                    for field in FIELDS:
                        if not field.front:
                            self._fields[field.name] = _component(field, field.default, language)
            with gr.Column(elem_id="calc-result", scale=5):
                self.answer_box = gr.HTML(elem_id="calc-answer")
                self.plot = gr.Plot(visible=False, show_label=False, container=False, elem_id="calc-plot")
                self.second_plot = gr.Plot(visible=False, show_label=False, container=False, elem_id="calc-plot-2")
                with gr.Accordion(
                    say("derivation", language), open=False, visible=False, elem_id="calc-steps"
                ) as self.steps:
                    self.steps_box = gr.HTML(elem_id="calc-derivation")
                self.link = gr.HTML(_link(Form(), language), elem_id="calc-link")
        self.bridge = gr.HTML(elem_id="calc-bridge", js_on_load=_OPENED)

    def wire(self, stored: gr.BrowserState) -> None:
        """Answer whatever is changed at once; of changes that come while one is answered, the last counts."""
        quick: dict[str, Any] = {
            "api_visibility": "private", "show_progress": "hidden", "queue": False, "trigger_mode": "always_last",
        }  # fmt: skip
        for component in self._inputs():
            # A list of several tells of a name that was typed by `change` alone.
            event = component.change if component is self.compare else component.input
            event(self.answer, [stored, *self._inputs()], self._answers(), **quick)
        self.bridge.select(self.open, [stored], [*self._inputs(), *self._answers()], **quick)

    def worded(self) -> list[Any]:
        """Return the components that carry words of the page."""
        return [*self._inputs(), self.more, self.steps]

    def words(self, language: Language) -> Updates:
        """Return the words of the form in a language; values stay."""
        kinds = [(kind_name(kind, language), kind) for kind in KINDS]
        updates: Updates = {
            self.kind: gr.Radio(choices=kinds, label=say("kind", language)),
            self.compare: gr.Dropdown(label=say("compare", language)),
            self.more: gr.Accordion(label=say("more", language)),
            self.steps: gr.Accordion(label=say("derivation", language)),
        }
        for field in FIELDS:
            updates[self._fields[field.name]] = gr.update(**_words(field, language))
        return updates

    def answer(
        self, stored: Stored, request: gr.Request, kind: Kind, compare: list[str] | None, *values: Entry | None
    ) -> Updates:
        """Calculate what is set."""
        entered = {name: "" if value is None else value for name, value in zip(self._fields, values, strict=True)}
        return self._answered(Form(kind, entered, tuple(compare or ())), self._reader(stored, request))

    def open(self, stored: Stored, request: gr.Request, opened: gr.EventData) -> Updates:
        """Fill the form from a link, and answer."""
        form, language = from_query(bridge.value(opened)), self._reader(stored, request)
        filled: Updates = {self.kind: form.kind, self.compare: list(form.compare)}
        for name, component in self._fields.items():
            filled[component] = form.values[name]
        return filled | self._answered(form, language)

    def _inputs(self) -> list[Any]:
        return [self.kind, self.compare, *self._fields.values()]

    def _answers(self) -> list[Any]:
        return [self.answer_box, self.plot, self.second_plot, self.steps, self.steps_box, self.link]

    def _answered(self, form: Form, language: Language) -> Updates:
        found = outcome(form)
        drawn = plots(found.calculations, language) if found.calculations else ()
        first, second = (*drawn, None, None)[:2]
        return {
            self.answer_box: answer_html(form, found, language),
            self.plot: gr.Plot(first, visible=first is not None),
            self.second_plot: gr.Plot(second, visible=second is not None),
            self.steps: gr.Accordion(visible=bool(found.calculations)),
            self.steps_box: derivation_html(found.calculations, language),
            self.link: _link(form, language),
        }


def _component(field: Field, value: str | bool, language: Language) -> Any:  # noqa: ANN401 - gradio's own
    shared: dict[str, Any] = {
        "elem_id": f"calc-{field.name}",
        "elem_classes": ["field", *(f"for-{kind}" for kind in field.kinds)],
    } | _words(field, language)
    match field.control:
        case "dial":
            return dial(str(value), **shared)
        case "switch":
            return gr.Checkbox(bool(value), container=False, **shared)
        case "choice":
            return gr.Radio(list(field.options), value=str(value), **shared)
        case "text":
            return gr.Textbox(str(value), lines=1, max_lines=1, max_length=200, **shared)
        case "name":
            return gr.Dropdown(
                list(field.options), value=str(value), allow_custom_value=True, num_choices_shown=None, **shared
            )
        case "list":
            return gr.Dropdown(value=str(value), allow_custom_value=True, num_choices_shown=None, **shared)


def _words(field: Field, language: Language) -> dict[str, Any]:
    """Return a field's label, and what stands for an empty value."""
    label = say(field.name, language)
    if field.control == "dial":
        return dial_words(field.options, label, say("auto", language) if "" in field.options else "")
    if field.control == "list":
        usual = say("as_published" if field.name == "quant" else "auto", language)
        choices = [(usual, ""), *((name, name) for name in field.options)] if field.default == "" else field.options
        return {"label": label, "choices": list(cast("Any", choices))}
    return {"label": label}


def _link(form: Form, language: Language) -> str:
    """Return the link to what is set; the page's script keeps the address at it."""
    words = escape(say("link", language))
    return f'<a class="calc-link" data-kind="{form.kind}" href="{escape(form.query())}">{words}</a>'
