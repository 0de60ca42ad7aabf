"""The first command for a tool, filled in for the person's model, hardware and method."""

import shlex
from collections.abc import Callable
from typing import Any, Final

from knowledge.errors import UserMistake
from knowledge.note import Note
from tools.calculators import accelerator, model_catalogue
from tools.calculators.calculation import calculate
from tools.recommend import training_config
from tools.recommend.constraints import Constraints
from tools.recommend.fit import Fit
from tools.recommend.training_config import TrainingCase
from tools.recommend.wording import load

_AMPERE: Final = (8, 0)  # the first compute capability with bf16
_SEQUENCE: Final = 2048
_LENGTHS: Final = (0, 32_768, 16_384, 8_192)  # tokens; 0 is the model's own limit
_TRAINING: Final = frozenset({"fine-tune", "scale", "pretrain"})


def first_command(note: Note, goal: str, constraints: Constraints, fit: Fit | None) -> str:
    """Return the command to begin with; that of the note where the case fills nothing in."""
    assert note.tool  # only tools have one
    given = note.tool.first_command
    if given.startswith("docker") and constraints.is_hard("no_docker"):
        return ""
    if goal == "serve":
        return _serving(note.id, constraints, fit) or given
    if goal == "quantize":
        return _quantizing(note.id, constraints) or given
    if goal in _TRAINING:
        return _training(note.id, case(constraints, fit)) or given
    return given


def case(constraints: Constraints, fit: Fit | None) -> TrainingCase:
    """Return the training run that a task describes, by the method that fits."""
    cards = constraints.accelerators
    capability = accelerator.find(cards[0].name).compute_capability if cards else None
    gpus = sum(card.count for card in cards) or 1
    method = constraints.method or (fit.method if fit and fit.method else "lora")
    return TrainingCase(
        model=_repository(constraints.model) if constraints.model else str(load("commands")["default"]["trained"]),
        method=method,
        sequence=constraints.context or _SEQUENCE,
        gpus=gpus,
        bf16=capability is None or capability >= _AMPERE,
        zero=3 if gpus > 1 and method == "full" else 2,
        offload=gpus == 1 and method == "full",
    )


def _repository(model: str) -> str:
    shape = model_catalogue.find(model)
    return shape.repository or shape.name


def _serving(tool: str, constraints: Constraints, fit: Fit | None) -> str:
    if tool in {"vllm", "sglang"}:
        return _engine(tool, constraints, fit)
    if not constraints.model:
        return ""
    if tool == "ollama":
        name = _ollama_name(constraints.model)
        return f"ollama run {name}" if name else ""
    form = (fit.format if fit and fit.format else "") or "Q4_K_M"
    repository = _repository(constraints.model)
    file = f"./models/{repository.rpartition('/')[2].lower()}-{form.lower()}.gguf"
    if tool == "shimmy":
        return f"shimmy serve --model-path {shlex.quote(file)}"
    if tool == "llama-cpp":
        length = constraints.context or 8192
        published = repository.startswith("Qwen/Qwen3-") and form in {"Q4_K_M", "Q5_K_M", "Q8_0"}
        source = f"-hf {repository}-GGUF:{form}" if published else f"-m {shlex.quote(file)}"
        return f"llama-server {source} -c {length}" + (" -ngl 0" if constraints.cpu_only else "")
    return ""


def _engine(tool: str, constraints: Constraints, fit: Fit | None) -> str:
    """Return the engine's command as the serving calculator writes it, with the format that fits."""
    if not constraints.model:
        return ""
    if not constraints.accelerators:
        flag = "vllm serve" if tool == "vllm" else "sglang serve --model-path"
        length = "--max-model-len" if tool == "vllm" else "--context-length"
        ending = f" {length} {constraints.context}" if constraints.context else ""
        return f"{flag} {_repository(constraints.model)}{ending}"
    card = constraints.accelerators[0]
    arguments: dict[str, Any] = {"model": constraints.model, "gpu": card.name, "gpus": card.count, "engine": tool}
    arguments |= {"quant": fit.format} if fit and fit.format else {}
    for length in (constraints.context,) if constraints.context else _LENGTHS:
        try:
            made = calculate("serve", arguments | ({"max_model_len": length} if length else {}))
        except UserMistake:
            return ""
        if made.values["fits"]:
            return str(made.values["command"])
    return ""


def _ollama_name(model: str) -> str:
    """Return the model's name in Ollama's library, where it is there."""
    known: dict[str, str] = load("commands")["ollama"]
    for family in sorted(known, key=len, reverse=True):
        name, *sizes = known[family].split()
        rest = model.lower().removeprefix(family.lower())
        if rest != model.lower():
            size = next((part for part in rest.split("-") if part in sizes), "")
            return f"{name}:{size}" if size else ""
    return ""


def _quantizing(tool: str, constraints: Constraints) -> str:
    if tool != "llama-cpp":
        return ""
    form = constraints.quant if "_" in constraints.quant else "Q4_K_M"
    return (
        "python convert_hf_to_gguf.py ./my-model --outfile my-model-f16.gguf && "
        f"llama-quantize my-model-f16.gguf my-model-{form.lower()}.gguf {form}"
    )


def _training(tool: str, run: TrainingCase) -> str:
    saved, yaml = training_config.saved, training_config.yaml
    written: dict[str, Callable[[], str]] = {
        "axolotl": lambda: saved("my.yml", yaml(training_config.axolotl(run)), "axolotl train my.yml"),
        "llama-factory": lambda: saved(
            "sft.yaml", yaml(training_config.llama_factory(run)), "llamafactory-cli train sft.yaml"
        ),
        "deepspeed": lambda: saved(
            "ds_config.json",
            training_config.deepspeed_json(run),
            f"deepspeed --num_gpus {run.gpus} train.py --deepspeed --deepspeed_config ds_config.json",
        ),
        "accelerate": lambda: saved(
            "accelerate.yaml",
            yaml(training_config.accelerate(run)),
            "accelerate launch --config_file accelerate.yaml train.py",
        ),
        "trl": lambda: " ".join(["trl sft", *map(shlex.quote, training_config.trl_arguments(run))]),
        "peft": lambda: training_config.peft_script(run) if run.is_adapter else "",
        "unsloth": lambda: training_config.unsloth(run) if run.is_adapter else "",
    }
    return written[tool]() if tool in written else ""
