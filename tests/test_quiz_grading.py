"""Grading by code: exact scores, named mistakes, and no way to pass by heaping words."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.citation import Citation
from tools.quiz.grading import grade
from tools.quiz.item import Item, Misconception, Point, Quantity
from tools.quiz.response import LETTERS, response_of

QUOTE = "PagedAttention stores the KV cache in blocks of fixed size that need not be contiguous."
FOUR = ("PagedAttention", "KV cache", "Continuous batching", "Chunked prefill")
WHYS = (
    Misconception("KV cache", "The KV cache is what is paged."),
    Misconception("Continuous batching", "It fills slots."),
)
NAMES = {
    "pagedattention": ("paged-attention",), "paged attention": ("paged-attention",), "flashattention": ("flash-attention",),
    "tokenizer": ("tokenization",), "tokenizers": ("tokenizers",), "分页注意力": ("paged-attention",),
    "prefill": ("prefill",), "profile": ("profile",),
}  # fmt: skip


def item(type_: str, language: str = "en", **fields: Any) -> Item:
    cited = Citation(1, "paged-attention", "PagedAttention", "", QUOTE, 0, len(QUOTE), "https://example.org", "x.md")
    given = {"stem": "?", **fields}
    return Item(
        id="0", fact="f", type=type_, concept="paged-attention", level=1, language=language, origin="graph",  # type: ignore[arg-type]
        explanation="PagedAttention pages the cache.", citations=(cited,), **given,
    )  # fmt: skip


def graded(asked: Item, text: str):
    return grade(asked, response_of(asked, text), NAMES)


SINGLE = item("single_choice", options=FOUR, key=(0,), misconceptions=WHYS)
SEVERAL = item("multiple_choice", options=FOUR, key=(0, 3), misconceptions=WHYS)
MATCHING = item(
    "matching", prompts=("vLLM", "SGLang", "llama.cpp"), options=("pages", "a radix tree", "GGUF"), key=(0, 1, 2)
)
ORDER = item("ordering", options=("decode", "load", "prefill", "sample"), key=(1, 2, 0, 3))
SIZE = item(
    "numeric",
    quantity=Quantity(16.0, "GiB", 0.03),
    misconceptions=(Misconception("32 GiB", "Keys and values were counted twice.", 32.0), Misconception("8 GiB", "Only keys.", 8.0)),
)  # fmt: skip


def test_the_right_choice_is_right_and_explained():
    result = graded(SINGLE, "A")
    assert (result.correct, result.score, result.right, result.misconception) == (True, 1.0, "PagedAttention", "")
    assert result.feedback == "PagedAttention pages the cache."


def test_a_wrong_choice_names_the_misconception_behind_it():
    result = graded(SINGLE, "B")
    assert (result.correct, result.score, result.misconception) == (False, 0.0, "The KV cache is what is paged.")
    assert result.feedback == "The KV cache is what is paged.\n\nPagedAttention pages the cache."


def test_a_wrong_choice_without_a_misconception_is_still_explained():
    result = graded(SINGLE, "D")
    assert (result.misconception, result.feedback) == ("", "PagedAttention pages the cache.")


@pytest.mark.parametrize(
    ("text", "score", "correct"),
    [
        pytest.param("AD", 1.0, True, id="all"),
        pytest.param("A", 0.5, False, id="half"),
        pytest.param("AB", 0.0, False, id="one-right-one-wrong"),
        pytest.param("ABD", 0.5, False, id="both-right-one-wrong"),
        pytest.param("ABCD", 0.0, False, id="everything"),
        pytest.param("BC", 0.0, False, id="only-wrong"),
        pytest.param("idk", 0.0, False, id="not-known"),
    ],
)
def test_several_choices_score_right_minus_wrong(text: str, score: float, correct: bool):
    result = graded(SEVERAL, text)
    assert (result.score, result.correct, result.right) == (score, correct, "PagedAttention; Chunked prefill")


def test_several_choices_say_what_was_left_out_and_what_does_not_belong():
    feedback = graded(SEVERAL, "AB").feedback
    assert "**KV cache** does not belong here. The KV cache is what is paged." in feedback
    assert "Left out: **Chunked prefill**." in feedback


@pytest.mark.parametrize(
    ("text", "score"),
    [("abc", 1.0), ("acb", 1 / 3), ("bca", 0.0), ("不知道", 0.0)],
    ids=["all", "one", "none", "not-known"],
)
def test_matching_scores_the_share_of_pairs(text: str, score: float):
    result = graded(MATCHING, text)
    assert (result.score, result.correct) == (score, score == 1.0)


def test_matching_shows_the_pairs_that_were_wrong():
    assert "- SGLang → a radix tree, not GGUF\n- llama.cpp → GGUF, not a radix tree" in graded(MATCHING, "acb").feedback


@pytest.mark.parametrize(
    ("text", "score"),
    [
        pytest.param("bcad", 1.0, id="exact"),
        pytest.param("bcda", 5 / 6, id="last-two-exchanged"),
        pytest.param("cbad", 5 / 6, id="first-two-exchanged"),
        pytest.param("abcd", 4 / 6, id="one-two-places-early"),
        pytest.param("dacb", 0.0, id="backwards"),
    ],
)
def test_an_order_scores_the_share_of_pairs_the_right_way_round(text: str, score: float):
    result = graded(ORDER, text)
    assert (result.score, result.correct) == (pytest.approx(score), score == 1.0)


def test_a_wrong_order_names_the_first_step_that_is_off():
    assert "Step 3 is **decode**." in graded(ORDER, "bcda").feedback


@pytest.mark.parametrize(
    ("text", "correct"),
    [("16", True), ("16 GiB", True), ("16.4", True), ("16.48", True), ("16.49", False), ("15.52", True), ("15.5", False), ("17.18 GB", True)],
)  # fmt: skip
def test_a_number_is_right_within_its_tolerance(text: str, correct: bool):
    assert graded(SIZE, text).correct == correct


@pytest.mark.parametrize(("text", "correct"), [("0", True), ("0.02", True), ("-0.03", True), ("0.04", False)])
def test_the_tolerance_of_zero_is_absolute(text: str, correct: bool):
    assert graded(item("numeric", quantity=Quantity(0.0, "GiB", 0.03)), text).correct == correct


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("32 GiB", "Keys and values were counted twice.", id="misconception"),
        pytest.param("31.5", "Keys and values were counted twice.", id="misconception-rounded"),
        pytest.param("8", "Only keys.", id="other-misconception"),
        pytest.param("16 GB", "This mixes up GB and GiB: 1 GiB is 1.074 GB.", id="decimal-for-binary"),
        pytest.param("17.18", "This mixes up GB and GiB: 1 GiB is 1.074 GB.", id="decimal-number"),
        pytest.param("128", "This is off by a factor of 8: bits and bytes were mixed up.", id="bits"),
        pytest.param("16000", "This is 1,000 times too large: check the prefix of the unit.", id="thousand-too-large"),
        pytest.param("16 MiB", "This is 1,000 times too small: check the prefix of the unit.", id="thousand-too-small"),
        pytest.param("21", "", id="nothing-known"),
    ],
)
def test_a_wrong_number_names_what_went_wrong(text: str, why: str):
    result = graded(SIZE, text)
    assert (result.correct, result.misconception) == (False, why)


@pytest.mark.parametrize(
    ("value", "unit", "right"),
    [
        (16.0, "GiB", "16 GiB"), (0.5, "s", "0.5 s"), (1073741824.0, "bytes", "1,073,741,824 bytes"), (12.3456, "ms", "12.35 ms"),
        (98765.4, "tokens/s", "98,765 tokens/s"), (50.0, "%", "50%"), (3.0, "", "3"), (0.00001, "s", "1e-05 s"),
    ],
)  # fmt: skip
def test_the_key_of_a_number_is_written_for_people(value: float, unit: str, right: str):
    assert graded(item("numeric", quantity=Quantity(value, unit, 0.05)), "7").right == right


@pytest.mark.parametrize(
    ("text", "key", "correct"),
    [
        pytest.param("PagedAttention", "PagedAttention", True, id="itself"),
        pytest.param("paged attention", "PagedAttention", True, id="case-and-space"),
        pytest.param("the Paged-Attention.", "PagedAttention", True, id="article-hyphen-stop"),
        pytest.param("ＰａｇｅｄAttention", "PagedAttention", True, id="full-width"),
        pytest.param("分页注意力", "PagedAttention", True, id="another-name-of-the-note"),
        pytest.param("PagedAttention (paged attention)", "PagedAttention", True, id="two-names"),
        pytest.param("PagedAttention (FlashAttention)", "PagedAttention", False, id="hedged-in-brackets"),
        pytest.param("PagedAttention or FlashAttention", "PagedAttention", False, id="hedged"),
        pytest.param("PagedAttenton", "PagedAttention", True, id="a-letter-less"),
        pytest.param("PagedAttentoin", "PagedAttention", True, id="letters-exchanged"),
        pytest.param("PagdAttenton", "PagedAttention", False, id="two-slips"),
        pytest.param("FlashAttention", "PagedAttention", False, id="another-note"),
        pytest.param("KV caches", "KV cache", True, id="plural"),
        pytest.param("model family", "model families", True, id="plural-ies"),
        pytest.param("tokenizers", "tokenizer", False, id="plural-that-is-another-note"),
        pytest.param("profile", "profill", False, id="slip-that-is-another-note"),
        pytest.param("LoRB", "LoRA", False, id="slip-in-a-short-name"),
        pytest.param("asymmetric", "symmetric", False, id="another-beginning"),
        pytest.param("bfloat32", "bfloat16", False, id="other-digits"),
        pytest.param("Llama 3.5", "Llama 35", False, id="point-between-digits"),
        pytest.param("C", "C++", False, id="signs-count"),
        pytest.param("连续批处理。", "连续批处理", True, id="chinese"),
        pytest.param("连续处理", "连续批处理", False, id="chinese-one-less"),
        pytest.param("...", "PagedAttention", False, id="no-letters"),
    ],
)
def test_a_gap_is_filled_by_its_name_slips_aside(text: str, key: str, correct: bool):
    assert graded(item("cloze", stem="____ pages.", accepted=(key,)), text).correct == correct


def test_a_wrong_word_in_a_gap_names_the_misconception_behind_it():
    asked = item("cloze", stem="____ pages.", accepted=("PagedAttention",), misconceptions=WHYS)
    assert graded(asked, "kv caches").misconception == "The KV cache is what is paged."


BLOCKS = item(
    "short_answer",
    stem="How does PagedAttention manage the KV cache, and what does it gain?",
    accepted=("It stores the cache in blocks that need not be contiguous, which wastes less memory.",),
    points=(
        Point("The KV cache is stored in blocks.", (("block", "page"), ("kv cache", "keys and values"))),
        Point("Blocks need not be contiguous.", (("contiguous", "anywhere", "scattered"),)),
        Point("Less memory is wasted.", (("less", "reduce", "avoid", "lower"), ("fragmentation", "waste"))),
    ),
)
CRITIC = item(
    "short_answer",
    "zh",
    stem="GRPO 与 PPO 的主要区别是什么？",
    accepted=("GRPO 不需要价值模型，用组内平均奖励作基线。",),
    points=(
        Point("不需要价值模型。", (("价值模型", "critic", "value model"),)),
        Point("优势由组内奖励的均值计算。", (("组", "group"), ("均值", "平均", "average"))),
    ),
)


@pytest.mark.parametrize(
    ("asked", "text", "score", "correct"),
    [
        pytest.param(BLOCKS, BLOCKS.accepted[0], 1.0, True, id="model-answer"),
        pytest.param(BLOCKS, "The KV cache is kept in pages that may lie anywhere, which avoids fragmentation.", 1.0, True, id="other-words"),
        pytest.param(BLOCKS, "It keeps the KV cache in non-contiguous pages, so memory waste is lower.", 1.0, True, id="non-contiguous"),
        pytest.param(BLOCKS, "Not only does it store the KV cache in blocks, it also reduces fragmentation.", 2 / 3, True, id="not-only"),
        pytest.param(BLOCKS, "It reduces fragmentation.", 1 / 3, False, id="one-of-three"),
        pytest.param(BLOCKS, "It does not store the KV cache in blocks and does not reduce waste.", 0.0, False, id="denied"),
        pytest.param(BLOCKS, "It stores the KV cache in blocks, which must be contiguous, and wastes less.", 1 / 3, False, id="one-denied"),
        pytest.param(BLOCKS, "PagedAttention manages the KV cache and gains.", 0.0, False, id="echo"),
        pytest.param(BLOCKS, "I like turtles.", 0.0, False, id="beside-the-point"),
        pytest.param(CRITIC, CRITIC.accepted[0], 1.0, True, id="model-answer-zh"),
        pytest.param(CRITIC, "去掉价值模型，按组求平均。", 1.0, True, id="without-zh"),
        pytest.param(CRITIC, "It drops the critic and uses the average of the group.", 1.0, True, id="in-the-other-language"),
        pytest.param(CRITIC, "GRPO 需要价值模型，用组内平均奖励。", 0.0, False, id="asserted-what-is-denied-zh"),
        pytest.param(CRITIC, "GRPO 和 PPO 有什么区别", 0.0, False, id="echo-zh"),
    ],
)  # fmt: skip
def test_a_short_answer_scores_the_points_it_says(asked: Item, text: str, score: float, correct: bool):
    result = graded(asked, text)
    assert (result.score, result.correct) == (pytest.approx(score), correct)


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        pytest.param(BLOCKS, "kv cache block scattered less waste fragmentation memory", id="words"),
        pytest.param(BLOCKS, "kv cache, blocks, non-contiguous, less waste", id="list"),
        pytest.param(BLOCKS, "blocks; pages; kv cache; anywhere; less; fragmentation", id="semicolons"),
        pytest.param(CRITIC, "无价值模型 组 平均 奖励", id="zh-spaces"),
        pytest.param(CRITIC, "去掉critic、组、均值、奖励", id="zh-list"),
    ],
)
def test_a_heap_of_words_never_passes_but_is_left_to_be_judged(asked: Item, text: str):
    result = graded(asked, text)
    assert (result.correct, result.undecided) == (False, True)
    assert "no sentence" in result.feedback or "没有成句" in result.feedback


@pytest.mark.parametrize(
    ("text", "undecided"),
    [
        pytest.param(BLOCKS.accepted[0], False, id="all-said"),
        pytest.param("I like turtles.", False, id="nothing-said"),
        pytest.param("PagedAttention manages the KV cache.", False, id="echo"),
        pytest.param("The KV cache is stored in blocks.", True, id="part-said"),
        pytest.param(
            "A table maps logical positions to physical ones, as an operating system does.", True, id="other-ideas"
        ),
        pytest.param("KV cache blocks must be contiguous, which wastes less.", True, id="denied"),
    ],
)
def test_what_code_cannot_tell_is_left_to_be_judged(text: str, undecided: bool):
    assert graded(BLOCKS, text).undecided == undecided


def test_a_short_answer_hears_what_it_left_out_and_what_it_turned_round():
    feedback = graded(BLOCKS, "The KV cache is stored in blocks that must be contiguous.").feedback
    assert "You say the opposite of this:\n- Blocks need not be contiguous." in feedback
    assert "Left out:\n- Less memory is wasted." in feedback


def test_a_wrong_number_in_a_short_answer_does_not_pass():
    asked = item(
        "short_answer",
        stem="What does NF4 do to the weights?",
        accepted=("NF4 stores each weight in 4 bits, which lowers memory.",),
        points=(Point("Weights are stored in 4 bits.", (("weight",), ("4 bits", "four bits"))), Point("Less memory.", (("lower", "less"), ("memory",)))),
    )  # fmt: skip
    assert graded(asked, "Each weight takes 4 bits, so it needs less memory.").correct
    assert not graded(asked, "Each weight takes 8 bits, so it needs less memory.").correct


VERDICT = item(
    "true_false", stem="PagedAttention needs the cache in one piece.", options=("True", "False"), key=(1,),
    points=(Point("Blocks need not be contiguous.", (("contiguous", "anywhere"),)),),
    misconceptions=(Misconception("True", "That was so before paging."),),
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "correct", "reason"),
    [
        pytest.param("false", True, None, id="no-reason"),
        pytest.param("false, because blocks may lie anywhere", True, 1.0, id="reason"),
        pytest.param("false, because I said so", True, 0.0, id="poor-reason"),
        pytest.param("true, because blocks may lie anywhere", False, 1.0, id="wrong-with-a-good-reason"),
    ],
)
def test_a_reason_is_scored_apart_from_the_verdict(text: str, correct: bool, reason: float | None):
    result = graded(VERDICT, text)
    assert (result.correct, result.score, result.reason_score) == (correct, float(correct), reason)


def test_feedback_is_in_the_language_of_the_item():
    asked = replace(
        SEVERAL,
        language="zh",
        options=("甲", "乙", "丙", "丁"),
        misconceptions=(Misconception("乙", "乙是另一回事。"),),
    )
    feedback = graded(asked, "AB").feedback
    assert "**乙** 不应入选。乙是另一回事。" in feedback
    assert "漏选：**丁**。" in feedback


@pytest.mark.parametrize(
    "asked", [SINGLE, SEVERAL, MATCHING, ORDER, SIZE, BLOCKS, CRITIC, VERDICT], ids=lambda i: f"{i.type}-{i.language}"
)
def test_not_knowing_is_graded_wrong_and_explained(asked: Item):
    result = graded(asked, "不知道")
    assert (result.correct, result.score, result.undecided) == (False, 0.0, False)
    assert asked.explanation in result.feedback


@settings(deadline=None)
@given(
    st.integers(0, 3),
    st.lists(st.integers(0, 3), unique=True, min_size=1),
    st.permutations(range(4)),
    st.permutations(range(4)),
)
def test_only_the_key_is_right(one: int, several: list[int], order: list[int], matched: list[int]):
    steps = ("w", "x", "y", "z")
    single = item("single_choice", options=steps, key=(one,))
    multiple = item("multiple_choice", options=steps, key=tuple(sorted(several)))
    ordering = item("ordering", options=steps, key=tuple(order))
    matching = item("matching", prompts=("1a", "2b", "3c", "4d"), options=steps, key=tuple(matched))
    for position in range(4):
        assert graded(single, LETTERS[position]).correct == (position == one)
    for mask in range(1, 16):
        chosen = [position for position in range(4) if mask >> position & 1]
        result = graded(multiple, "".join(LETTERS[p] for p in chosen))
        assert result.correct == (chosen == sorted(several)) == (result.score == 1.0)
    for given_order in permutations(range(4)):
        letters = " ".join(LETTERS[position] for position in given_order)
        for asked, key in ((ordering, order), (matching, matched)):
            result = graded(asked, letters)
            assert result.correct == (list(given_order) == list(key)) == (result.score == 1.0)


@settings(deadline=None)
@given(st.floats(0.001, 1e9), st.floats(0.001, 0.2), st.floats(-0.5, 0.5))
def test_a_number_is_right_exactly_within_its_tolerance(key: float, tolerance: float, off: float):
    asked = item("numeric", quantity=Quantity(key, "ms", tolerance))
    if abs(abs(off) - tolerance) > 1e-6:
        assert graded(asked, f"{key * (1 + off)!r} ms").correct == (abs(off) < tolerance)


@settings(deadline=None)
@given(
    st.text(min_size=1, max_size=200),
    st.sampled_from([BLOCKS, CRITIC, VERDICT, item("cloze", accepted=("PagedAttention",))]),
)
def test_grading_free_text_never_fails_and_never_gives_more_than_all(text: str, asked: Item):
    if asked is VERDICT:
        text = f"false, {text}"
    if text.strip():
        result = graded(asked, text)
        assert 0.0 <= result.score <= 1.0
