"""Configurations for training, filled in for one case, for each of the trainers.

The keys are those of peft 0.21, axolotl 0.19, deepspeed 0.19, accelerate 1.15, trl 1.16 and llamafactory 0.9.5.
"""

import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

_LORA_RATE: Final = 2e-4
_FULL_RATE: Final = 1e-5
_TEMPLATES: Final = {
    "Qwen3": "qwen3_nothink", "Qwen2.5": "qwen", "Llama-3": "llama3", "Meta-Llama-3": "llama3", "gemma-3": "gemma3",
    "gemma-2": "gemma", "Mistral": "mistral",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TrainingCase:
    """One training run; `bf16` is False on cards before Ampere, `offload` moves optimizer states to the CPU."""

    model: str
    method: str = "lora"  # full, lora, qlora
    sequence: int = 2048
    gpus: int = 1
    bf16: bool = True
    zero: int = 2
    offload: bool = False
    rank: int = 16

    @property
    def is_adapter(self) -> bool:
        """Whether only an adapter is trained."""
        return self.method in {"lora", "qlora"}

    @property
    def learning_rate(self) -> float:
        """The usual rate of the method."""
        return _LORA_RATE if self.is_adapter else _FULL_RATE


def axolotl(case: TrainingCase) -> dict[str, Any]:
    """Return the content of an Axolotl YAML file."""
    content: dict[str, Any] = {"base_model": case.model}
    if case.is_adapter:
        content |= {
            "adapter": case.method,
            "lora_r": case.rank,
            "lora_alpha": 2 * case.rank,
            "lora_target_linear": True,
        }
    if case.method == "qlora":
        content["load_in_4bit"] = True
    content |= {
        "datasets": [{"path": "my_data.jsonl", "type": "alpaca"}],
        "sequence_len": case.sequence,
        "micro_batch_size": 1,
        "gradient_accumulation_steps": 8,
        "num_epochs": 3,
        "learning_rate": case.learning_rate,
        "optimizer": "adamw_torch",
        "lr_scheduler": "cosine",
        "gradient_checkpointing": True,
        "output_dir": "./outputs/my-model",
    }
    content |= {"bf16": "auto"} if case.bf16 else {"bf16": False, "fp16": True}
    if case.gpus > 1 and case.method != "qlora":
        content["deepspeed"] = "deepspeed_configs/zero2.json"
    return content


def deepspeed(case: TrainingCase) -> dict[str, Any]:
    """Return the content of a DeepSpeed JSON file that agrees with the trainer by "auto" where it must."""
    zero: dict[str, Any] = {"stage": case.zero, "overlap_comm": True, "contiguous_gradients": True}
    if case.offload:
        zero["offload_optimizer"] = {"device": "cpu", "pin_memory": True}
    return {
        "train_micro_batch_size_per_gpu": 1,
        "gradient_accumulation_steps": 8,
        "gradient_clipping": 1.0,
        ("bf16" if case.bf16 else "fp16"): {"enabled": True},
        "zero_optimization": zero,
    }


def accelerate(case: TrainingCase) -> dict[str, Any]:
    """Return the content of an Accelerate YAML file: DeepSpeed for sharded training, else plain data parallel."""
    content: dict[str, Any] = {
        "compute_environment": "LOCAL_MACHINE",
        "distributed_type": "NO" if case.gpus == 1 else "DEEPSPEED" if not case.is_adapter else "MULTI_GPU",
        "mixed_precision": "bf16" if case.bf16 else "fp16",
        "num_machines": 1,
        "num_processes": case.gpus,
        "machine_rank": 0,
        "use_cpu": False,
    }
    if content["distributed_type"] == "DEEPSPEED":
        content["deepspeed_config"] = {
            "zero_stage": case.zero,
            "offload_optimizer_device": "cpu" if case.offload else "none",
            "offload_param_device": "none",
            "gradient_accumulation_steps": 8,
            "zero3_init_flag": case.zero == 3,
        }
    return content


def llama_factory(case: TrainingCase) -> dict[str, Any]:
    """Return the content of a LLaMA-Factory YAML file for supervised fine-tuning."""
    content: dict[str, Any] = {
        "model_name_or_path": case.model,
        "stage": "sft",
        "do_train": True,
        "finetuning_type": "lora" if case.is_adapter else "full",
    }
    if case.is_adapter:
        content |= {"lora_rank": case.rank, "lora_target": "all"}
    if case.method == "qlora":
        content |= {"quantization_bit": 4, "quantization_method": "bnb"}
    name = case.model.rpartition("/")[2]
    template = next((value for family, value in _TEMPLATES.items() if name.startswith(family)), "default")
    content |= {
        "dataset": "my_data",
        "template": template,
        "cutoff_len": case.sequence,
        "output_dir": "saves/my-model",
        "per_device_train_batch_size": 1,
        "gradient_accumulation_steps": 8,
        "learning_rate": case.learning_rate,
        "num_train_epochs": 3.0,
        ("bf16" if case.bf16 else "fp16"): True,
    }
    return content


def lora_arguments(case: TrainingCase) -> dict[str, Any]:
    """Return the arguments of PEFT's LoraConfig."""
    return {
        "r": case.rank, "lora_alpha": 2 * case.rank, "lora_dropout": 0.05, "target_modules": "all-linear",
        "task_type": "CAUSAL_LM",
    }  # fmt: skip


def trl_arguments(case: TrainingCase) -> list[str]:
    """Return the arguments of `trl sft`."""
    words = [
        "--model_name_or_path",
        case.model,
        "--dataset_name",
        "trl-lib/Capybara",
        "--max_length",
        str(case.sequence),
    ]
    words += ["--per_device_train_batch_size", "1", "--gradient_accumulation_steps", "8"]
    words += ["--learning_rate", str(case.learning_rate), "--output_dir", "out"]
    if case.is_adapter:
        words += ["--use_peft", "--lora_r", str(case.rank), "--lora_alpha", str(2 * case.rank)]
        words += ["--lora_target_modules", "all-linear"]
    if case.method == "qlora":
        words.append("--load_in_4bit")
    if not case.bf16:
        words += ["--bf16", "False", "--fp16", "True"]
    return words


def unsloth(case: TrainingCase) -> str:
    """Return a Python script's head that loads a model with Unsloth and puts an adapter on it."""
    return (
        "from unsloth import FastLanguageModel\n\n"
        "model, tokenizer = FastLanguageModel.from_pretrained(\n"
        f"    {case.model!r}, max_seq_length={case.sequence}, load_in_4bit={case.method == 'qlora'})\n"
        f"model = FastLanguageModel.get_peft_model(model, r={case.rank}, lora_alpha={case.rank},\n"
        '                                         use_gradient_checkpointing="unsloth")'
    )


def yaml(content: Mapping[str, Any], indent: str = "") -> str:
    """Write plain values, flat lists of mappings and nested mappings as YAML."""
    lines: list[str] = []
    for key, value in content.items():
        if isinstance(value, dict):
            lines += [f"{indent}{key}:", yaml(cast("dict[str, Any]", value), f"{indent}  ")]
        elif isinstance(value, list):
            lines.append(f"{indent}{key}:")
            for entry in cast("list[dict[str, Any]]", value):
                first, *rest = yaml(entry, f"{indent}    ").split("\n")
                lines += [f"{indent}  - {first.strip()}", *rest]
        else:
            lines.append(f"{indent}{key}: {_scalar(value)}")
    return "\n".join(lines)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:f}".rstrip("0") if value % 1 else f"{value:.1f}"
    if value == "NO":
        return '"NO"'  # a bare NO is a boolean in YAML 1.1
    return str(value)


def saved(name: str, text: str, then: str) -> str:
    """Return a shell command that writes a file and then uses it."""
    return f"cat > {shlex.quote(name)} <<'END'\n{text}\nEND\n{then}"


def peft_script(case: TrainingCase) -> str:
    """Return a Python script's head that puts a LoRA adapter on a model."""
    given = ", ".join(f"{name}={value!r}" for name, value in lora_arguments(case).items())
    load = f"AutoModelForCausalLM.from_pretrained({case.model!r})"
    head = "from peft import LoraConfig, get_peft_model\nfrom transformers import AutoModelForCausalLM"
    if case.method == "qlora":
        head += ", BitsAndBytesConfig"
        dtype = "bfloat16" if case.bf16 else "float16"
        load = (
            f"AutoModelForCausalLM.from_pretrained(\n    {case.model!r}, quantization_config=BitsAndBytesConfig(\n"
            f'        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype="{dtype}"))'
        )
    lines = [head, "", f"model = {load}", f"model = get_peft_model(model, LoraConfig({given}))"]
    return "\n".join([*lines, "model.print_trainable_parameters()"])


def deepspeed_json(case: TrainingCase) -> str:
    """Return the DeepSpeed file's text."""
    return json.dumps(deepspeed(case), indent=2)
