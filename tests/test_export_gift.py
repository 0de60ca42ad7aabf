"""Exports to Moodle, read back by the rules of its format."""

import base64
import re
from dataclasses import replace
from html import unescape
from xml.etree import ElementTree

import gift_reader
import pytest
from export_items import FIGURE, LOG, NASTY, NOTES, item, items
from gift_reader import Question

from knowledge.vocabulary import LANGUAGES, Language
from tools.export import figure, gift
from tools.quiz.item import TYPES, Item, ItemType, Misconception

KINDS = {
    "single_choice": "choice", "multiple_choice": "choice", "true_false": "truth", "cloze": "text",
    "matching": "matching", "ordering": "matching", "numeric": "number", "short_answer": "essay", "reading": "choice",
}  # fmt: skip


def read(asked: Item) -> Question:
    (question,) = gift_reader.read(gift.text([asked], NOTES))
    return question


def seen(html: str) -> str:
    return unescape(re.sub("<[^>]+>", "", html))


def test_every_item_is_a_question_in_the_category_of_its_stage() -> None:
    questions = gift_reader.read(gift.text(items(), NOTES))
    assert len(questions) == len(items())
    assert {q.name for q in questions} == {f"vLLM {asked.id}" for asked in items()}
    categories = {q.category for q in questions}
    assert categories == {"$course$/top/LLM Atlas/Inference", "$course$/top/LLM Atlas/推理"}
    assert gift_reader.read(gift.text(items(), {}))[0].category == "$course$/top/LLM Atlas"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("item_type", TYPES)
def test_question_and_feedback_arrive_sign_by_sign(item_type: ItemType, language: Language) -> None:
    asked = item(item_type, language)
    question = read(asked)
    assert question.kind == KINDS[item_type]
    assert question.format == "html"
    ElementTree.fromstring(f"<x>{question.text}</x>")
    ElementTree.fromstring(f"<x>{question.feedback}</x>")
    shown = NASTY.replace("$x_1 = 2$", r"\(x_1 = 2\)").replace("&amp;", "&")
    assert shown in seen(question.text)
    assert shown in seen(question.feedback)
    assert asked.citations[0].quote in seen(question.feedback)
    assert "https://docs.vllm.ai/?a=1&amp;b=2" in question.feedback
    assert all(point.text in seen(question.feedback) for point in asked.points)


def test_one_choice_is_right_and_the_wrong_ones_say_why() -> None:
    asked = item("single_choice", "en")
    question = read(asked)
    assert question.single
    assert [answer.fraction for answer in question.answers] == [0, 1, 0, 0]
    assert [seen(answer.text) for answer in question.answers] == [
        "--tp 2 = a ~ b", seen(asked.options[1].replace("<b>", "&lt;b&gt;").replace("</b>", "&lt;/b&gt;")),
        "-5 # }", r"[html] \(y^2\)",
    ]  # fmt: skip
    assert [bool(answer.feedback) for answer in question.answers] == [True, False, True, True]


@pytest.mark.parametrize(
    ("right", "of", "shares"),
    [
        ((0, 1, 3), 4, [33.33333, 33.33333, -100, 33.33333]),
        ((2,), 3, [-50, -50, 100]),
        ((0, 1), 2, [50, 50]),
        ((0, 1, 2, 3, 4, 5), 7, [*[16.66667] * 6, -100]),
    ],
    ids=["three of four", "one of three", "all", "six of seven"],
)
def test_right_options_share_the_mark_and_wrong_ones_take_it(
    right: tuple[int, ...], of: int, shares: list[float]
) -> None:
    asked = item("multiple_choice", "en", options=tuple(f"option {at}" for at in range(of)), key=right)
    question = read(asked)
    assert not question.single
    assert [round(100 * answer.fraction, 5) for answer in question.answers] == shares


@pytest.mark.parametrize(
    ("options", "key", "right"),
    [(("True", "False"), 0, 1), (("True", "False"), 1, 0), (("错误", "正确"), 1, 1), (("错误", "正确"), 0, 0)],
)
def test_true_or_false_by_what_the_options_say(options: tuple[str, ...], key: int, right: float) -> None:
    question = read(item("true_false", "en", options=options, key=(key,)))
    assert (question.kind, question.answers[0].fraction) == ("truth", right)


def test_a_claim_with_other_options_stays_a_choice() -> None:
    question = read(item("true_false", "en", options=("Always", "Never"), key=(1,)))
    assert [(answer.text, answer.fraction) for answer in question.answers] == [("Always", 0), ("Never", 1)]


def test_a_cloze_takes_each_accepted_text_to_the_letter() -> None:
    question = read(item("cloze", "en"))
    assert "____" in question.text
    # Moodle reads \* as an asterisk; an answer with -> would make it another kind of question.
    assert [(answer.text, answer.fraction) for answer in question.answers] == [("a::b}} {x} ~=#", 1), (r"\*paged\*", 1)]


def test_a_cloze_without_an_answer_that_can_be_written_is_an_essay() -> None:
    question = read(item("cloze", "en", accepted=("a -> b",)))
    assert question.kind == "essay"
    assert "a -> b" in seen(question.feedback)


def test_pairs_match_and_what_is_left_over_matches_nothing() -> None:
    question = read(item("matching", "en"))
    pairs = [(seen(answer.text), answer.match) for answer in question.answers]
    assert pairs[0] == ("p1 -> {", "-5 # }")
    assert pairs[1] == (r"p2 \(z\)", "--tp 2 = a ~ b")
    assert pairs[3] == ("", "extra")


def test_an_order_is_matched_with_places() -> None:
    question = read(item("ordering", "en"))
    assert [answer.match for answer in question.answers] == ["1", "2", "3", "4"]
    assert seen(question.answers[0].text) == r"[html] \(y^2\)"


def test_a_number_has_its_tolerance_and_wrong_ones_say_why() -> None:
    wrong = (Misconception("a", "bits # bytes", 100.0), Misconception("b", "not a number"))
    question = read(item("numeric", "en", misconceptions=wrong))
    assert "Answer in GiB." in seen(question.text)
    assert [(a.text, a.tolerance, a.fraction, a.feedback) for a in question.answers] == [
        ("12.5", 0.625, 1, ""), ("100.0", 5, 0, "bits # bytes"),
    ]  # fmt: skip


def test_a_log_keeps_its_lines_and_a_plot_is_a_picture() -> None:
    log = ElementTree.fromstring(f"<x>{read(item('reading', 'en')).text}</x>").find("pre")
    assert log is not None
    assert log.text == LOG
    plot = next(asked for asked in items() if asked.exhibit is not None and asked.exhibit.kind == "plot")
    picture = re.search('base64,([^"]+)', read(plot).text)
    assert picture is not None
    assert base64.b64decode(picture[1]).decode() == figure.svg(FIGURE)


def test_text_that_looks_like_a_weight_is_none() -> None:
    question = read(item("single_choice", "en", options=("%50% of it", "none"), key=(1,), misconceptions=()))
    assert [(seen(answer.text), answer.fraction) for answer in question.answers] == [("%50% of it", 0), ("none", 1)]


def test_each_question_stands_in_one_block_whatever_it_says() -> None:
    asked = replace(item("single_choice", "en"), stem="one\n\n// two\n\n$CATEGORY: x\n\n```\na\n\nb\n```")
    assert seen(read(asked).text).split() == ["one", "//", "two", "$CATEGORY:", "x", "a", "b"]
