"""A model's shape from the metadata and tensor names of a GGUF file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Final

from knowledge.errors import UserMistake
from tools.calculators.argument import whole
from tools.calculators.family import FAMILIES
from tools.calculators.gguf_mix import FILE_TYPE_OF_CODE
from tools.calculators.shape import Experts, LatentAttention, ModelShape, QkNorm, validated

Value = int | float | str | tuple[int, ...]
Metadata = dict[str, Value]

_FAMILY_OF_ARCHITECTURE: Final = {
    "qwen2moe": "qwen2_moe", "qwen3moe": "qwen3_moe", "phi2": "phi", "deepseek2": "deepseek_v3", "gpt-oss": "gpt_oss",
    "chatglm": "glm", "glm4moe": "glm4_moe", "gptneox": "gpt_neox", "command-r": "cohere",
}  # fmt: skip
_UNKNOWN_HERE: Final = frozenset(
    {"mamba", "mamba2", "rwkv6", "rwkv7", "bert", "nomic-bert", "t5", "t5encoder", "clip", "jamba", "falcon-h1",
     "qwen3next", "granitehybrid", "lfm2", "plamo2", "gemma3n", "kimi-linear", "nemotron_h"}
)  # fmt: skip
_WEIGHT: Final = ".weight"


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of the file; the first of its sizes is the length of its rows."""

    name: str
    sizes: tuple[int, ...]
    type: str
    bytes: int

    @property
    def elements(self) -> int:
        """How many values it holds."""
        return prod(self.sizes)


def shape_from_gguf(metadata: Mapping[str, Value], tensors: Sequence[StoredTensor], name: str, path: str) -> ModelShape:
    """Build the shape; what the metadata leaves open (biases, norms, a tied head) is read off the tensors' names.

    Raises UserMistake for an architecture that is no plain transformer or a missing entry.
    """
    architecture = metadata.get("general.architecture")
    if not isinstance(architecture, str) or architecture in _UNKNOWN_HERE:
        raise UserMistake(
            f"{path!r} holds the architecture {architecture!r}, which is not known here.",
            "The calculators know decoder-only transformers with full, sliding-window or latent attention.",
        )
    title = metadata.get("general.name")
    reading = _Reading(metadata, tensors, architecture, title if isinstance(title, str) and title else name, path)
    return validated(reading.shape())


class _Reading:
    """One file's header being turned into a shape."""

    def __init__(
        self, metadata: Mapping[str, Value], tensors: Sequence[StoredTensor], architecture: str, name: str, path: str
    ) -> None:
        self.metadata, self.architecture, self.name, self.path = metadata, architecture, name, path
        self.sizes = {tensor.name: tensor.sizes for tensor in tensors}

    def shape(self) -> ModelShape:
        layers, hidden, heads = self._number("block_count"), self._number("embedding_length"), self._heads()
        latent = self._latent()
        key_length = self._number("attention.key_length", hidden // max(1, heads))
        head_dim = latent.nope_dim + latent.rope_dim if latent else key_length
        norm_bias = self._has("output_norm.bias")
        fused_qkv = self._in_layer("attn_qkv.weight")
        family = _FAMILY_OF_ARCHITECTURE.get(self.architecture, self.architecture)
        return ModelShape(
            name=self.name,
            layers=layers - self._number("nextn_predict_layers", 0),
            hidden=hidden,
            heads=heads,
            kv_heads=heads if latent else self._per_layer("attention.head_count_kv", heads),
            head_dim=head_dim,
            intermediate=self._per_layer("feed_forward_length", 0),
            vocabulary=self._vocabulary(),
            tied_embeddings=not self._has("output.weight"),
            windows=self._windows(layers, family),
            max_context=self._number("context_length", 0),
            architecture=family,
            dtype="fp16",
            weight_format=self._file_type(),
            norm="layer" if norm_bias else "rms",
            norms_per_layer=self._norms(),
            final_norm=self._has("output_norm.weight"),
            qk_norm=self._qk_norm(head_dim),
            gated_mlp=self._gated(),
            qkv_bias=self._in_layer("attn_q.bias") or self._in_layer("attn_qkv.bias"),
            output_bias=self._in_layer("attn_output.bias"),
            mlp_bias=self._in_layer("ffn_down.bias") or self._in_layer("ffn_down_exps.bias"),
            head_bias=self._has("output.bias"),
            fused_qkv=fused_qkv,
            fused_gate_up=self._fused_gate_up(),
            sinks=self._in_layer("attn_sinks.weight"),
            position_rows=self.sizes["position_embd.weight"][1] if self._has("position_embd.weight") else 0,
            experts=self._experts(layers),
            latent=latent,
            prediction_layers=self._number("nextn_predict_layers", 0),
            source=self.path,
        )

    def _number(self, key: str, default: int | None = None) -> int:
        value = self.metadata.get(f"{self.architecture}.{key}")
        if value is None and default is not None:
            return default
        if value is None:
            raise UserMistake(f"{self.path!r} lacks {self.architecture}.{key}.", "Convert the model to GGUF again.")
        return whole(f"{self.architecture}.{key} of {self.name}", value, 0, 10**9)

    def _per_layer(self, key: str, default: int) -> int:
        """Return a value that some files state once and others for each layer; all layers must agree."""
        value = self.metadata.get(f"{self.architecture}.{key}")
        if not isinstance(value, tuple):
            return self._number(key, default)
        if len(set(value)) != 1:
            raise UserMistake(f"{self.path!r} varies {key} from layer to layer.", "Such models are not known here.")
        return whole(f"{key} of {self.name}", value[0], 0, 10**9)

    def _heads(self) -> int:
        heads = self._per_layer("attention.head_count", 0)
        return whole(f"attention.head_count of {self.name}", heads, 1, 10**6)

    def _file_type(self) -> str:
        code = self.metadata.get("general.file_type")
        return FILE_TYPE_OF_CODE.get(code, "") if isinstance(code, int) else ""

    def _vocabulary(self) -> int:
        embedding = self.sizes.get("token_embd.weight", ())
        if len(embedding) != 2:
            raise UserMistake(f"{self.path!r} holds no token_embd.weight.", "Give the first part of a split file.")
        return embedding[1]

    def _has(self, name: str) -> bool:
        return name in self.sizes

    def _in_layer(self, name: str) -> bool:
        return any(f"blk.{layer}.{name}" in self.sizes for layer in (0, self._number("block_count") - 1))

    def _norms(self) -> int:
        names = ("attn_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm", "attn_norm_2")
        return sum(self._in_layer(name + _WEIGHT) for name in names)

    def _qk_norm(self, head_dim: int) -> QkNorm:
        width = self.sizes.get("blk.0.attn_q_norm.weight")
        if width is None or self.sizes.get("blk.0.attn_q_a_norm.weight"):
            return "none"
        return "head" if width[0] == head_dim else "projection"

    def _gated(self) -> bool:
        gates = ("ffn_gate.weight", "ffn_gate_exps.weight", "ffn_gate_up_exps.weight")
        return any(map(self._in_layer, gates)) or self._fused_gate_up()

    def _fused_gate_up(self) -> bool:
        up = self.sizes.get("blk.0.ffn_up.weight")
        width = self._per_layer("feed_forward_length", 0)
        return up is not None and len(up) == 2 and width > 0 and up[1] == 2 * width

    def _latent(self) -> LatentAttention | None:
        rank = self._number("attention.kv_lora_rank", 0)
        if not rank:
            return None
        rope = self._number("rope.dimension_count")
        key = self._number("attention.key_length_mla", self._number("attention.key_length"))
        value = self._number("attention.value_length_mla", self._number("attention.value_length"))
        return LatentAttention(rank, rope, key - rope, value, self._number("attention.q_lora_rank", 0))

    def _experts(self, layers: int) -> Experts | None:
        count = self._number("expert_count", 0)
        if not count:
            return None
        width = self._number("expert_feed_forward_length", self._per_layer("feed_forward_length", 0))
        shared = self._number("expert_shared_feed_forward_length", self._number("expert_shared_count", 0) * width)
        main = layers - self._number("nextn_predict_layers", 0)
        return Experts(
            count=count,
            per_token=self._number("expert_used_count"),
            intermediate=width,
            layers=tuple(layer for layer in range(main) if self._has(f"blk.{layer}.ffn_gate_inp.weight")),
            shared_intermediate=shared,
            shared_gate=self._in_layer("ffn_gate_inp_shexp.weight"),
            router_bias=self._in_layer("ffn_gate_inp.bias"),
            correction_bias=self._in_layer("exp_probs_b.bias"),
        )

    def _windows(self, layers: int, family: str) -> tuple[int, ...]:
        window = self._number("attention.sliding_window", 0)
        context = self._number("context_length", 0)
        rule = FAMILIES.get(family)
        if not window or rule is None or (context and window >= context):
            return ()
        stated = self.metadata.get(f"{self.architecture}.attention.sliding_window_pattern")
        if isinstance(stated, tuple) and len(stated) == layers:
            return tuple(window if slides else 0 for slides in stated)
        if rule.windows == "all":
            return (window,) * layers
        pattern = stated if isinstance(stated, int) and stated > 0 else rule.pattern
        return tuple(window if pattern and (layer + 1) % pattern else 0 for layer in range(layers)) if pattern else ()
