"""A number to slide or to type: a slider over chosen stops beside a field that takes any text, such as 32k."""

from collections.abc import Sequence
from typing import Any, Final

import gradio as gr

# The template holds no value: what is being typed is never drawn anew.
_TEMPLATE: Final = """
<label><span>{{words}}</span><input class="typed" type="text" spellcheck="false" autocomplete="off" maxlength="60"
 placeholder="{{empty}}"></label>
<input class="slid" type="range" min="0" max="{{last}}" step="1" aria-label="{{words}}">
"""
_SCRIPT: Final = """
const typed = element.querySelector(".typed"), slid = element.querySelector(".slid");
const stops = () => props.stops;
const nearest = (text) => {
  const exact = stops().indexOf(text.trim());
  if (exact >= 0) return exact;
  const factor = {k: 1e3, K: 1024, m: 1e6, M: 1048576}[text.trim().slice(-1)] ?? 1;
  const size = parseFloat(text.replace(/[,_ ]/g, "")) * factor;
  if (!(size > 0)) return 0;
  const far = (stop) => (stop === "" ? Infinity : Math.abs(Math.log(Number(stop) / size)));
  return stops().reduce((best, stop, at) => (far(stop) < far(stops()[best]) ? at : best), 0);
};
const show = () => {
  const text = String(props.value ?? "");
  if (document.activeElement !== typed && typed.value !== text) typed.value = text;
  slid.value = nearest(text);
  slid.setAttribute("aria-valuetext", text || props.empty);
  slid.style.setProperty("--at", `${(100 * slid.value) / Math.max(1, stops().length - 1)}%`);
};
const set = (text) => { props.value = text; show(); trigger("input"); };
slid.addEventListener("input", () => { const text = stops()[slid.value]; typed.value = text; set(text); });
typed.addEventListener("input", () => set(typed.value));
watch(["value", "words"], show);
show();
"""


def dial(value: str, **properties: Any) -> gr.HTML:  # noqa: ANN401
    """Return a component that holds text, with the properties of `dial_words`."""
    return gr.HTML(value, html_template=_TEMPLATE, js_on_load=_SCRIPT, **properties)


def dial_words(stops: Sequence[str], words: str, empty: str) -> dict[str, Any]:
    """Return what a dial says; `stops` are where its slider rests, "" where it may be left empty.

    An update sends all of it: Gradio forgets the properties that an update of a component not yet drawn leaves out.
    """
    return {"stops": list(stops), "last": len(stops) - 1, "words": words, "empty": empty}
