"""What the page shows, as pure functions: nothing runs, marks lead to their sentences, steps say who does what."""

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.computed import block
from agents.download import Progress
from agents.endpoint import Endpoint
from agents.events import Answer, Calculated, Step, Timings
from agents.ladder import Stage, State
from knowledge.citation import Citation
from knowledge.evidence import Evidence
from tools.calculators.calculation import Calculation, calculate
from ui import messages
from ui.calculated import link
from ui.calculator_form import from_query
from ui.chat import Turn
from ui.header import Opening, header, settled
from ui.markdown import inline, neutral, plain, web_link
from ui.panel import panel
from ui.render import answer_markdown, shown

TEXT = "vLLM serves models. It pages the cache. See `a < b`."
PASSAGE = Evidence(
    "vllm", "vLLM", "What it is", TEXT, 100, 100 + len(TEXT), "en", 1.0, "https://docs.vllm.ai/en/", "/n/vllm.md"
)
CITED = Citation(1, "vllm", "vLLM", "What it is", "It pages the cache.", 120, 139, PASSAGE.source, PASSAGE.path)
TURN = Turn(
    "abc123", "What is <b>vLLM</b>?", evidence=(PASSAGE,), text="It pages [1]. It flies [?].", citations=(CITED,)
)


def done(turn: Turn = TURN, **fields: object) -> Turn:
    answer = Answer(turn.text, turn.citations, turn.evidence, False, "notes", "en", timings=Timings(total_s=1.26))
    return replace(turn, answer=replace(answer, **fields), outcome="done", checked=True)  # pyright: ignore[reportArgumentType]


# --- Markdown of others ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a **b** `c`", "a **b** `c`"),
        ("<img src=x onerror=y>", "&lt;img src=x onerror=y>"),
        ("![alt](https://outside.example/x.png)", "[alt](https://outside.example/x.png)"),
        ("![alt][ref]", "[alt][ref]"),
        ("[run](javascript:alert(1))", "run"),
        ("[run]( data:text/html,x )", "run"),
        ("[page](https://example.org/a_(b))", "[page](https://example.org/a_(b))"),
        ("[other note](kv-cache.md)", "other note"),
        ("[ref]: https://outside.example", "&#91;ref]: https://outside.example"),
        ("`<b>` stays", "`<b>` stays"),
        ("```html\n<b>\n```\n<b>", "```html\n<b>\n```\n&lt;b>"),
        ("```\n<b>", "```\n<b>"),
        ("```mermaid\ngraph TD\n```", "```text\ngraph TD\n```"),
        ("$a<b$ and $$x<y$$", r"$a\lt b$ and $$x\lt y$$"),
    ],
    ids=lambda value: value[:24],
)
def test_markdown_of_others_keeps_its_form_and_loses_its_powers(given: str, expected: str) -> None:
    assert neutral(given) == expected


@given(st.text(alphabet="<>!`$[]()~ \nab\\", max_size=60))
def test_outside_of_code_no_tag_and_no_image_survives(text: str) -> None:
    prose: list[str] = []
    neutral(text, lambda part: prose.append(part) or part)
    assert not any("<" in part or "![" in part for part in prose)


@given(st.text(max_size=80))
def test_plain_text_has_no_sign_that_markdown_or_html_could_read(text: str) -> None:
    assert not re.search(r"[<>*_`\[\]!$#|~]", re.sub(r"&#\d+;", "", plain(text)))


def test_plain_text_keeps_its_indentation_without_becoming_code() -> None:
    assert plain("    x") == "\u00a0" * 4 + "x"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("javascript:alert(1)", ""),
        ("/home/me/note.md", ""),
        ("https://", ""),
        ("http://[broken", ""),
        (
            'https://www.example.org/a"b',
            '<a href="https://www.example.org/a&quot;b" target="_blank" rel="noopener noreferrer">'
            "example.org/a&quot;b</a>",
        ),
    ],
    ids=["script", "file", "no host", "broken", "quotes"],
)
def test_only_web_addresses_become_links(url: str, expected: str) -> None:
    assert web_link(url) == expected


def test_inline_text_stays_on_one_line() -> None:
    assert inline("a\n\n<b>") == "a &lt;b&gt;"


# --- answers ---------------------------------------------------------------------------------------------------------


def test_marks_become_links_to_their_sentence_and_doubts_say_so() -> None:
    assert answer_markdown(TURN, "en") == (
        'It pages\u2060[1](#cite-abc123-1 "vLLM&#58; show the sentence"). '
        'It flies\u2060[?](#unsupported "The notes do not support this sentence").'
    )
    assert "笔记不支持这句话" in answer_markdown(TURN, "zh")


@pytest.mark.parametrize("text", ["`x[1]`", "```\nx[1]\n```", "$x[1]$", "[2] is not cited", "[1](https://a.example)"])
def test_what_only_looks_like_a_mark_is_left_alone(text: str) -> None:
    assert "#cite" not in answer_markdown(replace(TURN, text=text), "en")


def test_an_abstention_is_labelled() -> None:
    assert answer_markdown(done(abstained=True), "zh").startswith('<div class="tag">笔记中没有</div>\n\n')


def test_below_an_answer_stand_its_doubts_notices_rung_and_time() -> None:
    below = shown([done(notices=("vLLM <x> was slow.",))], "en").messages[-1]["content"]
    assert below.startswith(
        '<div class="legend"><span class="mark">?</span> not supported by the notes</div>\n'
        '<div class="notice">vLLM &lt;x&gt; was slow.</div>\n'
        '<div class="meta">from the notes alone · 1.3 s</div>'
    )


def test_only_the_last_answer_offers_questions() -> None:
    first, last = done(next=("What is A?",)), replace(done(next=("What is B?",)), id="def456")
    options = [row.get("options") for row in shown([first, last], "en").messages if "options" in row]
    assert options == [[{"value": "What is B?"}]]


def test_each_message_knows_its_turn_and_each_answer_its_thumb() -> None:
    chat = shown([replace(done(), thumb="down"), replace(TURN, id="def456")], "en")
    assert chat.turns == ("abc123", "abc123", "abc123", "def456", "def456")
    assert chat.thumbs == ("Dislike", "Dislike", None)


def test_a_question_is_shown_as_it_was_typed() -> None:
    assert shown([TURN], "en").messages[0] == {
        "role": "user",
        "content": "What is &#60;b&#62;vLLM&#60;&#47;b&#62;&#63;",
    }


# --- answers that were calculated ------------------------------------------------------------------------------------

FITS = calculate("memory", {"model": "Qwen3-32B-AWQ", "gpu": "RTX 4090", "gpus": 2, "context": "32k"})
BLOCK = block(FITS, (), "en")
COMPUTED = done(
    replace(
        TURN,
        calculated=Calculated(FITS, BLOCK.head, BLOCK.derivation, "en"),
        text=f"{BLOCK.head}\n\nIt pages [1].\n\n{BLOCK.derivation}",
    )
)


def test_a_calculation_has_its_derivation_folded_and_its_plot_and_link_below() -> None:
    _, words, derivation, plot, change, _ = shown([COMPUTED], "en").messages
    assert "14.33 GiB (15.39 GB)" in words["content"]
    assert "N × bits / 8" not in words["content"]
    assert derivation["metadata"] == {"title": "How it is calculated", "id": "abc123-derivation", "status": "done"}
    assert "N × bits / 8" in derivation["content"]
    assert type(plot["content"]).__name__ == "Plot"
    assert 'href="?place=calculate&amp;kind=memory&amp;model=Qwen3-32B' in change["content"]


def test_a_calculation_has_no_plot_while_its_words_still_come() -> None:
    rows = shown([replace(COMPUTED, outcome="open", answer=None, text=BLOCK.head)], "en").messages
    assert len(rows) == 2
    assert "14.33 GiB" in rows[1]["content"]


@pytest.mark.parametrize(
    "calculation",
    [
        FITS,
        calculate("train", {"model": "Phi-4", "method": "qlora", "gpu": "T4"}),
        calculate("model", {"model": "Phi-4"}),
    ],
    ids=["memory", "train", "model"],
)
def test_the_link_of_a_calculation_opens_the_same_one(calculation: Calculation) -> None:
    form = from_query(link(calculation))
    again = calculate(form.kind, form.arguments())
    assert again.answer == calculation.answer


# --- steps -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "language", "metadata"),
    [
        (Step("search", "researcher", "Search", "done", 0.043), "en",
         {"title": "Researcher · Search the notes", "status": "done", "duration": 0.04}),
        (Step("teach", "tutor", "Explain", "running", 3.9), "zh",
         {"title": "导师 · 依据证据讲解", "status": "pending", "log": "3 秒"}),
        (Step("teach", "tutor", "Explain", "failed", 12.34), "en",
         {"title": "✗ Tutor · Explain from the evidence", "status": "done", "duration": 12.3}),
        (Step("check", "checker", "Check", "done", 2.0, "2/5"), "en",
         {"title": "Checker · Check each sentence", "status": "pending", "log": "2/5 · 2 s"}),
        (Step("weigh", "gardener", "Weigh <tools>", "running", 0.0), "en",
         {"title": "gardener · Weigh &lt;tools&gt;", "status": "pending", "log": ""}),
    ],
    ids=["done", "running, in Chinese", "failed", "the checker between two sentences", "one that is new to us"],
)  # fmt: skip
def test_a_step_says_who_does_what_and_how_long_it_took(step: Step, language: str, metadata: dict[str, object]) -> None:
    row = shown([replace(TURN, text="", steps=(step,))], "zh" if language == "zh" else "en").messages[1]
    assert row["metadata"] == metadata | {"id": f"abc123-{step.id}"}


def test_the_check_stands_below_the_words_it_checks() -> None:
    steps = (Step("teach", "tutor", "", "done", 1.0), Step("check", "checker", "", "running", 0.1))
    rows = shown([replace(TURN, steps=steps)], "en").messages
    assert [row.get("metadata", {}).get("id", row["role"]) for row in rows] == [
        "user", "abc123-teach", "assistant", "abc123-check",
    ]  # fmt: skip


# --- the sources -----------------------------------------------------------------------------------------------------


def test_a_passage_shows_where_it_stands_and_marks_the_cited_sentence() -> None:
    passage = replace(PASSAGE, own=True, checked="2026-11-22")
    html = panel(replace(TURN, evidence=(passage,)), "en")
    assert (
        '<span class="num n-1">1</span><b>vLLM</b> <span class="heading">What it is</span> <span class="own">own note'
        in html
    )
    assert 'vLLM serves models. <mark class="n-1">It pages the cache.</mark> See `a < b`.' in html
    assert ">docs.vllm.ai/en</a> · checked 2026-11-22</div>" in html


def test_a_cited_block_is_marked_as_a_whole() -> None:
    text = "```bash\nvllm serve\n```"
    passage = replace(PASSAGE, text=text, start=0, end=len(text))
    html = panel(replace(TURN, evidence=(passage,), citations=(replace(CITED, start=0, end=len(text)),)), "en")
    assert '<div class="passage cited whole">' in html
    assert "<mark" not in html


def test_a_sentence_cited_from_elsewhere_is_quoted() -> None:
    html = panel(replace(TURN, evidence=(), outcome="done"), "en")
    assert '<mark class="n-1">It pages the cache.</mark>' in html


def test_sentences_that_overlap_are_marked_once() -> None:
    longer = replace(CITED, n=2, start=120, end=145)
    assert panel(replace(TURN, citations=(CITED, longer)), "en").count("<mark") == 1


@pytest.mark.parametrize(
    ("turn", "expected"),
    [
        (None, "appear here before the answer does"),
        (replace(TURN, evidence=(), citations=(), searched="bananas", outcome="done"), "have nothing on this"),
        (replace(TURN, evidence=(), citations=(), outcome="done"), "appear here before the answer does"),
        (replace(TURN, searched="What is vLLM for?"), "Searched for: What is vLLM for?"),
    ],
    ids=[
        "before the first question",
        "nothing found",
        "nothing looked for",
        "searched for something else than was typed",
    ],
)
def test_the_panel_says_what_it_stands_on(turn: Turn | None, expected: str) -> None:
    assert expected in panel(turn, "en")


def test_what_a_note_says_cannot_leave_its_passage() -> None:
    hostile = "</div><script>x</script>"
    passage = replace(PASSAGE, title=hostile, heading=hostile, text=hostile, source=f"https://a.example/{hostile}")
    html = panel(replace(TURN, evidence=(passage,), citations=(), searched=hostile), "en")
    assert "<script" not in html
    assert html.count("<div") == html.count("</div>")


# --- the head line ---------------------------------------------------------------------------------------------------


def state(embedded: Stage = "ready", **fields: object) -> State:
    known = State("notes", None, "", 0.0, None, embedded, "", None)
    return replace(known, **fields)  # pyright: ignore[reportArgumentType]


ENDPOINT = Endpoint("http://127.0.0.1:1/v1", "big")


@pytest.mark.parametrize(
    ("opening", "ladder", "tone", "text", "is_settled"),
    [
        (Opening(), None, "busy", "Opening the notes …", False),
        (Opening(problem="no disk"), None, "wrong", "The notes cannot be opened: no disk", True),
        (Opening(3, 9, True), state("off"), "busy", "Indexing 3 of 9", False),
        (Opening(), state("off"), "plain", "Notes only", True),
        (Opening(), state("ready"), "ready", "Embedded model ready", True),
        (Opening(), state("loading"), "busy", "Notes only; the model is loading", False),
        (Opening(), state("downloading", progress=Progress("downloading", 43, 100)), "busy",
         "Notes only; fetching the model, 43 %", False),
        (Opening(), state("downloading", progress=Progress("verifying", 9, 10)), "busy",
         "Notes only; checking the model file, 90 %", False),
        (Opening(), state("downloading"), "busy", "Notes only; fetching the model, 0 %", False),
        (Opening(), state("missing"), "plain", "Notes only; the model is not here (atlas model pull)", True),
        (Opening(), state("missing", embedded_problem="no network."), "wrong", "Notes only; no network.", True),
        (Opening(), state("failed", embedded_problem="no memory."), "wrong", "Notes only; no memory.", True),
        (Opening(), state("off", endpoint=ENDPOINT), "ready", "big", True),
        (Opening(), state("off", endpoint=ENDPOINT, endpoint_problem="refused", retry_in_s=12.4), "wrong",
         "big does not answer, next try in 12 s", False),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_the_head_line_says_who_answers(
    opening: Opening, ladder: State | None, tone: str, text: str, is_settled: bool
) -> None:
    assert f'<span class="state {tone}">{text}</span>' in header(opening, ladder, "en")
    assert settled(opening, ladder) is is_settled


# --- languages -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("accepts", "expected"),
    [
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-GB,en;q=0.9,zh;q=0.8", "en"),
        ("fr,zh;q=0.5,en;q=0.4", "zh"),
        ("en;q=0.3, zh-TW;q=0.7", "zh"),
        ("fr", "en"),
        ("", "en"),
        ("zh;q=much,en;q=0.1", "en"),
    ],
    ids=lambda value: value or "nothing",
)
def test_the_page_speaks_the_language_that_the_browser_asks_for_first(accepts: str, expected: str) -> None:
    assert messages.preferred(accepts) == expected
