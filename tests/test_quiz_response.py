"""Reading answers as people type them."""

import json
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.errors import UserMistake
from tools.quiz.item import Item, Quantity
from tools.quiz.response import LETTERS, response_of, said

FOUR = ("PagedAttention", "KV cache", "Continuous batching", "A tool")
STEPS = ("load weights", "tokenize", "prefill", "decode")
ENGINES = ("vLLM", "SGLang", "llama.cpp", "Ollama")
TRAITS = ("Paged", "Radix", "GGUF", "One-liner")


def item(type_: str, language: str = "en", **fields: Any) -> Item:
    return Item(
        id="0", fact="f", type=type_, concept="vllm", level=1, language=language, origin="graph", stem="?",  # type: ignore[arg-type]
        explanation="e", citations=(), **fields,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "position"),
    [
        pytest.param("B", 1, id="letter"),
        pytest.param("b)", 1, id="letter-with-bracket"),
        pytest.param(" (c) ", 2, id="letter-in-brackets"),
        pytest.param("2", 1, id="number"),
        pytest.param("Ｂ", 1, id="full-width-letter"),
        pytest.param("选B", 1, id="chosen-in-chinese"),
        pytest.param("我选 C", 2, id="i-choose-in-chinese"),
        pytest.param("答案是D", 3, id="the-answer-in-chinese"),
        pytest.param("The answer is C.", 2, id="the-answer"),
        pytest.param("I think it's B", 1, id="i-think"),
        pytest.param("option d", 3, id="option"),
        pytest.param("kv cache", 1, id="own-words"),
        pytest.param("a tool", 3, id="own-words-that-begin-like-a-letter"),
        pytest.param("B. KV cache", 1, id="letter-and-own-words"),
        pytest.param("B：KV cache", 1, id="letter-and-own-words-full-width"),
        pytest.param("b because it stores them", 1, id="letter-and-a-reason"),
        pytest.param("B, B", 1, id="said-twice"),
    ],
)
def test_a_single_choice_is_read(text: str, position: int):
    assert response_of(item("single_choice", options=FOUR, key=(0,)), text).chosen == (position,)


@pytest.mark.parametrize(
    ("options", "text", "position"),
    [
        pytest.param(("8", "4", "2", "16"), "2", 2, id="a-number-that-is-also-a-place"),
        pytest.param(("1.5", "15", "150", "0.15"), "1.5", 0, id="decimal-point"),
        pytest.param(("3", "-3", "0", "6"), "-3", 1, id="sign"),
        pytest.param(("C", "C++", "Go", "Rust"), "c++", 1, id="plus-signs"),
        pytest.param(("`--tp 2`", "`--tp 4`", "`-tp`", "`--pp 2`"), "--tp 4", 1, id="code"),
    ],
)
def test_own_words_go_before_places_and_keep_their_signs(options: tuple[str, ...], text: str, position: int):
    assert response_of(item("single_choice", options=options, key=(0,)), text).chosen == (position,)


@pytest.mark.parametrize(
    ("text", "positions"),
    [
        pytest.param("A, C", (0, 2), id="commas"),
        pytest.param("AC", (0, 2), id="together"),
        pytest.param("c a", (0, 2), id="spaces-any-order"),
        pytest.param("A和C", (0, 2), id="chinese-and"),
        pytest.param("A、C", (0, 2), id="chinese-comma"),
        pytest.param("选AC", (0, 2), id="chosen-in-chinese"),
        pytest.param("A and C", (0, 2), id="and"),
        pytest.param("13", (0, 2), id="numbers-together"),
        pytest.param("1 3", (0, 2), id="numbers"),
        pytest.param("PagedAttention; A tool", (0, 3), id="own-words"),
        pytest.param("D", (3,), id="one"),
    ],
)
def test_several_choices_are_read(text: str, positions: tuple[int, ...]):
    assert response_of(item("multiple_choice", options=FOUR, key=(0,)), text).chosen == positions


@pytest.mark.parametrize(
    ("text", "truth", "reason"),
    [
        pytest.param("true", True, "", id="true"),
        pytest.param("F", False, "", id="f"),
        pytest.param("yes", True, "", id="yes"),
        pytest.param("no.", False, "", id="no"),
        pytest.param("对", True, "", id="right-zh"),
        pytest.param("错的", False, "", id="wrong-zh"),
        pytest.param("是", True, "", id="is-zh"),
        pytest.param("否", False, "", id="is-not-zh"),
        pytest.param("√", True, "", id="tick"),
        pytest.param("not true", False, "", id="not-true"),
        pytest.param(
            "false, because blocks need not be contiguous", False, "blocks need not be contiguous", id="reason"
        ),
        pytest.param("False it copies", False, "it copies", id="reason-without-comma"),
        pytest.param("错，因为显存不够", False, "显存不够", id="reason-zh"),
        pytest.param("错因为显存不够", False, "显存不够", id="reason-zh-without-comma"),
        pytest.param("不对。它按块存放", False, "它按块存放", id="reason-zh-sentence"),
        pytest.param("it's false because of x", False, "of x", id="it-is-false"),
    ],
)
@pytest.mark.parametrize("options", [("True", "False"), ("False", "True"), ("对", "错"), ("错误", "正确")], ids=str)
def test_a_verdict_is_read_with_its_reason(text: str, truth: bool, reason: str, options: tuple[str, str]):
    response = response_of(item("true_false", options=options, key=(0,)), text)
    assert (options[response.chosen[0]] in {"True", "对", "正确"}, response.reason) == (truth, reason)


def test_a_verdict_may_be_given_by_its_letter():
    response = response_of(item("true_false", options=("True", "False"), key=(0,)), "B, since it copies")
    assert (response.chosen, response.reason) == ((1,), "it copies")


@pytest.mark.parametrize(
    "text",
    [
        "1-c 2-a 3-b 4-d", "1c2a3b4d", "2a, 1c, 4d, 3b", "c a b d", "CABD", "1: C\n2: A\n3: B\n4: D", "1配C 2配A 3配B 4配D",
        "1-3 2-1 3-2 4-4", "1->c 2→a 3=b 4:d", '{"1": "c", "2": "a", "3": "b", "4": "d"}', '["c", "a", "b", "d"]',
        "vLLM - GGUF; SGLang - Paged; llama.cpp - Radix; Ollama - One-liner",
        '{"vLLM": "GGUF", "SGLang": "Paged", "llama.cpp": "Radix", "Ollama": "One-liner"}',
    ],
)  # fmt: skip
def test_pairs_are_read(text: str):
    matching = item("matching", prompts=ENGINES, options=TRAITS, key=(0, 1, 2, 3))
    assert response_of(matching, text).chosen == (2, 0, 1, 3)


def test_options_with_separators_in_them_are_read_one_a_line():
    options = ("a page; it needs no account, and works", "a server: it stores > answers", "x -> y, z")
    matching = item("matching", prompts=("TensorBoard", "Prometheus", "Phoenix"), options=options, key=(0, 1, 2))
    written = "\n".join(f"{prompt} -> {option}" for prompt, option in zip(matching.prompts, options, strict=True))
    assert response_of(matching, written).chosen == (0, 1, 2)
    assert response_of(item("ordering", options=options, key=(0, 1, 2)), "\n".join(options)).chosen == (0, 1, 2)


@pytest.mark.parametrize(
    "text",
    [
        "c a b d", "3 1 2 4", "3124", "CABD", "C > A > B > D", "C→A→B→D", "C, A, B, D", "c-a-b-d", "顺序是 CABD",
        "C then A then B then D", "prefill > load weights > tokenize > decode", '["c", "a", "b", "d"]',
    ],
)  # fmt: skip
def test_an_order_is_read(text: str):
    assert response_of(item("ordering", options=STEPS, key=(0, 1, 2, 3)), text).chosen == (2, 0, 1, 3)


@pytest.mark.parametrize(
    ("unit", "text", "value"),
    [
        ("GiB", "12.5", 12.5), ("GiB", "12.5 GiB", 12.5), ("GiB", "12.5gib.", 12.5), ("GiB", "about 12", 12.0),
        ("GiB", "１２．５", 12.5), ("GiB", "约 12 GiB", 12.0), ("GiB", "大约12.5GiB左右", 12.5),
        ("GiB", "1,073,741,824 bytes", 1.0), ("GiB", "1 073 741 824 B", 1.0), ("GiB", "0.5 TiB", 512.0),
        ("GiB", "12.5GB", 12.5e9 / 2**30), ("GiB", "-3", -3.0), ("GB", "1.2e9 bytes", 1.2), ("MB", "2 KiB", 0.002048),
        ("bytes", "128 KiB", 131072.0), ("字节", "128 KiB", 131072.0), ("GB/s", "3.35 TB/s", 3350.0), ("GB/s", "3350GBps", 3350.0),
        ("ms", "0.012 s", 12.0), ("ms", "12 毫秒", 12.0), ("s", "1.5 min", 90.0), ("秒", "90 s", 90.0),
        ("tokens/s", "1.2k tok/s", 1200.0), ("tokens/s", "1200 tps", 1200.0), ("tokens/s", "72000 tokens per minute", 1200.0),
        ("tokens/s", "3 万 tokens/s", 30000.0), ("token/秒", "1200 tokens/s", 1200.0),
        ("%", "50%", 50.0), ("%", "50", 50.0), ("%", "50 percent", 50.0), ("", "50%", 0.5), ("", "2^30", 2.0**30),
        ("", "1.2×10^9", 1.2e9), ("", "1.2e9", 1.2e9), ("", "7B", 7e9), ("", "4 GPUs", 4.0), ("", "3倍", 3.0), ("", "3万", 3e4),
        ("tokens", "32k", 32000.0), ("tokens", "32,768 tokens", 32768.0), ("tokens", "3.2万个 token", 32000.0),
        ("parameters", "7 billion", 7e9), ("B parameters", "7B", 7.0), ("B parameters", "7 billion parameters", 7.0),
        ("TFLOP/s", "989 TFLOPS", 989.0), ("TFLOP/s", "0.989 PFLOP/s", 989.0), ("FLOP/byte", "295 FLOPs/B", 295.0),
        ("GPUs", "8", 8.0), ("张", "8 张", 8.0),
    ],
)  # fmt: skip
def test_an_amount_is_read_in_the_unit_of_the_key(unit: str, text: str, value: float):
    number = response_of(item("numeric", quantity=Quantity(1.0, unit, 0.05)), text).number
    assert number is not None
    assert number.value == pytest.approx(value)


SINGLE, SEVERAL = {"options": FOUR, "key": (0,)}, {"options": FOUR, "key": (0, 1)}
MATCHING = {"prompts": ENGINES, "options": TRAITS, "key": (0, 1, 2, 3)}
GIB = {"quantity": Quantity(12.0, "GiB", 0.05)}


@pytest.mark.parametrize(
    ("type_", "fields", "text", "named"),
    [
        pytest.param("single_choice", SINGLE, "F", "'F' is none of the options A to D.", id="no-such-letter"),
        pytest.param("single_choice", SINGLE, "9", "'9' is none of the options A to D.", id="no-such-number"),
        pytest.param("single_choice", SINGLE, "A, C", "'A, C' names more than one", id="two-for-one"),
        pytest.param("single_choice", SINGLE, "a tool that serves", "'a tool that serves' is none", id="other-words"),
        pytest.param("single_choice", SINGLE, "  ", "'' is no answer.", id="empty"),
        pytest.param("multiple_choice", SEVERAL, "A F", "'F' is none of the options A to D.", id="one-of-two-unknown"),
        pytest.param("true_false", {"options": ("True", "False"), "key": (0,)}, "maybe", "'maybe' is neither True nor False", id="maybe"),
        pytest.param("true_false", {"options": ("True", "False"), "key": (0,)}, "no GPU needed", "'no GPU needed' is neither", id="no-verdict"),
        pytest.param("matching", MATCHING, "1-c 2-a 3-b", "leaves out 4", id="pair-left-out"),
        pytest.param("matching", MATCHING, "1-z 2-a 3-b 4-d", "'z' is none of the options A to D.", id="no-such-partner"),
        pytest.param("matching", MATCHING, "5-a 1-b 2-c 3-d", "'5' is none of the numbers 1 to 4.", id="no-such-prompt"),
        pytest.param("matching", MATCHING, "1-c 1-a 2-b 3-d", "gives 1 two letters", id="two-partners"),
        pytest.param("ordering", {"options": STEPS, "key": (0, 1, 2, 3)}, "c a b", "leaves out D", id="step-left-out"),
        pytest.param("ordering", {"options": STEPS, "key": (0, 1, 2, 3)}, "c a b b", "names B twice", id="step-twice"),
        pytest.param("numeric", GIB, "a lot", "'a lot' is not a number. Write it in digits, such as 12.5 GiB.", id="no-number"),
        pytest.param("numeric", GIB, "12,5", "The comma in '12,5'", id="comma"),
        pytest.param("numeric", GIB, "12 G", "The unit in '12 G' could be decimal or binary.", id="bare-g"),
        pytest.param("numeric", GIB, "12 apples", "The unit in '12 apples' does not fit", id="other-unit"),
        pytest.param("numeric", GIB, "12 s", "The unit in '12 s' does not fit", id="other-dimension"),
        pytest.param("numeric", GIB, "10-12 GiB", "'10-12 GiB' names more than one number.", id="range"),
        pytest.param("numeric", GIB, "1e999", "'1e999' is not a number.", id="infinite"),
        pytest.param("numeric", GIB, "nan", "'nan' is not a number.", id="nan"),
        pytest.param("numeric", GIB, "1.073.741.824", "is not a number", id="points-in-thousands"),
    ],
)  # fmt: skip
def test_an_impossible_answer_is_named_with_what_would_do(type_: str, fields: dict[str, Any], text: str, named: str):
    with pytest.raises(UserMistake) as mistake:
        response_of(item(type_, **fields), text)
    assert named in str(mistake.value)
    assert mistake.value.remedy


def test_an_impossible_answer_is_named_in_the_language_of_the_item():
    with pytest.raises(UserMistake, match=r"'F' 不在选项 A 到 D 之中。 请用字母、序号或选项原文作答。"):
        response_of(item("single_choice", "zh", **SINGLE), "F")


@pytest.mark.parametrize("text", ["I don't know", "idk", "?", "不知道", "我不会", "skip"])
@pytest.mark.parametrize(
    ("type_", "fields"), [("single_choice", SINGLE), ("matching", MATCHING), ("numeric", GIB)], ids=["choice", "pairs", "number"]
)  # fmt: skip
def test_not_knowing_is_an_answer(type_: str, fields: dict[str, Any], text: str):
    response = response_of(item(type_, **fields), text)
    assert (response.chosen, response.number) == ((), None)


@pytest.mark.parametrize(
    ("type_", "fields", "text", "words"),
    [
        pytest.param("single_choice", SINGLE, "b", "KV cache", id="choice"),
        pytest.param("multiple_choice", SEVERAL, "AD", "PagedAttention; A tool", id="choices"),
        pytest.param("matching", MATCHING, "abcd", "vLLM → Paged; SGLang → Radix; llama.cpp → GGUF; Ollama → One-liner", id="pairs"),
        pytest.param("ordering", {"options": STEPS, "key": (0, 1, 2, 3)}, "abcd", "load weights → tokenize → prefill → decode", id="order"),
        pytest.param("true_false", {"options": ("True", "False"), "key": (0,)}, "f, it copies", "False (it copies)", id="verdict"),
        pytest.param("numeric", GIB, " 12 GB ", "12 GB", id="number"),
        pytest.param("short_answer", {"accepted": ("x",)}, " in blocks ", "in blocks", id="text"),
        pytest.param("single_choice", SINGLE, "不知道", "不知道", id="not-known"),
    ],
)  # fmt: skip
def test_an_answer_is_said_in_words(type_: str, fields: dict[str, Any], text: str, words: str):
    answered = item(type_, **fields)
    assert said(answered, response_of(answered, text)) == words


@pytest.mark.parametrize("order", [pytest.param(o, id="".join(map(str, o))) for o in list(permutations(range(4)))[::5]])
@pytest.mark.parametrize(
    "write", [" ".join, "".join, " > ".join, lambda labels: json.dumps(list(labels))], ids=range(4)
)
def test_every_order_is_read_however_it_is_written(order: tuple[int, ...], write: Any):
    letters = [LETTERS[position] for position in order]
    steps, pairs = item("ordering", options=STEPS, key=(0, 1, 2, 3)), item("matching", **MATCHING)
    assert response_of(steps, write(letters)).chosen == response_of(pairs, write(letters)).chosen == order


@settings(deadline=None)
@given(st.text(max_size=60), st.sampled_from([("single_choice", SINGLE), ("multiple_choice", SEVERAL), ("matching", MATCHING), ("numeric", GIB), ("ordering", {"options": STEPS, "key": (0, 1, 2, 3)}), ("true_false", {"options": ("对", "错"), "key": (0,)})]))  # fmt: skip
def test_any_text_is_read_or_refused_with_a_remedy(text: str, form: tuple[str, dict[str, Any]]):
    answered = item(form[0], **form[1])
    try:
        response = response_of(answered, text)
    except UserMistake as mistake:
        assert mistake.remedy
    else:
        assert all(0 <= position < len(answered.options) for position in response.chosen)


@settings(deadline=None)
@given(st.floats(min_value=0.001, max_value=1e12), st.sampled_from(["GB", "GiB", "MB", "MiB", "B", "TiB"]))
def test_an_amount_survives_any_unit(value: float, unit: str):
    sizes = {"GB": 1e9, "GiB": 2**30, "MB": 1e6, "MiB": 2**20, "B": 1, "TiB": 2**40}
    number = response_of(item("numeric", quantity=Quantity(1.0, "GiB", 0.05)), f"{value!r} {unit}").number
    assert number is not None
    assert number.value * 2**30 == pytest.approx(value * sizes[unit])
