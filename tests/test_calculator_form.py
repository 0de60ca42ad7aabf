"""The form of the Calculate page, its link, and its answer in words."""

import pytest

from tools.calculators.calculation import PARAMETERS, calculate
from ui.calculator_form import FIELDS, KINDS, Form, from_query, shown_parameters
from ui.calculator_messages import known, say
from ui.calculator_result import answer_html, derivation_html, outcome


def usual(**values: str | bool) -> dict[str, str | bool]:
    return {field.name: field.default for field in FIELDS} | values


@pytest.mark.parametrize(
    "form",
    [
        Form(),
        Form("serve", usual(model="Qwen3-32B-AWQ", gpu="2x RTX 4090", max_model_len="32k")),
        Form("roofline", usual(phase="prefill", batch="64", quant="fp8"), ("H100 SXM", "Qwen3-8B")),
        Form("train", usual(checkpointing=False, zero="3", targets="q_proj,v_proj")),
        Form("model", usual(model="a model & more=1?#%")),
        Form("memory", usual(gpu="", gpus="")),
    ],
    ids=["as usual", "serving", "compared", "training", "odd signs", "emptied"],
)
def test_a_link_restores_the_form(form: Form) -> None:
    assert from_query(form.query()) == form


@pytest.mark.parametrize(
    "query",
    ["", "?", "?kind=nonsense&phase=sideways&foo=1", "?compare=&compare=%20", "?model=" + "x" * 5000],
    ids=["nothing", "a mark alone", "no choices", "empty comparisons", "far too long"],
)
def test_a_link_of_nonsense_is_still_a_form(query: str) -> None:
    form = from_query(query)
    assert form.kind == "memory"
    assert form.values["phase"] == "decode"
    assert form.compare == ()
    assert len(str(form.values["model"])) <= 300


@pytest.mark.parametrize("kind", KINDS)
def test_every_calculation_answers_as_the_page_opens(kind: str) -> None:
    found = outcome(from_query(f"?kind={kind}"))
    assert not found.problems
    assert [calculation.kind for calculation in found.calculations] == [kind]


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_offers_what_the_calculation_takes_and_has_words_for_it(kind: str) -> None:
    names = {parameter.name for parameter in shown_parameters(kind)}  # pyright: ignore[reportArgumentType]
    hidden = {parameter.name for parameter in PARAMETERS[kind]} - names  # pyright: ignore[reportArgumentType]
    assert hidden <= {"path", "tp"}
    for name in names:
        assert known(name)
        assert all(say(name, language) for language in ("en", "zh"))


def test_a_comparison_changes_the_gpu_or_the_model_and_nothing_else() -> None:
    form = Form("memory", usual(context="16384"), ("h100", "Qwen3-8B", "Llama-3.1-8B", "T4"))
    base = form.arguments()
    assert form.compared() == [base | {"gpu": "h100"}, base | {"model": "Qwen3-8B"}, base | {"model": "Llama-3.1-8B"}]
    assert "three" in answer_html(form, outcome(form), "en")


def test_a_comparison_that_cannot_be_leaves_the_others() -> None:
    form = Form("memory", usual(), ("H100 SXM", "Qwen9-1T"))
    found = outcome(form)
    assert [calculation.inputs["gpu"] for calculation in found.calculations] == ["RTX 4090", "H100 SXM"]
    html = answer_html(form, found, "en")
    assert "Qwen9-1T" in html
    assert "<table>" in html


def test_the_answer_shows_the_figures_of_the_calculation() -> None:
    form = Form("serve", usual(gpus="2", max_model_len="32000"))
    found = outcome(form)
    values = calculate("serve", form.arguments()).values
    html = answer_html(form, found, "en")
    assert f"{values['kv_cache_tokens']:,}" in html
    assert values["command"] in html
    steps = derivation_html(found.calculations, "zh")
    assert steps.count("<li>") >= len(found.calculations[0].derivation.steps)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_typed_is_shown_as_text(kind: str) -> None:
    hostile = "<img src=x onerror=alert(1)>"
    form = Form(kind, usual(model=hostile, gpu=hostile), (hostile,))  # pyright: ignore[reportArgumentType]
    html = answer_html(form, outcome(form), "en")
    assert "<img" not in html
    assert "&lt;img" in html
