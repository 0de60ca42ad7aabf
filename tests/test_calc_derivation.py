"""Every line of a derivation is arithmetic that anyone can redo: the numbers substituted give the value."""

import ast
import math
import operator
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.calculators.accelerator import find as find_card
from tools.calculators.accelerator import ridge
from tools.calculators.derivation import Derivation, Step, Text, joined, plain, step
from tools.calculators.kv_cache import kv_cache
from tools.calculators.model_catalogue import find
from tools.calculators.parameter import count
from tools.calculators.weight_format import weights

NOTES = Path(__file__).parents[1] / "knowledge" / "notes"
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
WORDS: dict[str, Callable[..., float]] = {"min": min, "max": max, "ceil": math.ceil, "floor": math.floor}


def redo(line: Step) -> float:
    """Calculate the substituted formula by a walk over its syntax."""
    text = line.substituted.replace("×", "*").replace(",", "_").replace("_ ", ", ")
    return _value(ast.parse(text, mode="eval").body)


def _value(node: ast.expr) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.BinOp(left, how, right):
            return OPERATORS[type(how)](_value(left), _value(right))
        case ast.Call(ast.Name(word), arguments):
            return WORDS[word](*map(_value, arguments))
        case _:
            raise AssertionError(ast.dump(node))


DERIVATIONS = {
    "parameters": count(find("Qwen3-14B")).derivation,
    "parameters of experts": count(find("DeepSeek-V3")).derivation,
    "kv": kv_cache(find("Qwen3-14B"), 32_000, 4, block=16).derivation,
    "kv with windows": kv_cache(find("Gemma-3-27B"), 131_072, 2).derivation,
    "kv latent": kv_cache(find("DeepSeek-V3"), 8_192).derivation,
    "weights": weights(find("Qwen3-14B"), "awq", 2).derivation,
    "weights of a mix": weights(find("Llama-3.1-8B"), "Q4_K_M").derivation,
    "ridge": ridge(find_card("H100")).derivation,
}


@pytest.mark.parametrize("derivation", DERIVATIONS.values(), ids=DERIVATIONS.keys())
def test_the_substituted_numbers_give_the_value(derivation: Derivation) -> None:
    assert derivation.steps
    for line in derivation.steps:
        assert redo(line) == pytest.approx(line.value, rel=1e-5), line


@pytest.mark.parametrize("derivation", DERIVATIONS.values(), ids=DERIVATIONS.keys())
def test_every_line_speaks_both_languages_and_has_a_unit(derivation: Derivation) -> None:
    assert list(NOTES.glob(f"*/{derivation.note}.md"))
    for text in (*(line.name for line in derivation.steps), *derivation.assumptions):
        assert text.en and any("\u4e00" <= sign <= "\u9fff" for sign in text.zh), text
    assert all(line.unit for line in derivation.steps)


def test_symbols_are_replaced_and_other_words_stay() -> None:
    line = step("bytes", "字节", "min(T, W) × b", {"T": 4096, "W": 1024, "b": 0.5}, 512, "B")
    assert line.substituted == "min(4,096, 1,024) × 0.5"
    assert line.name == Text("bytes", "字节")


@pytest.mark.parametrize(
    ("value", "written"), [(1_234_567, "1,234,567"), (2.0, "2"), (4.15625, "4.15625"), (1e20, "1e+20"), (0.1, "0.1")]
)
def test_numbers_are_written_without_loss(value: float, written: str) -> None:
    assert plain(value) == written


def test_joined_derivations_say_each_assumption_once() -> None:
    said = Text("Dense peak.", "稠密峰值。")
    line = step("a", "甲", "x", {"x": 1}, 1, "B")
    both = joined("roofline-model", Derivation((line,), (said,)), Derivation((line,), (said,)))
    assert both == Derivation((line, line), (said,), "roofline-model")
