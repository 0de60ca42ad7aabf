"""What questions about the KV cache tell of a model, and where their formula goes wrong."""

from typing import Final

from knowledge.vocabulary import Language
from tools.calculators.shape import ModelShape
from tools.quiz import calc_draw as draw

BATCHES: Final = (2, 3, 4, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)


def given(shape: ModelShape, dtype: str, language: Language, **numbers: int) -> dict[str, str]:
    """Return the variables of a stem: the shape, the format of the cache, and further numbers."""
    return {
        "model": shape.name,
        "layers": draw.count(shape.layers),
        "hidden": draw.count(shape.hidden),
        "heads": draw.count(shape.heads),
        "kv_heads": draw.count(shape.kv_heads),
        "head_dim": draw.count(shape.head_dim),
        "dtype": draw.dtype_text(dtype, language),
    } | {name: draw.count(number) for name, number in numbers.items()}


def shape_slips(shape: ModelShape, value: float, dtype: str) -> dict[str, float]:
    """Say what each slip in the formula of one token makes of the right value."""
    slips = {
        "one_of_kv": value / 2,
        "query_heads": value * shape.heads / shape.kv_heads,
        "hidden_per_head": value * (shape.hidden / shape.heads) / shape.head_dim,
        "one_layer": value / shape.layers,
        "bits_as_bytes": value * 8,
        "hidden_width": value * shape.hidden / (shape.kv_heads * shape.head_dim),
        "one_head": value / shape.kv_heads,
    }
    return slips | ({"other_width": value * 2} if dtype == "fp8" else {})
