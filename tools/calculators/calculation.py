"""The one way to calculate: loose words in; figures, their derivation and the answer in words out.

The command line, the page, the chat and other agents all come through here, so that they agree.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from knowledge.errors import UserMistake
from knowledge.vocabulary import Language
from tools.calculators.accelerator import Accelerator
from tools.calculators.argument import whole
from tools.calculators.calculation_argument import understood
from tools.calculators.calculation_parameter import PARAMETERS, Kind, Parameter, Value
from tools.calculators.calculation_subject import Cards, Subject, cards, subject
from tools.calculators.calculation_summary import summary
from tools.calculators.calculation_value import Figures, ModelSize, values
from tools.calculators.derivation import Derivation, Text, joined, plain
from tools.calculators.inference_memory import cache_dtype, inference_memory
from tools.calculators.kv_cache import kv_cache
from tools.calculators.parameter import count
from tools.calculators.roofline import roofline
from tools.calculators.serving import MOST_GPUS, Load, ServingPlan, serving_plan
from tools.calculators.serving_command import Invocation
from tools.calculators.shape import ModelShape
from tools.calculators.training_memory import training_memory
from tools.calculators.unit import KIB, format_both
from tools.calculators.weight_format import weights

__all__ = ["PARAMETERS", "Calculation", "Kind", "Parameter", "Value", "calculate", "explained", "recorded"]


_HEADINGS: Final[Mapping[Language, tuple[str, str, str, str]]] = {
    "en": ("Inputs", "Derivation", "Assumptions", "Warnings"),
    "zh": ("输入", "推导", "假设", "注意"),
}


@dataclass(frozen=True, slots=True)
class Calculation:
    """One calculation that was made.

    `inputs` are the arguments as understood, with full names; `values` the figures by their names in JSON, `figures`
    the same as the calculator's own type; `note` is the id of the note that explains it. Without a GPU, `card` is None.
    """

    kind: Kind
    inputs: Mapping[str, Value]
    values: Mapping[str, Any]
    derivation: Derivation
    note: str
    answer: Text
    warnings: tuple[Text, ...]
    shape: ModelShape
    card: Accelerator | None
    figures: Figures

    def summary(self, language: Language) -> str:
        """Say the answer in one or two sentences."""
        return self.answer.said_in(language)


def calculate(kind: Kind, arguments: Mapping[str, object], *, files: bool = False) -> Calculation:
    """Calculate from loose text: "32k", "2", "rtx 4090", "Qwen3-32B-AWQ".

    The model may be the path of a config.json or a GGUF file only with `files`: readers of a page must not open files.
    Raises UserMistake for an unknown argument, model, GPU or format (with the closest names) and for impossible values.
    """
    read = understood(kind, arguments)
    about = subject(read, files=files)
    named = cards(read["gpu"]) if read.get("gpu") else None
    return _CALCULATORS[kind](read, about, named)


def explained(calculation: Calculation, language: Language) -> str:
    """Write the derivation in Markdown: inputs, each step with its numbers, what is taken for granted."""
    headings = _HEADINGS[language]
    given = ", ".join(f"{name} = {value}" for name, value in calculation.inputs.items() if value not in {None, ""})
    lines = [calculation.summary(language), "", f"**{headings[0]}**: {given}", "", f"**{headings[1]}**", ""]
    for number, line in enumerate(calculation.derivation.steps, 1):
        size = f" = {format_both(line.value)}" if line.unit == "B" and line.value >= KIB else ""
        result = f"{line.formula} = {line.substituted} = {plain(line.value)} {line.unit}{size}"
        lines.append(f"{number}. {line.name.said_in(language)}: {result}")
    lines += _listed(headings[2], calculation.derivation.assumptions, language)
    lines += _listed(headings[3], calculation.warnings, language)
    return "\n".join(lines)


def recorded(calculation: Calculation, language: Language) -> dict[str, Any]:
    """Return the calculation as one JSON object: figures, then how they came about, in the reader's language."""
    plan = calculation.figures
    record = dict(calculation.values) | {
        "kind": calculation.kind,
        "inputs": dict(calculation.inputs),
        "summary": calculation.summary(language),
        "derivation": [
            {
                "name": line.name.said_in(language),
                "formula": line.formula,
                "substituted": line.substituted,
                "value": line.value,
                "unit": line.unit,
            }
            for line in calculation.derivation.steps
        ],
        "assumptions": [text.said_in(language) for text in calculation.derivation.assumptions],
        "note": calculation.note,
        "warnings": [text.said_in(language) for text in calculation.warnings],
    }
    if isinstance(plan, ServingPlan):
        record["refusals"] = [
            {
                "code": refusal.code,
                "reason": refusal.reason.said_in(language),
                "remedies": [text.said_in(language) for text in refusal.remedies],
                "note": refusal.note,
            }
            for refusal in plan.refusals
        ]
    return record


def _listed(heading: str, texts: tuple[Text, ...], language: Language) -> list[str]:
    return ["", f"**{heading}**", "", *(f"- {text.said_in(language)}" for text in texts)] if texts else []


def _model(read: dict[str, Any], about: Subject, _: Cards | None) -> Calculation:
    stored = weights(about.shape, about.weight_format)
    cache = kv_cache(about.shape, 1, 1, _cache_dtype(read, about))
    counted = count(about.shape)
    derivation = joined("transformer", counted.derivation, stored.derivation, cache.derivation)
    return _made("model", read, about, None, ModelSize(about.shape, counted, stored, cache), derivation)


def _memory(read: dict[str, Any], about: Subject, named: Cards | None) -> Calculation:
    read["tp"] = read["gpus"] = _split(read, named)
    memory = inference_memory(
        about.shape,
        read["context"],
        read["batch"],
        about.weight_format,
        _cache_dtype(read, about),
        read["tp"],
        named.card if named else None,
        read["utilization"],
        graphs=not read["enforce_eager"],
    )
    return _made("memory", read, about, named, memory, memory.derivation, _too_long(about.shape, read["context"]))


def _train(read: dict[str, Any], about: Subject, named: Cards | None) -> Calculation:
    read["gpus"] = read["gpus"] if read["gpus"] is not None else (named.count if named and named.count else 1)
    own = {name: value for name, value in read.items() if name not in {"model", "gpu", "gradients"}}
    memory = training_memory(
        about.shape, **own, gradients=read["gradients"] or "", accelerator=named.card if named else None
    )
    said = (*memory.warnings, *_too_long(about.shape, read["sequence"]))
    if about.named_format:
        said += (
            Text(
                f"Training starts from 16-bit weights (qlora: NF4), not from {about.named_format}.",
                f"训练从 16 位权重开始（qlora 为 NF4），不使用 {about.named_format} 权重。",
            ),
        )
    return _made("train", read, replace(about, weight_format=""), named, memory, memory.derivation, said)


def _roofline(read: dict[str, Any], about: Subject, named: Cards | None) -> Calculation:
    assert named  # a required argument
    read["tp"] = read["gpus"] = _split(read, named)
    roof = roofline(
        about.shape,
        named.card,
        read["phase"],
        read["batch"],
        read["context"],
        about.weight_format,
        _cache_dtype(read, about),
        read["tp"],
        read["attention"],
        read["logits"],
        read["compute_efficiency"],
        read["memory_efficiency"],
    )
    return _made("roofline", read, about, named, roof, roof.derivation, _too_long(about.shape, read["context"]))


def _serve(read: dict[str, Any], about: Subject, named: Cards | None) -> Calculation:
    assert named  # a required argument
    plan = serving_plan(
        about.shape,
        named.card,
        gpus=_given("gpus", read["gpus"], named.count),
        max_model_len=_given("max model len", read["max_model_len"], 0),
        weight_format=about.weight_format,
        kv_dtype=read["kv_dtype"] or "",
        utilization=read["utilization"],
        engine=read["engine"],
        tensor_parallel=_given("tp", read["tp"], 0),
        pipeline_parallel=read["pp"],
        load=_load(read),
        call=Invocation(
            read["served_name"] or "",
            whole("port", _given("port", read["port"], 0), 0, 65_535),
            read["path"] or about.folder,
            read["devices"] or "",
        ),
        graphs=not read["enforce_eager"],
    )
    read |= {"gpus": plan.gpus, "tp": plan.tensor_parallel, "utilization": plan.utilization}
    said = (*(refusal.reason for refusal in plan.refusals), *plan.warnings)
    return _made("serve", read, about, named, plan, plan.derivation, said)


_CALCULATORS: Final[Mapping[Kind, Callable[[dict[str, Any], Subject, Cards | None], Calculation]]] = {
    "model": _model,
    "memory": _memory,
    "train": _train,
    "roofline": _roofline,
    "serve": _serve,
}


def _made(
    kind: Kind,
    read: dict[str, Any],
    about: Subject,
    named: Cards | None,
    figures: Figures,
    derivation: Derivation,
    warnings: tuple[Text, ...] = (),
) -> Calculation:
    inputs = read | {"model": about.shape.name}
    if "quant" in read and about.weight_format:
        inputs["quant"] = about.weight_format
    card = named.card if named else None
    if card:
        inputs["gpu"] = card.name
    title = about.shape.name if kind in {"train"} else about.title
    answer = summary(figures, title, card.name if card else "", read.get("context", 0), read.get("batch", 0))
    return Calculation(
        kind, inputs, values(figures), derivation, derivation.note, answer, warnings, about.shape, card, figures
    )


def _cache_dtype(read: dict[str, Any], about: Subject) -> str:
    return cache_dtype(about.shape, about.weight_format, read["kv_dtype"] or "")


def _split(read: dict[str, Any], named: Cards | None) -> int:
    """Return over how many GPUs the model is split: `tp`, or `gpus`, or as many as the name of the cards says."""
    split, gpus = read["tp"], read["gpus"]
    if split is not None and gpus is not None and split != gpus:
        zh = f"共 {gpus} 张显卡，模型却切分到 {split} 张上。tp 和 gpus 只需给出一个。"
        raise UserMistake(f"{gpus} GPUs share the model, but it is split over {split}.", "Give one of tp and gpus.", zh)
    if split is None:
        split = gpus if gpus is not None else (named.count if named else 0) or 1
    return whole("tensor parallel size", split, 1, MOST_GPUS)


def _given(what: str, value: int | None, otherwise: int) -> int:
    """Return a number that was given, which must not be zero, or the other one."""
    return otherwise if value is None else whole(what, value)


def _load(read: dict[str, Any]) -> Load | None:
    parts = [read[name] for name in ("requests", "prompt", "output")]
    if all(part is None for part in parts):
        return None
    if any(part is None for part in parts):
        remedy = "Give requests, prompt and output together."
        raise UserMistake(
            "A load is only half described.", remedy, "负载没有说全，requests、prompt、output 要一起给出。"
        )
    return Load(*parts)


def _too_long(shape: ModelShape, tokens: int) -> tuple[Text, ...]:
    """Warn of more tokens than the model was made for."""
    if not 0 < shape.max_context < tokens:
        return ()
    return (
        Text(
            f"{shape.name} was made for {shape.max_context:,} tokens, fewer than {tokens:,}.",
            f"{shape.name} 的最大上下文为 {shape.max_context:,} 个 token，小于 {tokens:,}。",
        ),
    )
