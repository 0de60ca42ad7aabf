import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_calc_derivation import redo

from knowledge.errors import UserMistake
from tools.calculators.accelerator import find as find_card
from tools.calculators.engine import engine_utilization
from tools.calculators.model_catalogue import find
from tools.calculators.serving import Load, ServingPlan, serving_plan
from tools.calculators.serving_command import Invocation
from tools.calculators.tensor import parallel_refusal

NOTES = Path(__file__).parents[1] / "knowledge" / "notes"
MODELS = st.sampled_from(["Qwen3-14B", "Gemma-3-27B", "gpt-oss-20b", "Qwen3-30B-A3B", "Qwen2.5-7B", "DeepSeek-V2-Lite"])
CARDS = st.sampled_from(["RTX 4090", "H100 SXM", "A100 80GB", "T4", "L40S"])


def _plan(model: str, card: str, gpus: int = 0, length: int = 0, **wishes: Any) -> ServingPlan:
    return serving_plan(find(model), find_card(card), gpus, length, **wishes)


def _codes(plan: ServingPlan) -> list[str]:
    return [refusal.code for refusal in plan.refusals]


@pytest.mark.parametrize("card", ["RTX 4090", "L40S", "A100 80GB", "H100 SXM"])
def test_the_command_for_two_gpus_is_that_of_the_note(card: str) -> None:
    note = (NOTES / "inference" / "vllm.md").read_text(encoding="utf-8")
    found = re.search(r"```bash\n(CUDA_VISIBLE_DEVICES=6,7 vllm serve .*?)```", note, re.DOTALL)
    assert found is not None
    call = Invocation("qwen3-14b", 8051, "/path/to/qwen3-14b", "6,7")
    plan = _plan("qwen3-14b", card, 2, 32_000, call=call)
    assert shlex.split(plan.command) == [word for word in shlex.split(found.group(1)) if word != "\n"]
    assert plan.fits
    assert plan.tensor_parallel == 2


def test_two_cards_hold_what_the_formula_says() -> None:
    plan = _plan("Qwen3-14B", "RTX 4090", 2, 32_000)
    used = plan.weights_bytes + plan.activation_bytes + plan.overhead_bytes
    assert plan.budget_bytes == int(0.92 * find_card("RTX 4090").reported_memory)
    assert plan.kv_cache_bytes == plan.budget_bytes - used
    assert plan.kv_cache_tokens == plan.kv_cache_bytes // (81_920 * 16) * 16
    assert plan.max_concurrency == plan.kv_cache_tokens / 32_000
    assert plan.max_model_len == plan.kv_cache_tokens
    assert plan.request_bytes == 2_621_440_000


@pytest.mark.parametrize(
    ("model", "card", "length", "stored", "size"),
    [
        ("Qwen3-14B", "RTX 4090", 32_000, "", 2),
        ("Qwen3-14B", "RTX 4090", 32_000, "awq", 1),
        ("Qwen3-32B", "RTX 4090", 32_000, "", 4),
        ("Qwen3-14B", "H100 SXM", 32_000, "", 1),
        ("Llama-3.1-70B", "H100 SXM", 32_000, "", 4),
        ("DeepSeek-V3", "H200", 32_768, "", 8),
    ],
)
def test_without_a_number_of_gpus_the_fewest_are_found(
    model: str, card: str, length: int, stored: str, size: int
) -> None:
    plan = _plan(model, card, 0, length, weight_format=stored)
    assert plan.fits
    assert plan.tensor_parallel == plan.smallest_tensor_parallel == plan.gpus == size


@pytest.mark.parametrize(
    ("model", "card", "wishes", "code"),
    [
        ("Qwen3-14B", "RTX 4090", {"gpus": 3, "tensor_parallel": 3}, "not-divisible"),
        ("Qwen2.5-7B", "RTX 4090", {"gpus": 7, "tensor_parallel": 7}, "not-divisible"),
        ("Qwen3-14B", "H100 SXM", {"gpus": 20, "tensor_parallel": 20, "weight_format": "awq"}, "not-divisible"),
        ("Qwen3-14B", "RTX 4090", {"gpus": 1}, "no-room"),
        ("Qwen3-14B", "L40S", {"gpus": 1, "length": 200_000}, "context-beyond-model"),
        ("Llama-3.1-8B", "RTX 3090", {"gpus": 1}, "context-too-long"),
        ("Qwen3-14B", "RTX 4090", {"gpus": 1, "weight_format": "Q4_K_M"}, "gguf-needs-plugin"),
        ("Qwen3-14B", "RTX 4090", {"gpus": 1, "weight_format": "nf4"}, "bitsandbytes-dropped"),
        ("Gemma-2-2B", "T4", {"gpus": 1}, "float16-overflows"),
        ("Qwen3-0.6B", "V100 PCIe", {"gpus": 1}, "card-too-old"),
        ("Qwen3-0.6B", "T4", {"gpus": 1, "kv_dtype": "fp8"}, "fp8-cache-unsupported"),
        ("Qwen3-0.6B", "RTX 4090", {"gpus": 1, "kv_dtype": "q8_0"}, "cache-format-unsupported"),
        ("Qwen3-0.6B", "M3 Max", {"gpus": 1}, "no-such-platform"),
        ("Qwen3-14B", "RTX 4090", {"gpus": 2, "tensor_parallel": 4}, "too-few-gpus"),
        ("Qwen3-0.6B", "RTX 4090", {"gpus": 40, "pipeline_parallel": 40}, "more-stages-than-layers"),
    ],
)
def test_what_an_engine_would_refuse_is_refused_with_a_remedy(
    model: str, card: str, wishes: dict[str, Any], code: str
) -> None:
    plan = _plan(model, card, **wishes)
    assert code in _codes(plan)
    assert not plan.fits
    assert plan.command == ""
    for refusal in plan.refusals:
        assert refusal.reason.en
        assert refusal.reason.zh
        assert refusal.remedies
        assert list(NOTES.glob(f"*/{refusal.note}.md"))


def test_a_quantization_group_is_never_torn() -> None:
    plan = _plan("Qwen3-14B", "L4", 40, 8192, tensor_parallel=8, weight_format="gptq-g512")
    assert _codes(plan) == ["group-torn"]
    assert _plan("Qwen3-14B", "L4", 8, 8192, tensor_parallel=8, weight_format="gptq").fits


def test_what_does_not_fit_says_by_how_much_and_what_would() -> None:
    plan = _plan("Qwen3-32B", "RTX 4090", 2, 32_000)
    (refusal,) = plan.refusals
    assert re.search(r"[\d.]+ GiB are missing on each GPU", refusal.reason.en)
    remedies = " ".join(text.en for text in refusal.remedies)
    assert "AWQ weights fit" in remedies
    assert "4 of these cards fit" in remedies
    assert _plan("Qwen3-32B", "RTX 4090", 2, 32_000, weight_format="awq").fits
    assert _plan("Qwen3-32B", "RTX 4090", 4, 32_000).fits


def test_the_context_offered_fits_and_a_longer_one_does_not() -> None:
    plan = _plan("Llama-3.1-8B", "RTX 3090", 1)
    assert _codes(plan) == ["context-too-long"]
    assert _plan("Llama-3.1-8B", "RTX 3090", 1, plan.max_model_len).fits
    assert not _plan("Llama-3.1-8B", "RTX 3090", 1, plan.max_model_len + 1).fits


@pytest.mark.parametrize(
    ("model", "card", "wishes", "words"),
    [
        ("Qwen3-0.6B", "T4", {}, "--dtype half"),
        ("Qwen3-14B", "L40S", {"kv_dtype": "fp8"}, "--kv-cache-dtype fp8"),
        ("Qwen3-14B", "L40S", {"utilization": 0.95}, "--gpu-memory-utilization 0.95"),
        ("Qwen3-14B", "L40S", {"weight_format": "fp8"}, "--quantization fp8_per_tensor"),
        ("Qwen3-14B", "L40S", {"weight_format": "awq"}, "vllm serve Qwen/Qwen3-14B-AWQ"),
        ("Qwen2.5-7B", "L40S", {"weight_format": "gptq"}, "vllm serve Qwen/Qwen2.5-7B-Instruct-GPTQ-Int4"),
        ("Qwen3-14B", "L40S", {"graphs": False}, "--enforce-eager"),
        ("Qwen3-14B", "L40S", {"gpus": 2, "pipeline_parallel": 2}, "--pipeline-parallel-size 2"),
        ("Qwen3-0.6B", "L40S", {"weight_format": "fp32"}, "--dtype float32"),
        ("Qwen3-14B", "L40S", {"engine": "sglang"}, "python -m sglang.launch_server --model-path Qwen/Qwen3-14B"),
        ("Qwen3-14B", "L40S", {"engine": "sglang", "gpus": 2}, "--tp 2 --context-length 40960"),
        ("Qwen3-14B", "L40S", {"engine": "sglang", "kv_dtype": "fp8"}, "--kv-cache-dtype fp8_e4m3"),
        ("Qwen3-14B", "L40S", {"engine": "sglang", "utilization": 0.8}, "--mem-fraction-static 0.8"),
    ],
)
def test_flags_are_those_of_the_engine(model: str, card: str, wishes: dict[str, Any], words: str) -> None:
    plan = _plan(model, card, **wishes)
    assert plan.fits
    assert words in plan.command


def test_values_cannot_leave_their_place_in_the_command() -> None:
    call = Invocation("a b; rm -rf $HOME", 8051, "/models/my model", "0,1; echo")
    line = _plan("Qwen3-0.6B", "L40S", 1, call=call).command
    words = shlex.split(line)
    assert words[0] == "CUDA_VISIBLE_DEVICES=0,1; echo"
    assert "a b; rm -rf $HOME" in words
    assert "/models/my model" in words


def test_a_port_that_is_the_engines_own_is_left_out() -> None:
    assert "--port" not in _plan("Qwen3-0.6B", "L40S", 1, call=Invocation(port=8000)).command
    assert "--port 8000" in _plan("Qwen3-0.6B", "L40S", 1, engine="sglang", call=Invocation(port=8000)).command


def test_cards_that_stay_idle_and_fewer_that_would_do_are_mentioned() -> None:
    three = _plan("Qwen3-14B", "RTX 4090", 3, 32_000)
    assert three.tensor_parallel == 2
    assert any("1 of 3 GPUs stay idle" in text.en for text in three.warnings)
    two = _plan("Qwen3-14B", "H100 SXM", 2, 32_000)
    assert any("fits on 1 GPU" in text.en for text in two.warnings)


def test_concurrency_is_explained_as_no_batch_limit() -> None:
    plan = _plan("Qwen3-14B", "RTX 4090", 2, 32_000)
    said = " ".join(text.en for text in plan.warnings)
    assert f"{plan.max_concurrency:.2f}x is how many requests of all 32,000 tokens fit at once" in said
    assert "no batch limit" in said


def test_a_load_says_how_many_requests_run_at_once() -> None:
    plan = _plan("Qwen3-14B", "RTX 4090", 2, 32_000, load=Load(100, 1_500, 500))
    assert plan.running_requests == plan.kv_cache_tokens // 2_000
    assert any("Of 100 requests" in text.en for text in plan.warnings)
    small = _plan("Qwen3-14B", "RTX 4090", 2, 32_000, load=Load(10, 1_500, 500))
    assert small.running_requests == 10
    long = _plan("Qwen3-14B", "RTX 4090", 2, 8_192, load=Load(1, 8_000, 500))
    assert any("are refused" in text.en for text in long.warnings)


@pytest.mark.parametrize(
    ("card", "gpus", "fraction"),
    [("H100 SXM", 1, 0.834), ("H100 SXM", 4, 0.823), ("RTX 4090", 1, 0.845), ("L40S", 1, 0.849)],
)
def test_sglang_holds_back_what_its_source_says(card: str, gpus: int, fraction: float) -> None:
    """_handle_gpu_memory_settings: 512 + 1.5 x chunk + 2 x graph batch + 1024 x GPUs / 8 MiB."""
    assert engine_utilization("sglang", find_card(card), gpus) == fraction


@settings(max_examples=100)
@given(MODELS, CARDS, st.integers(1, 8), st.integers(1, 40_000), st.sampled_from(["", "awq", "fp8"]))
def test_a_plan_that_fits_has_room_for_a_request_and_a_command(
    name: str, card: str, gpus: int, length: int, stored: str
) -> None:
    plan = _plan(name, card, gpus, length, weight_format=stored)
    assert plan.fits == (not plan.refusals) == bool(plan.command)
    assert plan.tensor_parallel <= gpus
    assert not parallel_refusal(find(name), plan.tensor_parallel)
    used = plan.weights_bytes + plan.activation_bytes + plan.overhead_bytes
    assert plan.kv_cache_bytes == max(0, plan.budget_bytes - used)
    if plan.fits:
        assert plan.kv_cache_bytes >= plan.request_bytes
        assert plan.max_concurrency >= 1
        assert plan.smallest_tensor_parallel <= plan.tensor_parallel
        assert plan.max_model_len >= length


@given(MODELS, CARDS, st.integers(1, 30_000))
def test_more_cards_never_hold_fewer_tokens(name: str, card: str, length: int) -> None:
    one, two = (_plan(name, card, gpus, length, tensor_parallel=gpus) for gpus in (1, 2))
    if "NVLink" not in find_card(card).link.name:
        assert two.kv_cache_tokens >= one.kv_cache_tokens


def test_the_derivation_ends_in_what_the_plan_says() -> None:
    plan = _plan("Qwen3-14B", "L4", 2, 32_000, weight_format="awq", pipeline_parallel=2)
    steps = {line.name.en: line for line in plan.derivation.steps}
    assert steps["weights of the fullest stage"].value == plan.weights_bytes
    assert steps["left for the KV cache"].value == plan.kv_cache_bytes
    assert steps["tokens in the cache"].value == plan.kv_cache_tokens
    assert steps["requests of full length at once"].value == plan.max_concurrency
    assert plan.derivation.note == "vllm-memory"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gpus": -1}, "number of GPUs -1"),
        ({"gpus": "two"}, "number of GPUs 'two'"),
        ({"max_model_len": -5}, "max model length -5"),
        ({"max_model_len": 10**12}, "max model length 1000000000000"),
        ({"utilization": 1.5}, "memory utilization 1.5"),
        ({"engine": "tgi"}, "'tgi' is not a known engine"),
        ({"weight_format": "q9"}, "'q9' is not a known weight format"),
        ({"kv_dtype": "fp7"}, "'fp7' is not a known KV cache format"),
        ({"load": Load(0, 1, 1)}, "number of requests 0"),
        ({"load": Load(1, -1, 1)}, "prompt -1"),
        ({"pipeline_parallel": 0}, "pipeline parallel size 0"),
    ],
)
def test_input_that_cannot_be_is_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(UserMistake, match=message):
        serving_plan(find("Qwen3-14B"), find_card("RTX 4090"), **arguments)


@pytest.mark.parametrize("model", ["Qwen3-14B", "gpt-oss-20b", "DeepSeek-V2-Lite"])
@pytest.mark.parametrize("stages", [1, 2])
def test_every_line_of_the_derivation_adds_up(model: str, stages: int) -> None:
    plan = _plan(model, "H100 SXM", 2 * stages, 4_096, pipeline_parallel=stages)
    for line in plan.derivation.steps:
        assert redo(line) == pytest.approx(line.value, rel=1e-5, abs=16), line
