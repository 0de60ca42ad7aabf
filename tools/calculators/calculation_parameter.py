"""What each calculation can be told, with its meaning in both languages and its default."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tools.calculators.activation import LOSSES
from tools.calculators.derivation import Text
from tools.calculators.engine import ENGINES
from tools.calculators.inference_memory import UTILIZATION
from tools.calculators.kv_cache import dtype_names
from tools.calculators.lora import ALL_LINEAR
from tools.calculators.model_state import GRADIENTS, OFFLOADS, OPTIMIZERS, PRECISIONS
from tools.calculators.training_plan import METHODS
from tools.calculators.weight_format import format_names

Kind = Literal["model", "memory", "train", "roofline", "serve"]
Form = Literal["text", "count", "tokens", "share", "switch"]
Value = str | int | float | bool | None

KINDS: Final[tuple[Kind, ...]] = ("model", "memory", "train", "roofline", "serve")
DTYPES: Final = ("fp32", "bf16", "fp16", "fp8", "int8")
DEFAULT_CONTEXT: Final = 4096


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing a calculation can be told.

    `form` is how a value is read: tokens know "32k" and "32K", counts "2" and "1.5M", a share lies between 0 and 1.
    `choices` are all there is, or for `quant` and `kv_dtype` the usual ones. No default: the calculation finds one.
    """

    name: str
    meaning: Text
    default: Value = None
    choices: tuple[str, ...] = ()
    form: Form = "text"
    required: bool = False


_MODEL: Final = Parameter(
    "model",
    Text("A model by name, or its config.json or GGUF file.", "模型名称，或其 config.json、GGUF 文件。"),
    required=True,
)
_GPU: Final = Parameter(
    "gpu", Text("A GPU by name, such as RTX 4090 or 2x A100.", "显卡名称，例如 RTX 4090 或 2x A100。")
)
_GPU_NEEDED: Final = Parameter(_GPU.name, _GPU.meaning, required=True)
_DTYPE: Final = Parameter(
    "dtype", Text("Number format of plain weights; the model's own by default.", "权重的数值格式，默认与模型一致。"),
    choices=DTYPES,
)  # fmt: skip
_QUANT: Final = Parameter(
    "quant", Text("Quantization, such as awq, nf4-dq or Q4_K_M.", "量化格式，例如 awq、nf4-dq 或 Q4_K_M。"),
    choices=format_names(),
)  # fmt: skip
_KV_DTYPE: Final = Parameter(
    "kv_dtype", Text("Number format of the KV cache; 16 bit by default.", "KV 缓存的数值格式，默认 16 位。"),
    choices=dtype_names(),
)  # fmt: skip
_SPLIT: Final = (
    Parameter("tp", Text("Over how many GPUs each layer is split.", "张量并行数：每层切分到几张卡。"), form="count"),
    Parameter(
        "gpus", Text("How many GPUs share the model; the same as tp.", "共用模型的显卡数，等同于 tp。"), form="count"
    ),
)
_CONTEXT: Final = Parameter(
    "context", Text("Tokens of each sequence.", "每个序列的 token 数。"), DEFAULT_CONTEXT, form="tokens"
)
_BATCH: Final = Parameter("batch", Text("Sequences at one time.", "同时处理的序列数。"), 1, form="count")
_SHARE: Final = Text("The part of a GPU's memory that the server may take.", "服务可占用的显存比例。")
_EAGER: Final = Parameter(
    "enforce_eager", Text("Run without CUDA graphs.", "不使用 CUDA graph。"), default=False, form="switch"
)


def _switch(name: str, default: bool, en: str, zh: str) -> Parameter:
    return Parameter(name, Text(en, zh), default, form="switch")


def _count(name: str, default: int | None, en: str, zh: str) -> Parameter:
    return Parameter(name, Text(en, zh), default, form="count")


PARAMETERS: Final[Mapping[Kind, tuple[Parameter, ...]]] = {
    "model": (_MODEL, _DTYPE, _QUANT, _KV_DTYPE),
    "memory": (
        _MODEL, _CONTEXT, _BATCH, _GPU, *_SPLIT, _DTYPE, _QUANT, _KV_DTYPE,
        Parameter("utilization", _SHARE, UTILIZATION, form="share"), _EAGER,
    ),
    "train": (
        _MODEL,
        Parameter("method", Text("What is trained.", "训练方式。"), "full", METHODS),
        Parameter("sequence", Text("Tokens of each sequence.", "每个序列的 token 数。"), 2048, form="tokens"),
        _count("batch", 1, "Sequences of one GPU at one time (micro-batch).", "每卡每步的序列数（微批次）。"),
        _GPU,
        _count("gpus", None, "Data-parallel GPUs; 1 by default.", "数据并行的显卡数，默认 1。"),
        Parameter("zero", Text("ZeRO stage: what is divided over the GPUs.", "ZeRO 阶段。"), 0, form="count"),
        Parameter("offload", Text("What ZeRO moves to the CPU.", "ZeRO 卸载到 CPU 的内容。"), "none", OFFLOADS),
        _count("rank", 16, "Rank of the adapters (LoRA, QLoRA).", "适配器的秩（LoRA、QLoRA）。"),
        Parameter("targets", Text("Matrices with an adapter: all-linear, attention, or names with commas.",
                                  "带适配器的矩阵：all-linear、attention，或以逗号分隔的名称。"), ALL_LINEAR),
        Parameter("optimizer", Text("The optimizer.", "优化器。"), "adamw", OPTIMIZERS),
        Parameter("precision", Text("Mixed precision, or all in one format.", "混合精度，或单一格式。"), "mixed",
                  PRECISIONS),
        Parameter("gradients", Text("Format of gradients where weights have another.", "梯度格式（若与权重不同）。"),
                  choices=GRADIENTS[1:]),
        _switch("checkpointing", True, "Recompute activations in the backward pass.", "反向传播时重计算激活值。"),
        _switch("flash_attention", True, "Attention that keeps no scores.", "不保存注意力分数。"),
        Parameter("loss", Text("How logits and loss are computed.", "logits 与损失的计算方式。"), "plain", LOSSES),
        _switch("compiled", False, "With torch.compile.", "使用 torch.compile。"),
        _switch("accumulation", True, "Gradients are kept over several micro-batches.", "跨多个微批次累积梯度。"),
        _switch("optimizer_in_backward", False, "Step each weight as soon as its gradient is there.",
                "反向传播中立即更新权重。"),
        _switch("offload_activations", False, "Keep activations in the CPU's memory.", "激活值存放到 CPU 内存。"),
    ),
    "roofline": (
        _MODEL, _GPU_NEEDED,
        Parameter("phase", Text("Prefill reads the prompt, decode writes.", "prefill 读入提示，decode 逐个生成。"),
                  "decode", ("prefill", "decode")),
        _BATCH, _CONTEXT, *_SPLIT, _DTYPE, _QUANT, _KV_DTYPE,
        Parameter("attention", Text("Fused (flash) attention, or scores written out.", "融合注意力，或写出分数。"),
                  "fused", ("fused", "eager")),
        Parameter("logits", Text("Logits of the last position, or of all.", "只算最后位置的 logits，或全部。"), "last",
                  ("last", "all")),
        Parameter("compute_efficiency", Text("The part of peak arithmetic that is reached.", "实际达到的算力比例。"),
                  1.0, form="share"),
        Parameter("memory_efficiency", Text("The part of the bandwidth that is reached.", "实际达到的带宽比例。"),
                  1.0, form="share"),
    ),
    "serve": (
        _MODEL, _GPU_NEEDED,
        _count("gpus", None, "How many of them; the fewest that do, by default.", "显卡数量，默认取可行的最少数量。"),
        Parameter("max_model_len", Text("Tokens of the longest request; the model's own limit by default.",
                                        "最长请求的 token 数，默认为模型上限。"), form="tokens"),
        Parameter("engine", Text("The serving engine.", "推理引擎。"), "vllm", ENGINES),
        _DTYPE, _QUANT, _KV_DTYPE,
        Parameter("utilization", _SHARE, form="share"),
        _count("tp", None, "Tensor parallel size; by default as large as the GPUs allow.",
               "张量并行数，默认取显卡允许的最大值。"),
        _count("pp", 1, "Pipeline parallel size.", "流水线并行数。"),
        _count("requests", None, "Requests at one time.", "同时到来的请求数。"),
        Parameter("prompt", Text("Tokens of each prompt.", "每个提示的 token 数。"), form="tokens"),
        Parameter("output", Text("Tokens of each answer.", "每个回答的 token 数。"), form="tokens"),
        Parameter("served_name", Text("The name clients call the model by.", "客户端使用的模型名称。")),
        _count("port", None, "The server's port.", "服务端口。"),
        Parameter("path", Text("Where the weights lie, if not on the hub.", "权重所在路径（若不在模型库）。")),
        Parameter("devices", Text("GPUs as in CUDA_VISIBLE_DEVICES.", "CUDA_VISIBLE_DEVICES 中的显卡编号。")),
        _EAGER,
    ),
}  # fmt: skip
