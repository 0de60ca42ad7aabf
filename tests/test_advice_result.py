"""The answer of the Choose page as HTML: what was understood, the cards, what is ruled out, and no answer."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape

import pytest
from quiz_material import material

from knowledge.errors import UserMistake
from tools.recommend.advice import Advice, recommend
from tools.recommend.constraints import corrected
from tools.recommend.reading import read
from ui.advice_card import calculate_link, card_html
from ui.advice_form import conditions_html, task_html, values
from ui.advice_query import Choice
from ui.advice_result import heard, problem_html, result_html
from ui.advice_text import advice_text
from ui.advice_understood import understood_html
from ui.calculator_form import from_query as calculator_form
from ui.calculator_result import outcome

SERVE = "Serve Qwen3-14B to 200 users on 2x RTX 4090"
WINDOWS = "Serve Qwen3-8B to 10 people on a Windows PC with an RTX 4090"


def advise(task: str, changes: Mapping[str, object] | None = None, language: str = "en") -> Advice:
    constraints = corrected(read(task, material().library), **(changes or {}))
    return recommend(task, material(), lambda query, k: [], constraints, language="zh" if language == "zh" else "en")


def shown(advice: Advice, choice: Choice | None = None) -> str:
    return result_html(advice, choice or Choice(advice.task), material().graph, advice.language)


def understood(advice: Advice, choice: Choice | None = None) -> str:
    chosen = choice or Choice(advice.task)
    return understood_html(advice, chosen, lambda tool: material().graph.notes[tool].title_in("en"), advice.language)


def plain(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_each_condition_tells_its_words_and_whether_it_binds() -> None:
    html = understood(advise(SERVE))
    chips = dict(re.findall(r'<li class="(\w+)" data-name="(\w+)">', html))
    assert set(re.findall(r'data-name="(\w+)"', html)) == {"model", "accelerators", "users"}
    assert {"hard", "soft"} == set(chips)
    assert "must GPU: 2 × RTX 4090 (24 GB) read from “2x RTX 4090”" in plain(html)
    assert "weighed Users at once: 200" in plain(html)


def test_a_condition_is_taken_away_by_a_link() -> None:
    html = understood(advise(SERVE))
    link = re.search(r'data-name="accelerators".*?href="([^"]+)"', html)
    assert link
    assert unescape(link[1]).endswith("&gpu=")


def test_what_the_reader_has_set_is_said_to_be_theirs_and_can_be_undone() -> None:
    choice = Choice(SERVE, {"system": "linux"})
    html = understood(advise(SERVE, choice.arguments()), choice)
    assert "System: Linux set by you" in plain(html)
    assert f'href="{Choice(SERVE).query()}"'.replace("&", "&amp;") in html


def test_a_card_leads_from_each_reason_to_its_sentence() -> None:
    advice = advise(SERVE)
    html = shown(advice)
    marks = re.findall(r'data-cite="(\d+)"', html)
    assert marks
    assert marks == re.findall(r'id="choose-evidence-(\d+)"', html)
    for citation in advice.recommendations[0].evidence:
        assert citation.quote.strip() in unescape(html)
        assert citation.source in html


def test_a_card_holds_fit_command_trade_off_and_age() -> None:
    html = shown(advise(SERVE))
    said = plain(html)
    for words in ("It fits", "How this was calculated", "vllm serve Qwen/Qwen3-14B", "Against", "Facts checked on"):
        assert words in said, words
    assert "may be out of date" not in said


def test_a_stale_card_says_so() -> None:
    advice = advise(SERVE)
    old = replace(advice.recommendations[0], is_stale=True, checked="2020-01-01")
    assert "may be out of date" in card_html(old, 1, "https://example.org", advice.constraints, "en")


@pytest.mark.parametrize(
    "task",
    [
        SERVE,
        "Serve Qwen3-8B on a laptop without a GPU with llama.cpp",
        "Fine-tune Qwen3-8B with QLoRA on one RTX 4090 with Unsloth",
    ],
    ids=["memory", "size", "training"],
)
def test_the_link_to_the_calculator_gives_the_same_figure(task: str) -> None:
    advice = advise(task)
    one = advice.recommendations[0]
    assert one.fit is not None
    query = calculate_link(one.fit, one.goal, advice.constraints)
    made = outcome(calculator_form(query)).calculations[0]
    needed = made.values["per_gpu_bytes"] + (made.values.get("context_bytes") or 0)
    assert needed == one.fit.needed


def test_a_fit_that_is_not_computed_says_so_and_leads_nowhere() -> None:
    html = shown(advise("Serve a language model"))
    assert "Not computed" in html
    assert "place=calculate" not in html


def test_a_tool_that_is_ruled_out_stands_with_its_reason_and_the_words() -> None:
    html = plain(shown(advise(WINDOWS)))
    ruled_out = html.partition("Ruled out")[2]
    assert "vLLM" in ruled_out
    assert "Windows" in ruled_out
    assert "by “Windows”" in ruled_out


def test_a_question_back_offers_answers_that_end_it() -> None:
    advice = advise("Serve a language model")
    assert advice.question
    html = shown(advice)
    assert html.index("choose-question") < html.index("choose-card")
    links = re.findall(r'<a class="plain" href="([^"]+)"', html.partition("</section>")[0])
    assert len(links) >= 3
    for language in ("en", "zh"):
        assert advise(advice.task, {"gpu": "RTX 4090"}, language).question == ""


def test_nothing_that_meets_all_names_what_to_drop_and_what_there_is_then() -> None:
    choice = Choice("Serve a GGUF model on Windows", {"accelerators": "8x TPU v5e"})
    advice = advise(choice.task, choice.arguments())
    assert not advice.recommendations
    html = shown(advice, choice)
    assert "no tool of the notes meets all of this" in html
    way = re.search(r'<a class="plain" href="([^"]+)">without “GPU: 8 × TPU v5e', html)
    assert way
    assert "gpu=" in way[1]
    assert heard(advice, "en")


def test_outside_its_ground_it_says_so() -> None:
    advice = replace(advise("Plan a wedding"), nearest=(("vllm", "vLLM"),))
    assert advice.abstained
    html = shown(advice)
    assert "The notes know no tool for this" in html
    assert 'data-ask="What is vLLM?"' in html
    assert heard(advice, "en") == "The notes know no tool for this"


def test_text_of_a_task_or_a_mistake_never_becomes_markup() -> None:
    task = "Serve a model <img src=x onerror=alert(1)> on Linux, must be <b>certified</b>"
    choice = Choice(task, {"accelerators": "<script>"})
    advice = advise(task)
    problem = problem_html(UserMistake("'<script>' is no card.", "Use <b>one</b>."), "en")
    for html in (shown(advice, choice), understood(advice, choice), problem):
        assert not re.search(r"<img|<script|<b>(?:one|certified)", html)


def test_the_form_offers_names_in_both_languages() -> None:
    for language, words in (("en", "no copyleft"), ("zh", "开源")):
        html = task_html("zh" if language == "zh" else "en") + conditions_html("zh" if language == "zh" else "en")
        assert words in html
        assert html.count("data-field") == 13
        assert 'value="RTX 4090"' in html


def test_the_form_shows_what_was_understood_and_over_it_what_was_set() -> None:
    choice = Choice(WINDOWS, {"system": "linux"})
    shown_values = json.loads(values(choice, advise(choice.task, choice.arguments()).constraints))
    assert shown_values["system"] == "linux"
    assert (shown_values["count"], shown_values["accelerators"], shown_values["model"]) == ("1", "RTX 4090", "Qwen3-8B")
    assert shown_values["task"] == WINDOWS


def test_in_chinese_the_page_has_no_english_words_of_its_own() -> None:
    advice = advise("用两张 RTX 4090 部署 Qwen3-14B，供 200 人同时使用", language="zh")
    said = plain(shown(advice) + understood(advice))
    for words in ("First command", "Why", "Evidence", "must", "Ruled out", "Facts checked"):
        assert words not in said
    assert "硬性 显卡：2 × RTX 4090（24 GB）" in said


def test_in_a_terminal_the_advice_is_whole() -> None:
    text = advice_text(advise(WINDOWS), material().graph, "en")
    for words in ("must: System: Windows", "1. ", "   = Qwen3-8B", "   $ ", "  ✗ By its note, vLLM runs on Linux"):
        assert words in text, words
    assert max(len(line) for line in text.splitlines() if not line.startswith(("   [", "     "))) <= 100
