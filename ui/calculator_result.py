"""The answer of the Calculate page as HTML: the verdict, its figures, the command, and how it was reached."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from knowledge.errors import UserMistake
from knowledge.vocabulary import Language
from tools.calculators.calculation import Calculation, calculate
from tools.calculators.calculation_value import ModelSize
from tools.calculators.derivation import Step, Text, plain
from tools.calculators.inference_memory import InferenceMemory
from tools.calculators.kv_cache import UNBOUNDED
from tools.calculators.roofline import Roofline
from tools.calculators.serving import ServingPlan
from tools.calculators.training_memory import TrainingMemory
from tools.calculators.unit import format_both, format_bytes, format_count, format_time
from ui.calculator_form import MOST_COMPARED, Form
from ui.calculator_messages import say
from ui.calculator_plot import labels

_BAD: Final = "bad"

Rows = list[tuple[str, str]]  # the name of a figure, and the figure


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a form: the calculation and those beside it, or why there is none."""

    calculations: tuple[Calculation, ...] = ()
    problems: tuple[UserMistake, ...] = ()


def outcome(form: Form) -> Outcome:
    """Calculate what is set; where one comparison cannot be, the others stand."""
    try:
        made = [calculate(form.kind, form.arguments())]
    except UserMistake as mistake:
        return Outcome((), (mistake,))
    problems: list[UserMistake] = []
    for arguments in form.compared():
        try:
            made.append(calculate(form.kind, arguments))
        except UserMistake as mistake:
            problems.append(mistake)
    return Outcome(tuple(made), tuple(problems))


def answer_html(form: Form, found: Outcome, language: Language) -> str:
    """Return the answer above the plots."""
    blocks = [_problem(problem, language) for problem in found.problems]
    if len(form.compare) > MOST_COMPARED:
        blocks.append(_line("warning", say("too_many", language, count=len(form.compare))))
    if found.calculations:
        first = found.calculations[0]
        blocks.append(f'<div class="verdict">{_pill(first, language)}<p>{escape(first.summary(language))}</p></div>')
        blocks += [_line("warning", text.said_in(language)) for text in _warnings(first)]
        if len(found.calculations) == 1:
            blocks.append(_tiles(figures(first, language)))
        else:
            blocks.append(_table(found.calculations, language))
        blocks += [_command(calculation, language) for calculation in found.calculations]
    return "\n".join(block for block in blocks if block)


def derivation_html(calculations: Sequence[Calculation], language: Language) -> str:
    """Return how each figure was reached, step by step."""
    several = len(calculations) > 1
    names = labels(calculations) if calculations else []
    return "\n".join(
        (f"<h3>{escape(name)}</h3>" if several else "") + _derivation(calculation, language)
        for name, calculation in zip(names, calculations, strict=True)
    )


def figures(calculation: Calculation, language: Language) -> Rows:
    """Return the figures that matter, named in the reader's language."""
    rows = _rows(calculation)
    return [
        (say(name, language), say(text, language) if text in {"none", "unlimited"} else text) for name, text in rows
    ]


def _rows(calculation: Calculation) -> Rows:
    match calculation.figures:
        case InferenceMemory() as memory:
            return _memory(memory)
        case TrainingMemory() as memory:
            return _training(memory)
        case ServingPlan() as plan:
            return _serving(plan)
        case Roofline() as roof:
            return _roofline(roof)
        case ModelSize() as size:
            return _model(size)


def _memory(memory: InferenceMemory) -> Rows:
    rows = [("needed", format_both(memory.per_gpu))]
    if memory.limit is None:
        return [*rows, ("total", format_both(memory.total))]
    return [
        *rows,
        ("limit", format_both(memory.limit)),
        ("max_context", _tokens(memory.max_context or 0)),
        ("max_batch", _tokens(memory.max_batch or 0)),
    ]


def _training(memory: TrainingMemory) -> Rows:
    rows = [("needed", format_both(memory.per_gpu_bytes + memory.context_bytes))]
    if memory.available_bytes is not None:
        rows.append(("limit", format_both(memory.available_bytes)))
    rows.append(("trainable", f"{memory.trainable_parameters:,}"))
    return [*rows, ("cpu", format_both(memory.cpu_bytes) if memory.cpu_bytes else "none")]


def _serving(plan: ServingPlan) -> Rows:
    rows = [
        ("kv_tokens", f"{plan.kv_cache_tokens:,}"),
        ("concurrency", f"{plan.max_concurrency:,.2f}"),
        ("longest_request", _tokens(plan.max_model_len)),
        ("fewest", str(plan.smallest_tensor_parallel) if plan.smallest_tensor_parallel else "none"),
    ]
    return rows if plan.running_requests is None else [*rows, ("running", f"{plan.running_requests:,}")]


def _roofline(roof: Roofline) -> Rows:
    rows = [
        ("speed", f"{format_count(roof.tokens_per_second)} token/s"),
        ("step_time", format_time(roof.time_s)),
        ("intensity", f"{roof.arithmetic_intensity:,.4g} / {roof.ridge_point:,.4g}"),
    ]  # fmt: skip
    return [*rows, ("turning", f"{roof.critical_batch:,.0f}")] if roof.phase == "decode" else rows


def _model(size: ModelSize) -> Rows:
    rows = [("parameters", format_count(size.count.total))]
    if size.count.active != size.count.total:
        rows.append(("active", format_count(size.count.active)))
    return [
        *rows,
        ("stored", format_both(size.weights.bytes)),
        ("kv_per_token", format_bytes(size.cache.bytes_per_token, "KiB", 1)),
        ("model_limit", _tokens(size.shape.max_context) if size.shape.max_context else "unlimited"),
    ]


def _tokens(number: int) -> str:
    return "unlimited" if number >= UNBOUNDED else f"{number:,}"


def _pill(calculation: Calculation, language: Language) -> str:
    made = calculation.figures
    if isinstance(made, Roofline):
        return f'<span class="pill {made.bound}">{escape(say(f"bound_{made.bound}", language))}</span>'
    fits = None if isinstance(made, ModelSize) else made.fits
    if fits is None:
        return ""
    return f'<span class="pill {"ok" if fits else _BAD}">{escape(say("fits" if fits else "not_fits", language))}</span>'


def _warnings(calculation: Calculation) -> Sequence[Text]:
    """Return what the summary has not said already: it names the reasons of a refusal itself."""
    if isinstance(calculation.figures, ServingPlan):
        return calculation.figures.warnings
    return calculation.warnings


def _tiles(rows: Rows) -> str:
    tiles = "".join(f"<div><dt>{escape(name)}</dt><dd>{_figure(text)}</dd></div>" for name, text in rows)
    return f'<dl class="tiles">{tiles}</dl>'


def _figure(text: str) -> str:
    """Set the second unit of a size apart: "27.51 GiB (29.54 GB)"."""
    main, bracket, rest = text.partition(" (")
    return f"{escape(main)} <small>{escape(rest.removesuffix(')'))}</small>" if bracket else escape(main)


def _table(calculations: Sequence[Calculation], language: Language) -> str:
    columns = [dict(figures(calculation, language)) for calculation in calculations]
    names = dict.fromkeys(name for column in columns for name in column)
    heads = "".join(f'<th scope="col">{escape(label)}</th>' for label in labels(calculations))
    pills = "".join(f"<td>{_pill(calculation, language)}</td>" for calculation in calculations)
    lines = [f"<tr><td></td>{pills}</tr>"] if "pill" in pills else []
    for name in names:
        cells = "".join(f"<td>{_figure(column.get(name, '–'))}</td>" for column in columns)
        lines.append(f'<tr><th scope="row">{escape(name)}</th>{cells}</tr>')
    caption = escape(say("figure_table", language))
    return (
        f'<div class="beside" tabindex="0" role="region" aria-label="{caption}"><table><thead><tr><td></td>{heads}</tr>'
        f"</thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _command(calculation: Calculation, language: Language) -> str:
    plan = calculation.figures
    if not isinstance(plan, ServingPlan) or not plan.command:
        return ""
    copy, copied = escape(say("copy", language)), escape(say("copied", language))
    title = f"{say('command', language)} ({plan.engine} {plan.version}, {plan.gpus} × {plan.accelerator})"
    return (
        f'<figure class="command"><figcaption><span>{escape(title)}</span>'
        f'<button type="button" class="copy" data-copied="{copied}">{copy}</button></figcaption>'
        f"<pre><code>{escape(plan.command)}</code></pre></figure>"
    )


def _derivation(calculation: Calculation, language: Language) -> str:
    given = ", ".join(f"{name} = {value}" for name, value in calculation.inputs.items() if value not in {None, ""})
    steps = "".join(f"<li>{_step(line, language)}</li>" for line in calculation.derivation.steps)
    taken = "".join(f"<li>{escape(text.said_in(language))}</li>" for text in calculation.derivation.assumptions)
    note = say("note", language, note=calculation.note) if calculation.note else ""
    return (
        f'<p class="given"><b>{escape(say("inputs", language))}</b> {escape(given)}</p><ol class="steps">{steps}</ol>'
        + (f"<p><b>{escape(say('assumptions', language))}</b></p><ul>{taken}</ul>" if taken else "")
        + (f'<p class="note">{escape(note)}</p>' if note else "")
    )


def _step(line: Step, language: Language) -> str:
    result = f"{plain(line.value)} {line.unit}"
    if line.unit == "B" and abs(line.value) >= 2**20:
        result += f" = {format_both(line.value)}"
    return (
        f"<span>{escape(line.name.said_in(language))}</span><code>{escape(line.formula)}</code>"
        f'<code>= {escape(line.substituted)}</code><code class="result">= {escape(result)}</code>'
    )


def _problem(problem: UserMistake, language: Language) -> str:
    return (
        f'<div class="problem" role="alert"><b>{escape(say("unusable", language))}</b> '
        f"{escape(problem.told(language))}</div>"
    )


def _line(kind: str, text: str) -> str:
    return f'<div class="{kind}">{escape(text)}</div>'
