"""How to compute the reference rows on shapes, parameters, weights and the KV cache."""

from calculator_rows import Compute, Row

from tools.calculators.kv_cache import fitting_tokens, kv_cache, request_bytes
from tools.calculators.parameter import ParameterCount, count
from tools.calculators.shape import ModelShape
from tools.calculators.unit import GIB
from tools.calculators.weight_format import find_format, weights

FIELDS = {
    "layers": "layers",
    "hidden": "hidden",
    "heads": "heads",
    "kv_heads": "kv_heads",
    "head_dim": "head_dim",
    "intermediate": "intermediate",
    "vocab": "vocabulary",
    "tied_embeddings": "tied_embeddings",
    "max_positions_rows": "position_rows",
}
EXPERT_FIELDS = {
    "experts": "count",
    "routed_experts": "count",
    "experts_per_token": "per_token",
    "moe_intermediate": "intermediate",
}
LATENT_FIELDS = {
    "q_lora_rank": "query_rank",
    "kv_lora_rank": "kv_rank",
    "qk_rope_head_dim": "rope_dim",
    "qk_nope_head_dim": "nope_dim",
    "v_head_dim": "value_dim",
}


IN_THE_LOG = {"vllm-gemma27-h100-tokens": 19.53}
"""Available GiB that a row leaves out: "Current kv cache memory in use is 19.53 GiB" in the log of the same run."""


def _field(row: Row) -> float:
    return getattr(row.shape, FIELDS[row.quantity])


def _expert_field(row: Row) -> float:
    return getattr(row.shape.experts, EXPERT_FIELDS[row.quantity])


def _latent_field(row: Row) -> float:
    return getattr(row.shape.latent, LATENT_FIELDS[row.quantity])


def _shared_experts(row: Row) -> float:
    experts = row.shape.experts
    assert experts is not None
    return experts.shared_intermediate / experts.intermediate


def _parameters(row: Row) -> float | None:
    if "adapters" in row.setting:
        return None  # a row on training
    counted = count(row.shape)
    if row.setting.startswith("MTP module"):
        return counted.prediction
    if "total on Hugging Face" in row.setting:  # the MTP module's copies of embedding and head are in the files too
        return counted.total + counted.prediction + counted.embedding
    return counted.total


def _counted(field: str) -> Compute:
    def compute(row: Row) -> float:
        counted: ParameterCount = count(row.shape)
        return getattr(counted, field)

    return compute


def _kv_dtype(row: Row) -> str:
    return "fp32" if "float32" in row.setting else "bf16"


def _kv_per_token(row: Row) -> float:
    return kv_cache(row.shape, 1, tensor_parallel=row.tensor_parallel).bytes_per_token


def _kv_bytes(row: Row) -> float:
    context = int(row.said(r"(?:request of |, )(\d+)(?: tokens|, per)"))
    return kv_cache(row.shape, context, tensor_parallel=row.tensor_parallel).bytes


def _cache_tokens(row: Row) -> float:
    shape, dtype = row.shape, _kv_dtype(row)
    blocks = row.said(r"([\d,]+) GPU blocks").replace(",", "")
    if blocks:
        available = int(blocks) * 16 * kv_cache(shape, 1, dtype=dtype).bytes_per_token
    else:
        stated = row.said(r"given available KV ([\d.]+) GiB")
        available = round((float(stated) if stated else IN_THE_LOG[row.id]) * GIB)
    return fitting_tokens(shape, available, dtype, row.tensor_parallel)


def _slots(row: Row) -> float:
    return fitting_tokens(row.shape, round(float(row.said(r"([\d.]+) GB left")) * GIB))  # the paper writes GB for GiB


def _needed(row: Row) -> float:
    return request_bytes(row.shape, int(row.said(r"request of (\d+)")))


def _published_weights(row: Row) -> float:
    return weights(row.shape, "", row.tensor_parallel).bytes


def _format(row: Row) -> str:
    for spelled in ("NF4 double quant", "NF4", "int8 per-channel", "AWQ/GPTQ int4", "GPTQ int4 g32"):
        if row.setting.startswith(spelled):
            known = {"int8 per-channel": "int8", "AWQ/GPTQ int4": "awq"}
            return known.get(spelled, spelled)
    return row.setting.removeprefix("GGUF ").split()[0].strip(",")


def _bits(row: Row) -> float:
    if row.model == "any":
        return find_format(_BLOCK_ALONE.get(_format(row), _format(row))).bits
    return weights(row.shape, _format(row)).bits_per_weight


_BLOCK_ALONE = {"Q4_K": "Q4_K_S", "Q5_K": "Q5_K_S", "Q3_K": "Q3_K_S"}  # file types named after their main block


def _file_size(row: Row) -> float:
    return weights(row.shape, _format(row)).bytes


def _dense_layers(row: Row) -> float:
    shape: ModelShape = row.shape
    return len(shape.dense_layers)


COMPUTE: dict[str, Compute] = {
    **dict.fromkeys(FIELDS, _field),
    **dict.fromkeys(EXPERT_FIELDS, _expert_field),
    **dict.fromkeys(LATENT_FIELDS, _latent_field),
    "dense_layers": _dense_layers,
    "shared_experts": _shared_experts,
    "sliding_window": lambda row: max(row.shape.windows),
    "parameters": _parameters,
    "parameters_non_embedding": _counted("non_embedding"),
    "parameters_active": _counted("active"),
    "kv_bytes_per_token": _kv_per_token,
    "kv_bytes": _kv_bytes,
    "kv_bytes_needed": _needed,
    "kv_slots": _slots,
    "GPU KV cache size": _cache_tokens,
    "weights_bytes": _published_weights,
    "model_load_memory": _published_weights,
    "bits_per_weight": _bits,
    "file_size": _file_size,
}

OURS_IS_RIGHT = {
    "st-llama-2-70b": "The file also holds 80 rotary buffers of 256 bytes, which are no weights: ours is 20,480 bytes less.",
    "gguf-r1-iq1s": "The file is Unsloth's dynamic mix, which keeps more tensors at 4 to 6 bit than llama-quantize's IQ1_S; ours follows llama-quantize.",
}
