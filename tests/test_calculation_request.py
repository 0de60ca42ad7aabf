"""Questions for a number are told from questions for an explanation, and read as a person means them."""

import time
from typing import Any

import pytest

from knowledge.errors import UserMistake
from tools.calculators.calculation import calculate
from tools.calculators.request import changed, commanded, recognised

A100 = "A100 SXM 80GB"

# Each with the calculation and the arguments that matter, all of them.
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("Does Qwen3-32B in AWQ with 32k context fit on two RTX 4090?", "memory",
     {"model": "Qwen3-32B", "quant": "awq", "context": 32000, "gpu": "RTX 4090", "gpus": 2}),
    ("为什么 decode 是 memory-bound？给我算一下 Llama-3.1-8B 在 A100 上", "roofline",
     {"model": "Llama-3.1-8B", "gpu": A100, "phase": "decode"}),
    ("How much memory does QLoRA of a 70B Llama take?", "train", {"model": "Llama-3.3-70B", "method": "qlora"}),
    ("Qwen2.5-7B 的 KV cache 每个 token 多大", "model", {"model": "Qwen2.5-7B"}),
    ("what vLLM command for qwen3-14b on 2 GPUs with 32000 tokens", "serve",
     {"model": "Qwen3-14B", "gpu": A100, "gpus": 2, "max_model_len": 32000}),
    ("Can I run Qwen3-8B-AWQ on a 3060?", "memory", {"model": "Qwen3-8B", "quant": "awq", "gpu": "RTX 3060 12GB"}),
    ("双卡 4090 能跑 Qwen3-32B-AWQ 吗，上下文 32K", "memory",
     {"model": "Qwen3-32B", "quant": "awq", "gpu": "RTX 4090", "gpus": 2, "context": 32768}),
    ("8 张 A100 能全量微调 Llama-3.1-70B 吗，用 ZeRO-3", "train",
     {"model": "Llama-3.1-70B", "gpu": A100, "gpus": 8, "method": "full", "zero": 3}),
    ("Will Llama 3.1 8B fit into 24GB at 128k context?", "memory",
     {"model": "Llama-3.1-8B", "gpu": "RTX 4090", "context": 128000}),
    ("How many parameters does Qwen3-30B-A3B have?", "model", {"model": "Qwen3-30B-A3B"}),
    ("Mixtral-8x7B 的参数量是多少？", "model", {"model": "Mixtral-8x7B"}),
    ("How much VRAM does Gemma-3-27B need in 4-bit?", "memory", {"model": "Gemma-3-27B", "quant": "gptq"}),
    ("Qwen3-14B 用 Q4_K_M 需要多少显存", "memory", {"model": "Qwen3-14B", "quant": "Q4_K_M"}),
    ("How fast is decoding of Llama-3.1-70B in fp8 on 4x H100 at batch 16?", "roofline",
     {"model": "Llama-3.1-70B", "quant": "fp8", "gpu": "H100 SXM", "gpus": 4, "batch": 16, "phase": "decode"}),
    ("Is prefill of Qwen3-8B compute-bound on an L4 with 2,048 tokens?", "roofline",
     {"model": "Qwen3-8B", "gpu": "L4", "phase": "prefill", "context": 2048}),
    ("Qwen3-8B 在 4090 上每秒能生成多少 token？", "roofline", {"model": "Qwen3-8B", "gpu": "RTX 4090"}),
    ("估算一下 DeepSeek-V3 在 8×H200 上的显存", "memory", {"model": "DeepSeek-V3", "gpu": "H200", "gpus": 8}),
    ("How much memory does full fine-tuning of a 7B model need?", "train", {"model": "Qwen2.5-7B", "method": "full"}),
    ("LoRA 微调 7B 模型需要多少显存？", "train", {"model": "Qwen2.5-7B", "method": "lora"}),
    ("QLoRA r=64 on Llama-2-13B with sequence length 1024 and batch size 4: does it fit on a 3090?", "train",
     {"model": "Llama-2-13B", "method": "qlora", "rank": 64, "sequence": 1024, "batch": 4, "gpu": "RTX 3090"}),
    ("Can I QLoRA Qwen2.5-7B on Colab?", "train", {"model": "Qwen2.5-7B", "method": "qlora", "gpu": "T4", "gpus": 1}),
    ("Kaggle 上能不能跑 Qwen2.5-14B 的 AWQ 版本", "memory",
     {"model": "Qwen2.5-14B", "quant": "awq", "gpu": "T4", "gpus": 2}),
    ("How many trainable parameters has LoRA with rank 8 on Mistral-7B?", "train",
     {"model": "Mistral-7B-v0.1", "method": "lora", "rank": 8}),
    ("How many GPUs do I need to serve Qwen2.5-72B on A100 40GB?", "serve", {"model": "Qwen2.5-72B", "gpu": "A100 40GB"}),
    ("Qwen3-32B 在 L40S 上部署要几张卡？", "serve", {"model": "Qwen3-32B", "gpu": "L40S"}),
    ("给我 qwen3-14b 两张 4090 的 vLLM 启动命令，长度 32000，端口 8051", "serve",
     {"model": "Qwen3-14B", "gpu": "RTX 4090", "gpus": 2, "max_model_len": 32000, "port": 8051}),
    ("SGLang launch command for Qwen3-8B on one H100, 16k context", "serve",
     {"model": "Qwen3-8B", "gpu": "H100 SXM", "gpus": 1, "max_model_len": 16000, "engine": "sglang"}),
    ("KV cache size of Llama-3.1-8B for 8k context and batch 32 in fp8 KV cache", "memory",
     {"model": "Llama-3.1-8B", "context": 8000, "batch": 32, "kv_dtype": "fp8"}),
    ("What is the longest context for Qwen3-8B on an RTX 4090?", "memory", {"model": "Qwen3-8B", "gpu": "RTX 4090"}),
    ("gpt-oss-20b 16GB 显存够吗", "memory", {"model": "gpt-oss-20b", "gpu": "RTX 4080"}),
    ("Phi-4 on 80GB A100, how much memory for 20 concurrent requests of 4k tokens?", "memory",
     {"model": "Phi-4", "gpu": A100, "batch": 20, "context": 4000}),
    ("显存估算：Qwen3-8B，bf16，上下文 4 万 token", "memory", {"model": "Qwen3-8B", "dtype": "bf16", "context": 40000}),
    ("用ZeRO-2和4张H100训练Qwen3-8B需要多少显存", "train", {"model": "Qwen3-8B", "gpu": "H100 SXM", "gpus": 4, "zero": 2}),
    ("Does a 14B Qwen fit on a V100 16GB?", "memory", {"model": "Qwen3-14B", "gpu": "V100 SXM2 16GB"}),
    ("Estimate the roofline of Qwen3-4B decode", "roofline", {"model": "Qwen3-4B", "gpu": A100, "phase": "decode"}),
    ("Calculate Yi-34B on 2 A6000s", "memory", {"model": "Yi-34B", "gpu": "RTX A6000", "gpus": 2}),
    ("Qwen2.5-0.5B 的权重有多大", "memory", {"model": "Qwen2.5-0.5B"}),
    ("LoRA rank 32 on Qwen3-8B, seq 4096, one 4090: OOM?", "train",
     {"model": "Qwen3-8B", "method": "lora", "rank": 32, "sequence": 4096, "gpu": "RTX 4090", "gpus": 1}),
    ("M2 Ultra 跑 Qwen3-235B-A22B 行吗", "memory", {"model": "Qwen3-235B-A22B", "gpu": "M2 Ultra"}),
    ("M3 Max 能跑 Llama 3.3 70B Q4_K_M 吗", "memory", {"model": "Llama-3.3-70B", "gpu": "M3 Max", "quant": "Q4_K_M"}),
]  # fmt: skip

NOT_ASKED = [
    "what is a KV cache",
    "为什么 decode 是 memory-bound？",
    "Why is decode memory-bound on an A100?",
    "How much memory does PagedAttention save?",
    "What is the difference between Qwen3-8B and Qwen3-14B?",
    "Qwen3 和 Llama-3.1-8B 有什么区别",
    "Who made Llama-3.1-8B?",
    "How many tokens was Llama-3.1-8B trained on?",
    "How long did it take to train Llama-3.1-405B?",
    "训练 Llama-3.1-405B 花了多少钱？",
    "Which quantization should I use for Qwen3-32B on a 4090?",
    "Which is faster on an A100, vLLM or SGLang?",
    "What is the memory bandwidth of an A100?",
    "A100 的显存带宽是多少？",
    "How does QLoRA reduce memory for a 70B Llama?",
    "QLoRA 为什么能节省显存？",
    "How does speculative decoding speed up Llama-3.1-70B on H100?",
    "Why does Llama-3.1-8B use grouped-query attention?",
    "How much data do I need to fine-tune Llama-3.1-8B?",
    "Is Qwen3-32B good at Chinese?",
    "怎么用 vLLM 部署 Qwen3-14B？",
    "How do I fine-tune Llama-3.1-8B with LoRA?",
    "CUDA out of memory error when serving Qwen3-8B on a 4090",
    "How does tensor parallelism split attention heads over 4 GPUs?",
    "Does LoRA fit on a small GPU?",
    "Explain the roofline model with batch 8 and 4k context",
    "What does max_model_len=32000 mean in vLLM?",
    "Qwen3-8B 在 MMLU 上的准确率是多少",
    "How much memory does Granite 8B model need?",
    "The port is 4090, why does the server not start?",
    "What licence does DeepSeek-V3 have?",
    "上下文 32K 意味着什么？",
    "",
]


def _meant(kind: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """Returns the arguments of a request with the full names that the calculators know."""
    inputs = calculate(kind, arguments).inputs  # pyright: ignore[reportArgumentType]
    return {name: inputs[name] for name in arguments}


@pytest.mark.parametrize(("question", "kind", "arguments"), ASKED, ids=[question[:40] for question, _, _ in ASKED])
def test_question_for_a_number_is_read(question: str, kind: str, arguments: dict[str, Any]) -> None:
    found = recognised(question)
    assert found is not None
    assert found.kind == kind
    assert set(found.arguments) == set(arguments)
    meant = _meant(found.kind, dict(found.arguments))
    assert {name: meant[name] for name in arguments} == arguments


@pytest.mark.parametrize("question", NOT_ASKED, ids=[question[:40] for question in NOT_ASKED])
def test_question_that_explains_or_advises_is_no_calculation(question: str) -> None:
    assert recognised(question) is None


def test_both_languages_and_many_negatives_are_covered() -> None:
    chinese = [question for question, _, _ in ASKED if any("\u4e00" <= sign <= "\u9fff" for sign in question)]
    assert len(ASKED) + len(NOT_ASKED) >= 60
    assert len(NOT_ASKED) >= 25
    assert 10 < len(chinese) < len(ASKED) - 10


@pytest.mark.parametrize(
    ("question", "words"),
    [
        ("How much memory does QLoRA of a 70B Llama take?", "“70B Llama” is taken for Llama-3.3-70B."),
        ("How much memory to fine-tune Qwen3-8B?", "full fine-tuning is meant"),
        ("vLLM command for Qwen3-8B", "no GPU is named, so it is A100 SXM 80GB."),
        ("Does Qwen3-8B fit in 24 GB?", "“24 GB” is taken for RTX 4090."),
        ("Does Qwen3-8B fit on a 4090 or on an L4?", "only 4090 is"),
        ("Do Qwen3-8B and Qwen3-14B fit on a 4090?", "only Qwen3-8B is"),
        ("Can I run Qwen3-8B on Colab?", "“Colab” is taken for Colab T4."),
    ],
)
def test_what_a_question_leaves_open_is_assumed_aloud(question: str, words: str) -> None:
    found = recognised(question)
    assert found is not None
    assert any(words in text.en for text in found.assumed)
    assert all(text.zh != text.en for text in found.assumed)


def test_clear_question_assumes_nothing() -> None:
    found = recognised("Does Qwen3-32B in AWQ with 32k context fit on two RTX 4090?")
    assert found is not None
    assert found.assumed == ()


@pytest.mark.parametrize(
    ("text", "kind", "arguments"),
    [
        ("memory qwen3-8b 24GB 4090 16k", "memory", {"model": "Qwen3-8B", "gpu": "RTX 4090", "context": 16000}),
        ("显存 qwen3-8b 双卡 4090", "memory", {"model": "Qwen3-8B", "gpu": "RTX 4090", "gpus": 2}),
        ("roofline model=qwen3-8b gpu=h100 batch=8", "roofline", {"model": "Qwen3-8B", "gpu": "H100 SXM", "batch": 8}),
        ("train llama-3.1-8b --method lora --rank=8 seq 1k", "train",
         {"model": "Llama-3.1-8B", "method": "lora", "rank": 8, "sequence": 1000}),
        ("serve qwen3-14b 2x 4090 32k", "serve",
         {"model": "Qwen3-14B", "gpu": "RTX 4090", "gpus": 2, "max_model_len": 32000}),
        ("qwen3-8b", "memory", {"model": "Qwen3-8B"}),
        ("model Qwen/Qwen3-14B", "model", {"model": "Qwen3-14B"}),
        ("How many parameters has Phi-4?", "model", {"model": "Phi-4"}),
        ("Which is best for Qwen3-8B on a 4090?", "memory", {"model": "Qwen3-8B", "gpu": "RTX 4090"}),
    ],
)  # fmt: skip
def test_command_is_read_even_where_a_question_would_not_be(text: str, kind: str, arguments: dict[str, Any]) -> None:
    found = commanded(text)
    assert found.kind == kind
    assert set(found.arguments) == set(arguments)
    assert _meant(found.kind, dict(found.arguments)) == arguments


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("memory qwen9-8b 4090", "'qwen9-8b' is not a known model. Closest: Qwen3-8B"),
        ("memory 4090 16k", "no model is named. Name one, as in `/calc memory qwen3-8b 4090 16k`."),
        ("", "no model is named."),
    ],
)
def test_command_without_a_known_model_is_refused_with_the_remedy(text: str, message: str) -> None:
    with pytest.raises(UserMistake) as caught:
        commanded(text)
    assert str(caught.value).startswith(message)


def test_longest_message_is_read_at_once() -> None:
    began = time.perf_counter()
    recognised("qwen 3 4 5 6 7 " * 40)
    recognised("4090 " * 120)
    recognised("9" * 600)
    recognised("a " * 300)
    recognised("how much memory " * 37)
    assert time.perf_counter() - began < 1.0


FIT: dict[str, object] = {"model": "Qwen3-14B", "gpu": "4090", "context": 32000}


@pytest.mark.parametrize(
    ("message", "now"),
    [
        ("and with 64k?", {"context": 64000}),
        ("on an A100 instead?", {"gpu": "A100"}),
        ("换成 A100 呢？", {"gpu": "A100"}),
        ("换成 64k 上下文呢", {"context": 64000}),
        ("and in fp8?", {"quant": "fp8"}),
        ("with 2 GPUs?", {"gpus": 2}),
        ("what about Qwen3-32B?", {"model": "Qwen3-32B"}),
        ("两张 4090 呢？", {"gpus": 2}),
        ("and on two H100s with 128k?", {"gpu": "H100", "gpus": 2, "context": 128000}),
        ("and with a batch of 8?", {"batch": 8}),
    ],
)
def test_a_follow_up_changes_what_it_names_and_keeps_the_rest(message: str, now: dict[str, object]) -> None:
    found = changed(message, "memory", FIT)
    assert found is not None
    assert (found.kind, dict(found.arguments)) == ("memory", {**FIT, **now})


@pytest.mark.parametrize(
    "message",
    [
        "why?",
        "What is the KV cache at 64k?",
        "How does fp8 work?",
        "is Qwen3-32B good?",
        "And 32k?",
        "继续",
        "64k " * 30,
    ],
)
def test_what_says_more_or_changes_nothing_is_no_follow_up(message: str) -> None:
    assert changed(message, "memory", FIT) is None


def test_another_format_takes_the_place_of_the_first() -> None:
    found = changed("and in fp8?", "memory", {**FIT, "quant": "awq"})
    assert found is not None
    assert found.arguments["quant"] == "fp8"


def test_the_size_of_a_model_becomes_its_memory_on_a_card() -> None:
    found = changed("and on a 4090?", "model", {"model": "Qwen3-14B"})
    assert found is not None
    assert (found.kind, found.arguments["gpu"]) == ("memory", "4090")
