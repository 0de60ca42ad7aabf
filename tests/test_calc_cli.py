"""`atlas calc`: the contract's fields, tables for people, comparison, mistakes, and a process that starts at once."""

import json
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest
from command_run import Run
from gguf_header import header

from ui import cli


@pytest.fixture
def calc(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Any:
    """Runs `atlas calc` in this process, for a reader of English."""
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "en_GB.UTF-8")

    def run(*arguments: str | Path) -> Run:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            cli.main(["calc", *map(str, arguments)])
        printed = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return Run(ended.value.code, printed.out, printed.err)

    return run


# --- the contract -----------------------------------------------------------------------------------------------------

CONTRACT: dict[str, tuple[str, set[str], dict[str, Any]]] = {
    "model": (
        "model --model qwen3-14b",
        {"parameters", "parameters_non_embedding", "parameters_active", "kv_bytes_per_token", "weights_bytes"},
        {"parameters": 14_768_307_200, "kv_bytes_per_token": 163_840, "weights_bytes": 2 * 14_768_307_200},
    ),
    "model of experts, quantized": (
        "model --model Qwen3-30B-A3B --quant fp8 --kv-dtype fp8",
        {"parameters", "parameters_active", "weights_bytes"},
        {"parameters": 30_532_122_624, "parameters_active": 3_353_032_704, "kv_bytes_per_token": 49_152},
    ),
    "memory": (
        "memory --model qwen3-14b --context 32k --batch 2 --dtype bf16 --kv-dtype fp8 --tp 2 --gpu a100",
        {"weights_bytes", "kv_bytes", "activation_bytes", "overhead_bytes", "total_bytes", "per_gpu_bytes", "fits",
         "max_context", "max_batch"},
        {"kv_bytes": 2 * 32_000 * 81_920, "tensor_parallel": 2, "fits": True},
    ),
    "memory without a card": (
        "memory --model qwen3-14b --context 32000 --batch 1 --quant awq",
        {"total_bytes", "per_gpu_bytes"},
        {"fits": None, "max_context": None, "max_batch": None},
    ),
    "train": (
        "train --model llama-3.1-8b --method lora --rank 8 --seq 1k --batch 2 --zero 2 --gpus 4 --gpu 4090",
        {"trainable_parameters", "parameter_bytes", "gradient_bytes", "optimizer_bytes", "activation_bytes",
         "per_gpu_bytes", "cpu_bytes", "fits"},
        {"trainable_parameters": 20_971_520, "cpu_bytes": 0, "fits": True},
    ),
    "roofline": (
        "roofline --model llama-3.1-8b --gpu h100 --phase prefill --batch 4 --context 2k",
        {"flops", "bytes", "arithmetic_intensity", "ridge_point", "bound", "time_s", "tokens_per_second", "layers"},
        {"bound": "compute", "phase": "prefill", "batch": 4, "context": 2000},
    ),
    "serve": (
        "serve --model qwen3-14b --gpu a100 --gpus 2 --max-model-len 32000",
        {"fits", "tensor_parallel", "kv_cache_bytes", "kv_cache_tokens", "max_concurrency", "command", "warnings"},
        {"fits": True, "tensor_parallel": 2,
         "command": "vllm serve Qwen/Qwen3-14B --tensor-parallel-size 2 --max-model-len 32000"},
    ),
    "serve that is refused": (
        "serve --model qwen3-14b --gpu 4090 --gpus 1 --max-model-len 32000",
        {"kv_cache_tokens", "warnings", "refusals"},
        {"fits": False, "command": "", "kv_cache_bytes": 0},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("line", "fields", "known"), CONTRACT.values(), ids=CONTRACT)
def test_json_has_the_fields_of_the_contract(calc: Any, line: str, fields: set[str], known: dict[str, Any]) -> None:
    done = calc(*line.split(), "--json")
    assert (done.status, done.err) == (0, "")
    record = done.json
    assert set(record) >= {*fields, "inputs", "derivation", "assumptions", "note", "warnings"}
    assert {name: record[name] for name in known} == known
    assert record["kind"] == line.split(maxsplit=1)[0]


def test_a_refused_plan_says_why_and_what_would_do(calc: Any) -> None:
    record = calc("serve", "--model", "qwen3-14b", "--gpu", "4090", "--gpus", "1", "--json").json
    (refusal,) = record["refusals"]
    assert refusal["code"] == "no-room"
    assert refusal["reason"] in record["warnings"]
    assert any("AWQ" in remedy for remedy in refusal["remedies"])


def test_options_that_every_command_takes_are_taken(calc: Any, tmp_path: Path) -> None:
    common = ("--home", tmp_path / "home", "--no-model", "--base-url", "http://127.0.0.1:9", "--api-key", "none")
    assert calc("model", "--model", "gpt2", "--json", *common).json["parameters"] == 124_439_808
    assert list(tmp_path.iterdir()) == []


# --- for people -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", [case[0] for case in CONTRACT.values()], ids=CONTRACT)
def test_tables_are_aligned_and_name_the_note(calc: Any, line: str) -> None:
    for language, see in (("en", "Explained in the note: "), ("zh", "相关笔记: ")):
        done = calc(*line.split(), "--language", language)
        assert (done.status, done.err) == (0, "")
        blocks = done.out.rstrip("\n").split("\n\n")
        widths = {
            sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in row)
            for row in blocks[1].splitlines()
        }
        assert len(widths) == 1
        assert blocks[-1].startswith(see)


def test_the_language_is_that_of_the_terminal(calc: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert "参数量" in calc("model", "--model", "gpt2").out
    monkeypatch.setenv("LC_ALL", "C")
    assert "parameters" in calc("model", "--model", "gpt2").out


def test_explain_prints_the_derivation_in_either_language(calc: Any) -> None:
    line = ("model", "--model", "qwen3-14b", "--explain")
    formula = "2 × n_kv × d_head × b = 2 × 8 × 128 × 2 = 4,096 B"
    english, chinese = calc(*line).out, calc(*line, "--language", "zh").out
    assert formula in english and "**Derivation**" in english
    assert formula in chinese and "**推导**" in chinese
    assert calc(*line, "--json").json["explanation"] + "\n" == english


def test_several_cards_stand_side_by_side(calc: Any) -> None:
    line = ("memory", "--model", "qwen3-14b", "--gpu", "4090", "--gpu", "a100", "--gpu", "h100")
    head, *rows = calc(*line).out.split("\n\n")[0].splitlines()
    assert [name in head for name in ("RTX 4090", "A100 SXM 80GB", "H100 SXM")] == [True] * 3
    (verdict,) = [row.split() for row in rows if row.startswith("fits")]
    assert verdict == ["fits", "no", "yes", "yes"]
    made = calc(*line, "--json").json["calculations"]
    assert [(record["inputs"]["gpu"], record["fits"]) for record in made] == [
        ("RTX 4090", False), ("A100 SXM 80GB", True), ("H100 SXM", True),
    ]  # fmt: skip


def test_several_models_stand_side_by_side(calc: Any) -> None:
    models = ("gpt2", "qwen3-14b", "llama-3.1-8b", "DeepSeek-V3")
    made = calc("model", *(word for name in models for word in ("--model", name)), "--json").json["calculations"]
    assert [record["inputs"]["model"] for record in made] == ["GPT-2", "Qwen3-14B", "Llama-3.1-8B", "DeepSeek-V3"]


@pytest.mark.parametrize("kind", ["model", "memory", "train", "roofline", "serve"])
def test_every_calculation_explains_its_options(calc: Any, kind: str) -> None:
    done = calc(kind, "--help")
    assert done.status == 0
    assert "--model" in done.out and "--explain" in done.out


# --- mistakes ---------------------------------------------------------------------------------------------------------

MISTAKES: dict[str, tuple[str, str]] = {
    "another calculation": ("cost --model gpt2", "cost"),
    "no model": ("memory", "model"),
    "no card": ("roofline --model gpt2", "gpu"),
    "unknown model": ("memory --model qwen3-14", "Qwen3-14B"),
    "unknown card": ("memory --model gpt2 --gpu 4900", "RTX 4090"),
    "unknown option": ("memory --model gpt2 --contxt 1", "--contxt"),
    "negative": ("memory --model gpt2 --context -5", "'-5'"),
    "zero": ("memory --model gpt2 --batch 0", "batch 0"),
    "overflow": ("memory --model gpt2 --context 99999999999999999999", "10^18"),
    "text": ("train --model gpt2 --rank high", "'high'"),
    "fraction": ("serve --model gpt2 --gpu t4 --gpus 1.5", "'1.5'"),
    "language": ("model --model gpt2 --language fr", "'fr'"),
    "five cards": ("memory --model gpt2" + " --gpu t4" * 5, "5 GPUs"),
    "five models": ("model" + " --model gpt2" * 5, "5 models"),
    "heads that do not divide": ("memory --model qwen3-14b --tp 3", "3"),
}


@pytest.mark.parametrize(("line", "message"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_one_object_with_its_remedy(calc: Any, line: str, message: str) -> None:
    done = calc(*line.split(), "--json")
    assert done.status == 2
    assert set(done.json) == {"error"}
    error = done.json["error"]
    assert error["kind"] == "user_mistake" and error["remedy"]
    assert message in error["message"] + error["remedy"]


def test_a_mistake_goes_to_standard_error_for_people(calc: Any) -> None:
    done = calc("memory", "--model", "qwen3-14")
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith("atlas: 'qwen3-14' is not a known model. Closest: Qwen3-14B")


FILES: dict[str, tuple[str, bytes, str]] = {
    "a config without fields": ("config.json", b'{"model_type": "llama", "hidden_size": 64}', "num_hidden_layers"),
    "a config that is none": ("config.json", b"[]", "no JSON object"),
    "tensors beyond all": (
        "model.gguf",
        header({"general.architecture": "llama"}, {})[:8] + (2**60).to_bytes(8, "little") + bytes(8),
        "tensors",
    ),
    "a header cut short": ("model.gguf", header({"general.architecture": "llama"}, {})[:30], "more than it can hold"),
    "no GGUF": ("model.gguf", b"PK\3\4", "GGUF"),
}


@pytest.mark.parametrize(("name", "content", "message"), FILES.values(), ids=FILES)
def test_a_hostile_file_is_a_mistake(calc: Any, tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    done = calc("model", "--model", tmp_path / name, "--json")
    assert done.status == 2
    assert message in done.json["error"]["message"] + done.json["error"]["remedy"]


# --- speed ------------------------------------------------------------------------------------------------------------

HEAVY = ("numpy", "chromadb", "llama_index", "crewai", "agno", "gradio", "plotly", "httpx", "Stemmer", "yaml", "fsrs")


def test_nothing_heavy_is_loaded_on_the_path() -> None:
    code = (
        "import sys; from ui import cli\n"
        "try: cli.main(['calc', 'memory', '--model', 'qwen3-14b', '--gpu', '4090', '--json'])\n"
        f"except SystemExit: sys.stderr.write(' '.join(sorted(set(sys.modules) & set({HEAVY!r}))))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["kind"] == "memory"
    assert done.stderr == ""


def test_other_commands_do_not_load_the_calculators() -> None:
    code = "import sys; import ui.cli; print(any('tools.calculators' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
