"""Which format llama.cpp's quantizer gives each tensor of a GGUF file.

Source: src/llama-quant.cpp of llama.cpp at commit 007dbbf3, functions llama_tensor_get_type_impl, tensor_type_fallback
and tensor_allows_quantization. The order of the rules below is the order there, for it matters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tools.calculators.ggml_type import GGML_TYPES
from tools.calculators.shape import ModelShape
from tools.calculators.tensor import Tensor, tensors

FILE_TYPES: Final[dict[str, str]] = {
    "F32": "F32", "F16": "F16", "BF16": "BF16", "Q4_0": "Q4_0", "Q4_1": "Q4_1", "Q5_0": "Q5_0", "Q5_1": "Q5_1",
    "Q8_0": "Q8_0", "MXFP4_MOE": "MXFP4", "Q2_K": "Q2_K", "Q2_K_S": "Q2_K", "Q3_K_S": "Q3_K", "Q3_K_M": "Q3_K",
    "Q3_K_L": "Q3_K", "Q4_K_S": "Q4_K", "Q4_K_M": "Q4_K", "Q5_K_S": "Q5_K", "Q5_K_M": "Q5_K", "Q6_K": "Q6_K",
    "TQ1_0": "TQ1_0", "TQ2_0": "TQ2_0", "IQ2_XXS": "IQ2_XXS", "IQ2_XS": "IQ2_XS", "IQ2_S": "IQ2_XS",
    "IQ2_M": "IQ2_S", "IQ3_XXS": "IQ3_XXS", "IQ3_XS": "IQ3_S", "IQ3_S": "IQ3_S", "IQ3_M": "IQ3_S", "IQ1_S": "IQ1_S",
    "IQ1_M": "IQ1_M", "IQ4_NL": "IQ4_NL", "IQ4_XS": "IQ4_XS",
}  # fmt: skip
"""The file types of llama-quantize and the format most of their tensors get."""

FILE_TYPE_OF_CODE: Final[dict[int, str]] = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE",
}  # fmt: skip
"""What general.file_type of a GGUF file means (enum llama_ftype in include/llama.h)."""

NEED_IMATRIX: Final = frozenset({"IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ3_XXS", "Q2_K_S"})
_FALLBACK: Final = {"Q4_K": "Q5_0", "Q5_K": "Q5_1", "Q6_K": "Q8_0"}
_UNQUANTIZED: Final = frozenset({"F32", "F16", "BF16"})
_BELOW_3_BITS: Final = frozenset({"IQ2_XXS", "IQ2_XS", "IQ1_S", "IQ2_S", "IQ2_M", "IQ1_M"})
_VARIED: Final = frozenset({"v_proj", "qkv_proj", "down_proj", "gate_up_proj"})  # by layer
_LATE_OUTPUT: Final = frozenset(
    {"Q2_K", "IQ3_XS", "IQ3_XXS", "Q3_K_S", "Q3_K_M", "IQ4_NL", "Q4_K_S", "Q4_K_M", "IQ3_S", "IQ3_M", "IQ4_XS"}
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A tensor on its way through the rules; `attention` counts value tensors, `layer` is the layer's index."""

    shape: ModelShape
    file_type: str
    imatrix: bool
    layer: int
    default: str

    @property
    def experts(self) -> int:
        return self.shape.experts.count if self.shape.experts else 0

    @property
    def group(self) -> int:
        return self.shape.heads if self.shape.latent else self.shape.heads // self.shape.kv_heads

    def among(self, *file_types: str) -> bool:
        return self.file_type in file_types

    def first(self, part: int) -> bool:
        return self.layer < self.shape.layers // part

    def more_bits(self) -> bool:
        layers, layer = self.shape.layers, self.layer
        return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def gguf_tensors(shape: ModelShape) -> tuple[Tensor, ...]:
    """List the tensors as a GGUF file holds them: DeepSeek's latent up-projection is split into keys and values."""
    return tuple(part for tensor in tensors(shape) for part in _split_latent(shape, tensor))


def _split_latent(shape: ModelShape, tensor: Tensor) -> tuple[Tensor, ...]:
    latent = shape.latent
    if latent is None or tensor.role != "kv_b_proj":
        return (tensor,)
    keys = tensor._replace(role="k_b_proj", rows=shape.heads * latent.kv_rank, columns=latent.nope_dim)
    return keys, tensor._replace(role="v_b_proj", rows=shape.heads * latent.value_dim)


def tensor_types(shape: ModelShape, tensor: Tensor, file_type: str, imatrix: bool = False) -> tuple[str, ...]:
    """Return the ggml type that the tensor gets in each of its layers (once, if it stands outside the layers)."""
    base = FILE_TYPES[file_type]
    if tensor.kind in {"norm", "bias", "router", "position"}:
        return ("F32",) * tensor.places
    if base in _UNQUANTIZED:
        return (base,) * tensor.places
    matrix = imatrix or file_type in NEED_IMATRIX
    role = tensor.role.rpartition(".")[2]
    varied = role in _VARIED or (role in {"gate_proj", "up_proj"} and file_type == "IQ3_XS")
    places = tensor.layers if varied else (0,)
    found = tuple(_fitting(_one(tensor, _Place(shape, file_type, matrix, at, base)), tensor.columns) for at in places)
    return found if varied else found * tensor.places


def _one(tensor: Tensor, place: _Place) -> str:
    if tensor.kind == "head" or (tensor.kind == "embedding" and place.shape.tied_embeddings):
        return _output(tensor, place)
    if place.file_type == "MXFP4_MOE":
        return "MXFP4" if tensor.copies > 1 else "Q8_0"
    if tensor.kind == "embedding":
        return _embedding(place)
    rule = _RULES.get(tensor.role.rpartition(".")[2])
    if place.file_type in _BELOW_3_BITS:
        return _below_three_bits(tensor, place)
    return rule(place) if rule else place.default


def _output(tensor: Tensor, place: _Place) -> str:
    if place.file_type == "MXFP4_MOE" or tensor.columns % GGML_TYPES[place.default].block:
        return "Q8_0"
    if place.among("IQ2_XXS", "IQ2_XS", "IQ3_XXS", "IQ1_S", "IQ2_S", "IQ2_M", "IQ1_M"):
        return "Q5_K"
    return "Q6_K" if place.default != "Q8_0" else "Q8_0"


def _embedding(place: _Place) -> str:
    if place.among("IQ2_XXS", "IQ2_XS", "IQ1_S", "IQ1_M"):
        return "Q2_K"
    if place.among("IQ2_S", "IQ2_M", "IQ3_XXS"):
        return "IQ3_S"
    return "Q4_K" if place.among("TQ1_0", "TQ2_0") else place.default


def _below_three_bits(tensor: Tensor, place: _Place) -> str:  # noqa: PLR0911 - one return for each rule
    role = tensor.role.rpartition(".")[2]
    richer = "IQ3_S" if place.among("IQ2_S", "IQ2_M") else "Q2_K"
    if role in {"v_proj", "qkv_proj"}:
        return "Q4_K" if place.group >= 4 or place.experts >= 4 else richer
    if role == "k_proj" and place.experts == 8:
        return "Q4_K"
    if role == "down_proj" and place.first(8):
        return richer
    if role == "o_proj":
        if place.experts == 8:
            return "Q5_K"
        if place.among("IQ1_S", "IQ1_M"):
            return "IQ2_XXS"
        return "IQ3_S" if place.among("IQ2_S", "IQ2_M") else place.default
    return place.default


def _value(place: _Place) -> str:
    chosen = _value_before_size(place)
    if _is_70b(place.shape) and chosen in {"Q3_K", "Q4_K"}:
        chosen = "Q5_K"
    return "Q8_0" if place.experts == 8 else chosen


def _value_before_size(place: _Place) -> str:  # noqa: PLR0911 - one return for each rule
    grouped = place.group >= 4
    fixed = {"IQ3_M": "Q4_K", "Q3_K_L": "Q5_K"}
    if place.file_type in fixed:
        return fixed[place.file_type]
    if place.among("Q2_K"):
        return "Q4_K" if grouped else "Q3_K"
    if place.among("IQ3_XXS"):
        return "Q4_K" if grouped else "IQ3_XXS" if place.imatrix else "IQ3_S"
    if place.among("Q3_K_M"):
        return "Q5_K" if place.layer < 2 else "Q4_K"
    if grouped and place.among("Q2_K_S", "IQ3_XS", "IQ3_S"):
        return "Q4_K"
    if grouped and place.among("IQ4_NL", "IQ4_XS"):
        return "Q5_K"
    if place.among("Q4_K_M", "Q5_K_M") and place.more_bits():
        return "Q6_K"
    return "Q5_K" if place.among("Q4_K_S") and place.layer < 4 else place.default


def _key(place: _Place) -> str:
    return "Q8_0" if place.experts == 8 else _query(place)


def _query(place: _Place) -> str:
    return {"IQ3_XS": "IQ3_XXS", "IQ3_XXS": "IQ2_S"}.get(place.file_type, place.default)


def _down(place: _Place) -> str:
    kind, more = place.file_type, place.more_bits()
    if kind == "Q2_K":
        return "Q3_K"
    if kind == "Q3_K_M":
        return "Q5_K" if place.first(16) else "Q4_K"
    if kind == "Q3_K_L":
        return "Q5_K"
    if kind in {"Q4_K_M", "Q5_K_M"}:
        return "Q6_K" if more else place.default
    if kind == "IQ3_M" and (place.first(8) or (place.experts == 8 and more)):
        return "Q4_K"
    early = {"Q2_K_S": "Q4_K", "Q4_K_S": "Q5_K"}
    if not place.imatrix:
        early |= {"IQ4_NL": "Q5_K", "IQ4_XS": "Q5_K"}
    else:
        early |= {"Q4_0": "Q4_1", "Q5_0": "Q5_1"}
    return early.get(kind, place.default) if place.first(8) else place.default


def _attention_output(place: _Place) -> str:
    if place.experts == 8:
        return "Q5_K" if place.file_type in _LATE_OUTPUT else place.default
    chosen = {"Q2_K": "Q3_K", "IQ3_XXS": "IQ3_S", "Q3_K_M": "Q4_K", "Q3_K_L": "Q5_K", "IQ3_M": "Q4_K"}
    return chosen.get(place.file_type, place.default)


def _gate_or_up(place: _Place) -> str:
    middle = place.shape.layers // 8 <= place.layer < 7 * place.shape.layers // 8
    return "IQ3_XXS" if place.among("IQ3_XS") and middle else place.default


_RULES: Final[dict[str, Callable[[_Place], str]]] = {
    "q_proj": _query,
    "k_proj": _key,
    "v_proj": _value,
    "qkv_proj": _value,
    "o_proj": _attention_output,
    "down_proj": _down,
    "gate_proj": _gate_or_up,
    "up_proj": _gate_or_up,
    "gate_up_proj": _gate_or_up,
}


def _is_70b(shape: ModelShape) -> bool:
    return shape.architecture in {"llama", "qwen2"} and shape.layers == 80 and shape.kv_heads < shape.heads


def _fitting(name: str, columns: int) -> str:
    """Replace a format whose blocks do not fill the rows, as the quantizer does."""
    if columns % GGML_TYPES[name].block == 0:
        return name
    other = _FALLBACK.get(name, "IQ4_NL" if name.startswith("IQ") else "Q4_0")
    return other if columns % GGML_TYPES[other].block == 0 else "F16"
