"""Draws models, cards and sizes that make sense together, and writes them as people do."""

import random
from typing import Final

from knowledge.vocabulary import Language
from tools.calculators import accelerator, model_catalogue
from tools.calculators.accelerator import Accelerator
from tools.calculators.shape import ModelShape
from tools.quiz.wording import say

# Full attention in all layers and a separate key and value for each head: the plain formulas hold for these.
GROUPED: Final = (
    "Qwen2.5-0.5B", "Qwen2.5-1.5B", "Qwen2.5-3B", "Qwen2.5-7B", "Qwen2.5-14B", "Qwen2.5-32B", "Qwen2.5-72B",
    "Qwen3-0.6B", "Qwen3-1.7B", "Qwen3-4B", "Qwen3-8B", "Qwen3-14B", "Qwen3-32B", "Llama-2-70B", "CodeLlama-34B",
    "Llama-3.1-8B", "Llama-3.1-70B", "Llama-3.1-405B", "Llama-3.2-1B", "Llama-3.2-3B", "Llama-3.3-70B",
    "TinyLlama-1.1B", "Mistral-7B-v0.3", "Mistral-Nemo-12B", "Mistral-Small-24B", "Mistral-Large-123B",
    "DeepSeek-LLM-67B", "Phi-3-medium", "Phi-4", "Yi-6B", "Yi-34B", "GLM-4-9B-0414", "OLMo-2-32B", "SmolLM3-3B",
    "Command-R-Plus",
)  # fmt: skip
UNGROUPED: Final = (
    "Llama-2-7B", "Llama-2-13B", "CodeLlama-7B", "DeepSeek-LLM-7B", "OLMo-2-7B", "OLMo-2-13B", "Gemma-7B",
    "OPT-6.7B", "OPT-13B", "OPT-30B", "Pythia-6.9B", "Pythia-12B", "GPT-3-175B", "SmolLM2-1.7B", "Command-R",
)  # fmt: skip
LATENT: Final = ("DeepSeek-V2", "DeepSeek-V2-Lite", "DeepSeek-V3", "Kimi-K2")
ROUTED: Final = (
    "Mixtral-8x7B", "Mixtral-8x22B", "Qwen3-30B-A3B", "Qwen3-235B-A22B", "Qwen2-57B-A14B", "Phi-3.5-MoE", "OLMoE-1B-7B",
    "GLM-4.5", "GLM-4.5-Air",
)  # fmt: skip
CARDS: Final = (
    "RTX 3060 12GB", "RTX 3090", "RTX 4060 Ti 16GB", "RTX 4080", "RTX 4090", "RTX 5080", "RTX 5090", "L4", "L40S",
    "A10", "RTX A6000", "A100 40GB", "A100 SXM 80GB", "H100 PCIe", "H100 SXM", "H200", "B200", "MI300X",
)  # fmt: skip
FP8_CARDS: Final = ("RTX 4090", "RTX 5090", "L4", "L40S", "H100 PCIe", "H100 SXM", "H200", "B200", "MI300X")
CONTEXTS: Final = (2048, 4096, 8192, 12288, 16384, 24576, 32768, 65536, 131072)
BATCHES: Final = (1, 2, 4, 6, 8, 12, 16, 24, 32, 48, 64)


def model(rng: random.Random, names: tuple[str, ...] = GROUPED) -> ModelShape:
    """Draw a model."""
    return model_catalogue.find(rng.choice(names))


def models(rng: random.Random, count: int, names: tuple[str, ...] = GROUPED) -> list[ModelShape]:
    """Draw different models."""
    return [model_catalogue.find(name) for name in rng.sample(names, count)]


def card(rng: random.Random, names: tuple[str, ...] = CARDS) -> Accelerator:
    """Draw a card."""
    return accelerator.find(rng.choice(names))


def context(rng: random.Random, shape: ModelShape, least: int = 2048) -> int:
    """Draw a length that the model was made for."""
    longest = max(shape.max_context, least)
    return rng.choice([tokens for tokens in CONTEXTS if least <= tokens <= longest])


def count(number: float) -> str:
    """Write a whole number with its thousands marked."""
    return f"{round(number):,}"


def billions(number: float, language: Language) -> str:
    """Write a number of parameters to four digits: 14.77 billion, 389.2 million, or in units of 10^8 in Chinese."""
    if language == "zh":
        return f"{_four(number / 1e8)} 亿"
    if number < 1e9:
        return f"{_four(number / 1e6)} million"
    return f"{_four(number / 1e9)} billion"


def bytes_each(number: float, language: Language) -> str:
    """Write a small number of bytes: 1 byte, 2 bytes."""
    return say("calc", "one_byte" if number == 1 else "few_bytes", language, number=f"{number:g}")


def tera(number: float) -> str:
    """Write a rate or bandwidth in units of 10^12, to four digits."""
    return _four(number / 1e12)


def giga(number: float) -> str:
    """Write a size in units of 10^9, to four digits."""
    return _four(number / 1e9)


def four(number: float) -> float:
    """Round to the four digits that a learner sees."""
    return float(f"{number:.4g}")


def three(number: float) -> float:
    """Round to three digits, as measurements are given."""
    return float(f"{number:.3g}")


def _four(number: float) -> str:
    """Write four digits that count, without an exponent or zeros at the end."""
    value = four(number)
    whole = len(str(int(value))) if value >= 1 else 1
    text = f"{value:,.{max(0, 4 - whole)}f}" if value >= 1 else f"{value:.4g}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def kv_dtype(rng: random.Random, concept: str) -> str:
    """Draw the format of a cache: FP8 less often than 16 bit, but where it is the subject."""
    return "fp8" if rng.random() < (0.8 if concept == "kv-cache-quantization" else 0.35) else "bf16"


def dtype_text(dtype: str, language: Language) -> str:
    """Write the format of a cache with its bytes."""
    return say("calc", f"dtype_{dtype}", language)
