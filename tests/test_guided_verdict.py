"""What a learner is told of an answer in a lesson."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from quiz_school import ALL

from agents.guided_verdict import key_in_short, progress, reason
from agents.quizzing import Outcome
from knowledge.citation import Citation
from learner.mastery import Mastery
from tools.quiz.grading import Grade
from tools.quiz.item import Item

CHOICE = next(item for item in ALL if item.type == "single_choice")
PAIRS = next(item for item in ALL if item.type == "matching")
ORDER = next(item for item in ALL if item.type == "ordering")
LONG = "____ keeps the keys and values of all tokens that came before, so that they need not be computed again."


def quoting(*quotes: str) -> tuple[Citation, ...]:
    return tuple(
        Citation(n, f"n{n}", "T", "", quote, 0, len(quote), "", f"{n}.md") for n, quote in enumerate(quotes, 1)
    )


@pytest.mark.parametrize(
    ("item", "key"),
    [
        (replace(CHOICE, options=("FAISS", "PEFT"), key=(1,)), "B. PEFT"),
        (replace(CHOICE, options=("FAISS", LONG), key=(1,)), "B"),
        (replace(PAIRS, key=(1, 0, 2)), "1-B, 2-A, 3-C"),
        (replace(ORDER, key=(2, 0, 1)), "C → A → B"),
    ],
    ids=["a name", "a description", "pairs", "an order"],
)
def test_the_key_is_told_as_a_reply_would_give_it(item: Item, key: str) -> None:
    assert key_in_short(item) == key


@pytest.mark.parametrize(
    ("fact", "feedback", "quotes", "told", "kept"),
    [
        ("summary:a", "Decode: It reads.", ("It reads.", "It writes.", "It waits."), "Decode: It reads. [1]", 1),
        (
            "uses:a:b",
            "Ants use bees. Bees: It reads.",
            ("They meet.", "It reads."),
            "Ants use bees. [1] Bees: It reads. [2]",
            2,
        ),
        (
            "uses:a:b",
            "Wrong. Bees read.\n\nAnts use bees. Bees read.",
            ("Bees read.",),
            "Wrong. Bees read. [1]\n\nAnts use bees.",
            1,
        ),
        (
            "named:a:b",
            "空格处是**键**。原文：“它读取键。”",
            ("它读取键。",),
            "空格处是**键**。原文：“它读取键。”[1]",
            1,
        ),
    ],
    ids=["others' descriptions", "a relation", "said twice", "in quotation marks"],
)
def test_a_reason_says_each_sentence_once_and_cites_what_it_quotes(
    fact: str, feedback: str, quotes: tuple[str, ...], told: str, kept: int
) -> None:
    item = replace(CHOICE, origin="graph", fact=fact, citations=quoting(*quotes))
    text, citations = reason(item, feedback)
    assert text == told
    assert [citation.n for citation in citations] == list(range(1, kept + 1))


@pytest.mark.parametrize(
    ("after", "is_practice", "told"),
    [(0.3, False, "10% → 30%"), (0.101, False, ""), (0.1, True, "Practice")],
    ids=["a change", "none that is seen", "practice"],
)
def test_mastery_is_told_of_where_it_changed(after: float, is_practice: bool, told: str) -> None:
    before, now = (Mastery(value, 0.0, 1.0, 0.0, 1, 1, 1.0) for value in (0.1, after))
    graded = Grade(correct=True, score=1.0, right="", feedback="")
    outcome = Outcome("1", graded, before, now, datetime(2026, 11, 22, tzinfo=UTC), is_practice=is_practice)
    found = progress("LoRA", outcome, "en")
    assert (told in found[0]) if told else not found
