"""Tools side by side: as HTML, in a terminal, and by the command."""

import re
from html import unescape

import pytest
from command_run import Command
from quiz_material import material

from knowledge.errors import UserMistake
from knowledge.vocabulary import Language
from tools.recommend.comparison import Comparison, compare
from ui.advice_query import Choice
from ui.comparison_table import comparison_html, table_html, worded
from ui.comparison_text import columns, comparison_text

NAMES = ("vLLM", "SGLang", "Ollama")


def compared(task: str = "", language: Language = "en") -> Comparison:
    return compare(NAMES, task, material(), lambda query, k: [], language)


def test_each_column_is_a_tool_and_leads_to_its_source() -> None:
    html = table_html(compared(), material().graph, "en")
    heads = re.findall(r'<th scope="col">(.*?)</th>', html)
    assert [re.sub("<[^>]+>", "", head) for head in heads] == ["Criterion", *NAMES]
    assert 'href="https://docs.vllm.ai/en/latest/"' in heads[1]


def test_a_sentence_of_a_note_stands_with_its_place() -> None:
    found = compared()
    html = table_html(found, material().graph, "en")
    cited = [cell for _, cells in found.rows for cell in cells if cell.citation]
    assert len(cited) >= len(NAMES)
    for cell in cited:
        assert " ".join(cell.text.split()).replace("`", "") in re.sub("<[^>]+>", "", unescape(html))
    assert html.count('class="where">When to use it') == len(NAMES)


@pytest.mark.parametrize(
    ("criterion", "text", "english", "chinese"),
    [
        ("platforms", "linux, macos", "Linux, macOS", "Linux、macOS"),
        ("tasks", "serve-models, run-models-locally", "Serve", "部署"),
        ("licence", "Apache-2.0", "Apache-2.0", "Apache-2.0"),
    ],
)
def test_terms_of_the_vocabulary_become_words(criterion: str, text: str, english: str, chinese: str) -> None:
    assert (worded(criterion, text, "en"), worded(criterion, text, "zh")) == (english, chinese)


def test_there_is_no_table_until_it_is_asked_for() -> None:
    html = comparison_html(["vllm", "sglang"], Choice("serve a model"), material().graph, None, "en")
    assert "<table" not in html
    assert "compare=vllm%2Csglang" in html
    assert '<option value="Ollama">' in html
    assert '<option value="vLLM">' not in html


def test_a_name_that_is_none_can_be_taken_away_again() -> None:
    problem = UserMistake("'<b>nix' is no tool of the notes.", "Known are vLLM.")
    choice = Choice("", {}, ("vllm", "<b>nix"))
    html = comparison_html(["vllm", "<b>nix"], choice, material().graph, problem, "en")
    assert "<b>nix" not in html
    assert "is no tool of the notes" in html
    assert 'href="?place=choose&amp;compare=vllm"' in html


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("width", [80, 140])
def test_in_a_terminal_the_columns_stand_under_each_other(language: Language, width: int) -> None:
    found = compared("serve a model to many users", language)
    text = comparison_text(found, language, width)
    table = text.partition("\n\n")[0].splitlines()
    assert all(columns(line) <= width for line in table)
    starts = [columns(table[0][: table[0].index(name)]) for name in NAMES]
    licence = next(line for line in table if "Apache-2.0" in line)
    assert columns(licence[: licence.index("Apache-2.0")]) == starts[0]
    assert "https://docs.vllm.ai/en/latest/" in text


def test_the_command_prints_a_table_or_json(atlas: Command) -> None:
    found = atlas("compare", "vllm", "ollama", "--for", "serve a model to 50 users", "--json").json
    assert [one["tool"] for one in found["tools"]] == ["vllm", "ollama"]
    assert found["rows"][0]["criterion"] == "verdict"
    assert all(len(row["cells"]) == 2 for row in found["rows"])
    assert "Apache-2.0" in atlas("compare", "vllm", "ollama").out
    assert "许可" in atlas("compare", "vllm", "ollama", "--language", "zh").out


@pytest.mark.parametrize(
    ("arguments", "named"), [(("vllm",), "two tools"), (("vllm", "frobnicator"), "'frobnicator'")], ids=["one", "none"]
)
def test_a_mistake_is_named_and_ends_with_2(atlas: Command, arguments: tuple[str, ...], named: str) -> None:
    failed = atlas("compare", *arguments, "--json")
    assert failed.status == 2
    assert named in failed.json["error"]["message"]
