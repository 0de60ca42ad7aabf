"""The figures of a calculation under the names that scripts read; sizes in bytes, times in seconds."""

from dataclasses import dataclass, fields
from typing import Any, Final, cast

from tools.calculators.inference_memory import InferenceMemory
from tools.calculators.kv_cache import KvCache
from tools.calculators.parameter import ParameterCount
from tools.calculators.roofline import Roofline
from tools.calculators.serving import ServingPlan
from tools.calculators.shape import ModelShape
from tools.calculators.training_memory import TrainingMemory
from tools.calculators.weight_format import WeightSize

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ModelSize:
    """How large a model is: its parameters, its weights as stored, and the cache of one token."""

    shape: ModelShape
    count: ParameterCount
    weights: WeightSize
    cache: KvCache


Figures = ModelSize | InferenceMemory | TrainingMemory | Roofline | ServingPlan

_TEXTS: Final = frozenset({"derivation", "warnings", "refusals"})  # said in the reader's language, beside the values
_SHAPE: Final = (
    "layers", "hidden", "heads", "kv_heads", "head_dim", "intermediate", "vocabulary", "tied_embeddings", "max_context",
    "architecture",
)  # fmt: skip


def values(figures: Figures) -> Values:
    """Return all figures under the names of the command line's contract, as JSON can hold them."""
    if isinstance(figures, ModelSize):
        return _model(figures)
    if isinstance(figures, InferenceMemory):
        return _memory(figures)
    return _plain(figures)


def _model(size: ModelSize) -> Values:
    count, shape = size.count, size.shape
    return {
        "parameters": count.total,
        "parameters_non_embedding": count.non_embedding,
        "parameters_active": count.active,
        "parameters_embedding": count.embedding,
        "parameters_prediction": count.prediction,
        "parameters_other": count.other,
        "weights_bytes": size.weights.bytes,
        "weight_format": size.weights.format,
        "bits_per_weight": size.weights.bits_per_weight,
        "weight_parts": [_plain(part) for part in size.weights.parts],
        "kv_bytes_per_token": size.cache.bytes_per_token,
        "kv_growing_bytes_per_token": size.cache.growing_bytes_per_token,
        "kv_dtype": size.cache.dtype,
        "shape": {name: getattr(shape, name) for name in _SHAPE},
        "experts": shape.experts.count if shape.experts else 0,
        "experts_per_token": shape.experts.per_token if shape.experts else 0,
        "source": shape.source,
    }


def _memory(memory: InferenceMemory) -> Values:
    sizes = ("weights", "kv", "activation", "overhead", "total", "per_gpu", "limit")
    return {f"{name}_bytes" if name in sizes else name: value for name, value in _plain(memory).items()}


def _plain(figures: Any) -> Values:  # noqa: ANN401 - any of the dataclasses above and their parts
    """Return the fields of a dataclass; dataclasses in a tuple become objects in a list."""
    names = (field.name for field in fields(figures) if field.name not in _TEXTS)
    return {name: _listed(getattr(figures, name)) for name in names}


def _listed(value: Any) -> Any:  # noqa: ANN401 - a number, a text or a tuple of dataclasses
    return [_plain(entry) for entry in cast(tuple[Any, ...], value)] if isinstance(value, tuple) else value
