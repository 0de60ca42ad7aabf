"""A model's shape out of its Hugging Face config.json."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, cast

from knowledge.errors import UserMistake
from tools.calculators.argument import unknown, whole
from tools.calculators.family import FAMILIES, Family
from tools.calculators.shape import Experts, LatentAttention, ModelShape, validated

_LARGEST_FILE: Final = 4 * 2**20  # far beyond any real config
_MOST_LAYERS: Final = 10_000
_REQUIRED: Final = ("hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
_DTYPES: Final = {"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}
_EXPERT_FIELDS: Final = ("num_local_experts", "num_experts", "n_routed_experts")
_LATENT_FIELDS: Final = ("kv_lora_rank", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim")


def read_config(path: Path) -> ModelShape:
    """Read a config.json; raises UserMistake if it is no such file or lacks a field."""
    try:
        if not path.is_file():
            raise UserMistake(f"{str(path)!r} is no file.", "Give the path of a config.json.")
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8") if size <= _LARGEST_FILE else ""
    except (OSError, ValueError) as error:
        raise UserMistake(f"{str(path)!r} cannot be read: {error}.", "Give the path of a config.json.") from error
    if not text:
        raise UserMistake(f"{str(path)!r} has {size:,} bytes: no config is like that.", "Give a config.json.")
    try:
        config: object = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserMistake(f"{str(path)!r} is not JSON: {error}.", "Give the config.json of a model.") from error
    if not isinstance(config, dict):
        raise UserMistake(f"{str(path)!r} holds no JSON object.", "Give the config.json of a model.")
    name = path.parent.name if path.name == "config.json" and path.parent.name else path.stem
    return shape_from_config(cast(dict[str, Any], config), name, str(path))


def shape_from_config(config: Mapping[str, Any], name: str, source: str = "") -> ModelShape:
    """Build the shape from a parsed config; a nested `text_config` is the language model.

    Raises UserMistake naming an unknown `model_type`, every missing field, or a value that cannot be.
    """
    text = _text_part(config)
    model_type = text.get("model_type") or config.get("model_type")
    if not isinstance(model_type, str) or model_type not in FAMILIES:
        raise unknown("model_type of a config", model_type, FAMILIES, "If it is built like Llama, set it to 'llama'.")
    return validated(_Reading(text, config, FAMILIES[model_type], model_type, name, source).shape())


def _text_part(config: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = config.get("text_config")
    if not isinstance(inner, dict):
        return config
    outer = {key: config[key] for key in ("torch_dtype", "dtype", "quantization_config") if key in config}
    return {**outer, **cast(dict[str, Any], inner)}


class _Reading:
    """One config being read, with its family's names and defaults for fields."""

    def __init__(
        self,
        config: Mapping[str, Any],
        outer: Mapping[str, Any],
        family: Family,
        model_type: str,
        name: str,
        source: str,
    ) -> None:
        self.config, self.outer, self.family = config, outer, family
        self.model_type, self.name, self.source = model_type, name, source

    def shape(self) -> ModelShape:
        missing = [self._spelled(key) for key in _REQUIRED if self._value(key) is None]
        if missing:
            raise self._lacks(missing)
        family = self.family
        layers = self._number("num_hidden_layers", most=_MOST_LAYERS)
        heads, hidden = self._number("num_attention_heads", least=1), self._number("hidden_size", least=1)
        latent = self._latent() if family.latent else None
        context = self._number("max_position_embeddings", 0)
        experts = self._experts(layers)
        vision = vision_parameters(self.outer, hidden)
        return ModelShape(
            name=self.name,
            layers=layers,
            hidden=hidden,
            heads=heads,
            kv_heads=heads if latent else self._number("num_key_value_heads", heads),
            head_dim=self._head_dim(hidden, heads, latent),
            intermediate=self._intermediate(hidden, experts),
            vocabulary=self._number("vocab_size"),
            tied_embeddings=self._flag("tie_word_embeddings", family.tied),
            windows=self._windows(layers, context),
            max_context=context,
            architecture=self.model_type,
            dtype=self._dtype(),
            weight_format=self._stored(),
            norm=family.norm,
            norms_per_layer=family.norms_per_layer,
            final_norm=family.final_norm and self._flag("do_layer_norm_before", True),
            qk_norm=family.optional_qk_norm if self._flag("use_qk_norm", False) else family.qk_norm,
            gated_mlp=family.gated_mlp,
            qkv_bias=self._bias(family.qkv_bias),
            output_bias=self._bias(family.output_bias),
            mlp_bias=self._bias(family.mlp_bias),
            head_bias=self._bias(family.head_bias),
            fused_qkv=family.fused_qkv,
            fused_gate_up=family.fused_gate_up,
            sinks=family.sinks,
            position_rows=context + family.positions if family.positions >= 0 else 0,
            embedding_dim=self._number("word_embed_proj_dim", 0),
            experts=experts,
            latent=latent,
            prediction_layers=self._number("num_nextn_predict_layers", 0),
            other_parameters=vision,
            left_out="" if vision or not self.outer.get("vision_config") else "vision tower",
            source=self.source,
        )

    def _head_dim(self, hidden: int, heads: int, latent: LatentAttention | None) -> int:
        """Take what the config says; only where it says nothing, share the hidden size out over the heads."""
        if latent:
            return latent.nope_dim + latent.rope_dim
        stated = self._number("head_dim", 0)
        if not stated and hidden % heads:
            raise UserMistake(f"{self.name}: hidden_size {hidden} is no multiple of {heads} heads.", "State head_dim.")
        return stated or hidden // heads

    def _spelled(self, key: str) -> str:
        return self.family.renamed.get(key, key)

    def _value(self, key: str) -> object:
        value: object = self.config.get(self._spelled(key))
        return self.family.defaults.get(key) if value is None else value

    def _number(self, key: str, default: int | None = None, least: int = 0, most: int = 10**9) -> int:
        value = self._value(key)
        if value is None:
            if default is None:
                raise self._lacks([self._spelled(key)])
            return default
        return whole(f"{self._spelled(key)} of {self.name}", value, least, most)

    def _flag(self, key: str, default: bool) -> bool:
        value: object = self.config.get(key)
        return default if value is None else bool(value)

    def _bias(self, rule: bool | str) -> bool:
        return rule if isinstance(rule, bool) else self._flag(rule, rule == "use_bias")

    def _intermediate(self, hidden: int, experts: Experts | None) -> int:
        if self._value("intermediate_size") is None and self.model_type == "gpt2":
            return 4 * hidden
        only_experts = experts is not None and len(experts.layers) == self._number("num_hidden_layers")
        return self._number("intermediate_size", 0 if only_experts else None)

    def _windows(self, layers: int, context: int) -> tuple[int, ...]:
        window = self._number("sliding_window", 0)
        kinds: object = self.config.get("layer_types")
        if isinstance(kinds, list):
            return _from_kinds(cast(list[object], kinds), window, self.name)
        if not window or (context and window >= context):
            return ()
        rule = self.family.windows
        if rule == "all":
            return (window,) * layers
        if rule == "pattern":
            pattern = self._number("sliding_window_pattern", self.family.pattern)
            return tuple(window if pattern and (layer + 1) % pattern else 0 for layer in range(layers))
        if rule == "late" and self._flag("use_sliding_window", False):
            first = self._number("max_window_layers", layers)
            return tuple(window if layer >= first else 0 for layer in range(layers))
        return ()

    def _experts(self, layers: int) -> Experts | None:
        key = next((field for field in _EXPERT_FIELDS if self._value(field)), None)
        if key is None:
            return None
        width = self._number("moe_intermediate_size", self._number("intermediate_size", 0))
        return Experts(
            count=self._number(key),
            per_token=self._number("num_experts_per_tok"),
            intermediate=width,
            layers=self._expert_layers(layers),
            shared_intermediate=self._number("n_shared_experts", 0) * width
            or self._number("shared_expert_intermediate_size", 0),
            shared_gate=self.family.shared_gate,
            router_bias=self.family.router_bias,
            correction_bias=self.family.correction_bias,
        )

    def _expert_layers(self, layers: int) -> tuple[int, ...]:
        first = self._number("first_k_dense_replace", 0)
        step = max(1, self._number("moe_layer_freq", 1))
        sparse = max(1, self._number("decoder_sparse_step", 1))
        stated: object = self.config.get("mlp_only_layers")
        dense = cast(list[object], stated) if isinstance(stated, list) else []
        return tuple(
            layer
            for layer in range(layers)
            if layer >= first and layer % step == 0 and (layer + 1) % sparse == 0 and layer not in dense
        )

    def _latent(self) -> LatentAttention:
        missing = [key for key in _LATENT_FIELDS if self._value(key) is None]
        if missing:
            raise self._lacks(missing)
        kv_rank, rope, nope, value = (self._number(key) for key in _LATENT_FIELDS)
        return LatentAttention(kv_rank, rope, nope, value, self._number("q_lora_rank", 0))

    def _dtype(self) -> str:
        return _DTYPES.get(str(self.config.get("torch_dtype") or self.config.get("dtype")), "bf16")

    def _stored(self) -> str:
        stated: object = self.config.get("quantization_config")
        return _stored_format(cast(dict[str, Any], stated)) if isinstance(stated, dict) else ""

    def _lacks(self, fields: list[str]) -> UserMistake:
        return UserMistake(
            f"The config of {self.name!r} lacks {', '.join(fields)}.", "Use the config.json that came with the weights."
        )


def vision_parameters(config: Mapping[str, Any], hidden: int) -> int:
    """Count the SigLIP tower and projector of a Gemma-3 config exactly; 0 for configs without one.

    Source: transformers 4.57.1, models/siglip and models/gemma3.
    """
    vision: object = config.get("vision_config")
    if not isinstance(vision, dict) or cast(dict[str, Any], vision).get("model_type") != "siglip_vision_model":
        return 0
    tower = cast(dict[str, Any], vision)
    keys = ("hidden_size", "intermediate_size", "num_hidden_layers", "image_size", "patch_size")
    h, wide, layers, image, patch = (whole(f"vision {key}", tower.get(key), 1, 10**6) for key in keys)
    embedding = 3 * patch * patch * h + h + (image // patch) ** 2 * h
    layer = 4 * (h * h + h) + 2 * h * wide + wide + h + 4 * h
    return embedding + layers * layer + 2 * h + h * hidden + h


def _from_kinds(kinds: list[object], window: int, name: str) -> tuple[int, ...]:
    known = {"full_attention": 0, "sliding_attention": window}
    for kind in kinds:
        if kind not in known:
            raise UserMistake(
                f"The attention kind {kind!r} of {name!r} is not known here.",
                "The calculators know full and sliding-window attention.",
            )
    return tuple(known[str(kind)] for kind in kinds) if any(known[str(kind)] for kind in kinds) else ()


def _stored_format(quantization: Mapping[str, Any]) -> str:
    """Name the format of the weights; one that is not known is named too, and refused once weights are asked for."""
    method = str(quantization.get("quant_method", ""))
    bits, group = quantization.get("bits", 4), quantization.get("group_size", 128)
    if method in {"awq", "gptq"} and bits in {4, 8}:
        kind = method if bits == 4 else f"{method}-int8"
        return f"{kind}-g{group}" if isinstance(group, int) and group > 0 else f"{kind}-channel"
    if method == "fp8":
        return "fp8-block" if quantization.get("weight_block_size") else "fp8"
    if method == "bitsandbytes":
        four_bit = "nf4-dq" if quantization.get("bnb_4bit_use_double_quant") else "nf4"
        return "int8-bnb" if quantization.get("load_in_8bit") else four_bit
    if method == "compressed-tensors":
        return _compressed(quantization)
    named = {"modelopt": str(quantization.get("quant_algo", method)).lower(), "fbgemm_fp8": "fp8"}
    return named.get(method, method)


def _compressed(quantization: Mapping[str, Any]) -> str:
    """Read the first group of a compressed-tensors config, as llm-compressor writes it."""
    groups: object = quantization.get("config_groups")
    first: object = next(iter(cast(dict[str, Any], groups).values()), None) if isinstance(groups, dict) else None
    stated: object = cast(dict[str, Any], first).get("weights") if isinstance(first, dict) else None
    weights = cast(dict[str, Any], stated) if isinstance(stated, dict) else {}
    bits, group = weights.get("num_bits"), weights.get("group_size")
    if weights.get("type") == "float":
        return {8: "fp8", 4: "nvfp4"}.get(bits if isinstance(bits, int) else 0, "compressed-tensors")
    if bits == 4:
        return f"awq-g{group}" if isinstance(group, int) and group > 0 else "awq-channel"
    return "int8" if bits == 8 else "compressed-tensors"
