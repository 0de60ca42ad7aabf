from pathlib import Path

import pytest

from knowledge.errors import UserMistake
from tools.calculators.model_catalogue import find, load, names, split_format
from tools.calculators.parameter import count

PUBLISHED = {
    "Qwen2.5-0.5B": 494_032_768, "Qwen2.5-3B": 3_085_938_688, "Qwen2.5-14B": 14_770_033_664,
    "Qwen2.5-32B": 32_763_876_352, "Qwen2.5-72B": 72_706_203_648, "Qwen3-32B": 32_762_123_264,
    "Qwen3-Coder-480B-A35B": 480_154_875_392, "Qwen1.5-MoE-A2.7B": 14_315_784_192,
    "DeepSeek-R1-Distill-Qwen-1.5B": 1_777_088_000, "LLaMA-1-65B": 65_285_660_672, "Llama-2-13B": 13_015_864_320,
    "Llama-2-70B": 68_976_648_192, "Llama-3.1-8B": 8_030_261_248, "Llama-3.1-405B": 405_853_388_800,
    "Llama-3.2-3B": 3_212_749_824, "TinyLlama-1.1B": 1_100_048_384, "Mistral-7B-v0.3": 7_248_023_552,
    "Mistral-Nemo-12B": 12_247_782_400, "Mistral-Small-24B": 23_572_403_200, "Mistral-Large-123B": 122_610_069_504,
    "Mixtral-8x22B": 140_620_634_112, "Gemma-2B": 2_506_172_416, "Gemma-7B": 8_537_680_896,
    "Gemma-2-2B": 2_614_341_888, "Gemma-2-9B": 9_241_705_984, "Gemma-2-27B": 27_227_128_320,
    "Gemma-3-270M": 268_098_176, "DeepSeek-V2": 235_741_434_880, "DeepSeek-V2-Lite": 15_706_484_224,
    "Phi-2": 2_779_683_840, "Phi-3-mini-4k": 3_821_079_552, "Phi-3-medium": 13_960_238_080,
    "Phi-3.5-MoE": 41_873_153_344, "Phi-4": 14_659_507_200, "Phi-4-mini": 3_836_021_760, "OLMo-7B": 6_888_095_744,
    "OLMo-2-7B": 7_298_617_344, "OLMo-2-32B": 32_234_279_936, "OLMo-3-7B": 7_298_011_136,
    "OLMoE-1B-7B": 6_919_161_856, "gpt-oss-20b": 20_914_757_184, "gpt-oss-120b": 116_829_156_672,
    "GLM-4-9B-0414": 9_400_279_040, "SmolLM2-135M": 134_515_008, "SmolLM2-1.7B": 1_711_376_384,
    "SmolLM3-3B": 3_075_098_624, "GPT-2": 124_439_808, "GPT-2-XL": 1_557_611_200, "OPT-125M": 125_239_296,
    "OPT-350M": 331_196_416, "OPT-6.7B": 6_658_473_984, "Pythia-6.9B": 6_857_302_016, "Pythia-12B": 11_846_072_320,
    "GPT-NeoX-20B": 20_554_567_680, "Yi-34B": 34_388_917_248, "Command-R": 34_980_831_232,
    "Command-R7B": 8_028_033_024, "StarCoder2-3B": 3_030_371_328, "StarCoder2-15B": 15_957_889_024,
}  # fmt: skip
"""Parameters that the model hub counts in the published weights (a tied head once)."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_model_has_as_many_parameters_as_its_published_weights(name: str) -> None:
    assert count(find(name)).total == PUBLISHED[name]


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("Gemma-3-12B", 12_187_325_040),
        ("Gemma-3-27B", 27_432_406_640),
        ("GLM-4.5", 358_337_791_296),
        ("GLM-4.5-Air", 110_468_824_832),
    ],
)
def test_vision_towers_and_prediction_modules_make_up_the_rest_of_the_files(name: str, files: int) -> None:
    counted = count(find(name))
    shared = counted.embedding if counted.prediction else 0  # the module's copies of embedding and head
    assert counted.total + counted.prediction + shared + counted.other == files


@pytest.mark.parametrize(
    ("typed", "name", "repository"),
    [
        ("qwen3-14b", "Qwen3-14B", "Qwen/Qwen3-14B"),
        ("Qwen/Qwen3-14B", "Qwen3-14B", "Qwen/Qwen3-14B"),
        ("QWEN 3 14B", "Qwen3-14B", "Qwen/Qwen3-14B"),
        ("Qwen3-14B-AWQ", "Qwen3-14B", "Qwen/Qwen3-14B"),
        ("llama 3.1 8b", "Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("meta-llama/Meta-Llama-3.1-8B-Instruct", "Llama-3.1-8B", "meta-llama/Llama-3.1-8B"),
        ("qwen2.5-coder:1.5b", "Qwen2.5-Coder-1.5B", "Qwen/Qwen2.5-Coder-1.5B"),
        ("DeepSeek-R1", "DeepSeek-R1", "deepseek-ai/DeepSeek-R1"),
        ("Gemma-3-4B(text)", "Gemma-3-4B", "google/gemma-3-4b-pt"),
        ("GPT-3 175B", "GPT-3-175B", ""),
        ("TheBloke/Llama-2-13B-GPTQ", "Llama-2-13B", "meta-llama/Llama-2-13b-hf"),
    ],
)
def test_a_model_is_found_by_a_loose_name(typed: str, name: str, repository: str) -> None:
    shape = find(typed)
    assert (shape.name, shape.repository) == (name, repository)


@pytest.mark.parametrize("name", names())
def test_every_built_in_model_is_whole(name: str) -> None:
    shape = find(name)
    assert shape.name == name
    assert shape.source
    assert 0 < count(shape).active <= count(shape).total


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("Qwen3-14B-AWQ", ("Qwen3-14B", "awq")),
        ("Llama-3.1-8B-Q4_K_M", ("Llama-3.1-8B", "q4_k_m")),
        ("Llama-2-13B-GPTQ-Int8", ("Llama-2-13B", "gptq-int8")),
        ("Qwen3-8B-unsloth-bnb-4bit", ("Qwen3-8B-unsloth", "nf4-dq")),
        ("Qwen3-14B", ("Qwen3-14B", "")),
    ],
)
def test_a_weight_format_is_split_off_a_name(name: str, split: tuple[str, str]) -> None:
    assert split_format(name) == split


def test_an_unknown_model_is_answered_with_the_closest_and_other_ways() -> None:
    with pytest.raises(
        UserMistake, match=r"'qwen4-14b' is not a known model\. Closest: .*Qwen3-14B.*config\.json or a GGUF"
    ):
        load("qwen4-14b")


@pytest.mark.parametrize("name", ["", "   ", "7b", "\x00", "é" * 5_000, "../../etc/passwd"])
def test_text_that_names_no_model_is_refused(name: str) -> None:
    with pytest.raises(UserMistake):
        load(name)


def test_a_folder_with_a_config_is_a_model(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        '{"model_type": "llama", "hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "vocab_size": 100,'
        ' "intermediate_size": 128}'
    )
    assert load(str(tmp_path)).layers == load(str(tmp_path / "config.json")).layers == 2
