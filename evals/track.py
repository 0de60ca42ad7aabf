"""Log a saved result of an evaluation to Weights & Biases or SwanLab, each in its own format.

    python -m evals.track wandb evals/retrieval.md --offline [--project llm-atlas] [--name NAME] [--dir DIR]
    python -m evals.track swanlab answers.jsonl --offline

A result is a report in Markdown (each number of its tables becomes a figure), one JSON object (each number in it does),
or JSON lines (the mean of each number over the lines, and how many lines there are). The libraries come with the extra
`track`. With --offline nothing leaves this machine: the run is written below --dir, and can be sent later with
`wandb sync` or `swanlab sync`. Without it, the run goes to the service that the library is logged in to.
"""

import argparse
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import fmean
from typing import Any, cast

Metrics = dict[str, float]

_NUMBER = re.compile(r"[-+]?(?:\d[\d,]*)?\.?\d+(?:e[-+]?\d+)?")


def metrics_of(path: Path) -> Metrics:
    """Return the figures of a saved result; raise SystemExit for a file that holds none."""
    try:
        text = path.read_text(encoding="utf-8")
        found = _of_markdown(text) if path.suffix == ".md" else _of_json(text, is_lines=path.suffix == ".jsonl")
    except (OSError, ValueError) as error:
        raise SystemExit(f"{str(path)!r} cannot be read: {error}. Name a .md, .json or .jsonl file.") from error
    if not found:
        raise SystemExit(f"{str(path)!r} holds no figures.")
    return found


def _of_json(text: str, *, is_lines: bool) -> Metrics:
    if not is_lines:
        return dict(_numbers(json.loads(text)))
    rows = [dict(_numbers(json.loads(line))) for line in text.splitlines() if line.strip()]
    columns: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows:
        for name, value in row.items():
            columns[name].append(value)
    return {"rows": float(len(rows)), **{f"mean/{name}": fmean(values) for name, values in columns.items()}}


def _numbers(value: Any, name: str = "value") -> Iterator[tuple[str, float]]:  # noqa: ANN401 - any JSON
    """Yield the numbers in a JSON value with their paths; of a list of texts, how many it has."""
    if isinstance(value, bool | int | float):
        yield name, float(value)
    elif isinstance(value, dict):
        for key, part in cast("Mapping[str, Any]", value).items():
            yield from _numbers(part, key if name == "value" else f"{name}/{key}")
    elif isinstance(value, list):
        items = cast("list[Any]", value)
        if all(isinstance(item, str) for item in items):
            yield f"{name}/count", float(len(items))
        else:
            for n, item in enumerate(items):
                yield from _numbers(item, f"{name}/{n}")


def _of_markdown(text: str) -> Metrics:
    """Return the numbers in the tables of a report by heading, row and column; several in a cell are numbered."""
    found: Metrics = {}
    heading, columns = "", list[str]()
    for line in text.splitlines():
        if line.startswith("#"):
            heading = line.lstrip("# ").strip()
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            columns = []
        elif not columns:
            columns = cells
        elif not set(line) <= set("|-: "):
            for column, cell in zip(columns[1:], cells[1:], strict=False):
                found |= _cell("/".join(filter(None, (heading, cells[0], column))), cell)
    return found


def _cell(name: str, cell: str) -> Metrics:
    parts = [part.strip().strip("*").removesuffix("%").strip() for part in cell.split(" / ")]
    if not all(_NUMBER.fullmatch(part) for part in parts):
        return {}
    numbers = [float(part.replace(",", "")) for part in parts]
    return {name: numbers[0]} if len(numbers) == 1 else {f"{name}/{n}": value for n, value in enumerate(numbers, 1)}


def to_wandb(
    metrics: Metrics, project: str, name: str, folder: Path, config: Mapping[str, str], *, offline: bool
) -> str:
    """Log one run to Weights & Biases; return where it lies or is seen."""
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # it would report its own errors to its makers
    import wandb  # noqa: PLC0415 - an extra, and slow to load

    library: Any = wandb
    settings = library.Settings(console="off", disable_git=True, x_disable_stats=True, x_disable_meta=True)
    mode = "offline" if offline else "online"
    run = library.init(project=project, name=name, dir=str(folder), config=dict(config), mode=mode, settings=settings)
    run.log(metrics)
    where = str(Path(run.dir).parent) if offline else str(run.url)
    run.finish()
    return where


def to_swanlab(
    metrics: Metrics, project: str, name: str, folder: Path, config: Mapping[str, str], *, offline: bool
) -> str:
    """Log one run to SwanLab; return where it lies or is seen."""
    import swanlab  # noqa: PLC0415 - an extra, and slow to load  # pyright: ignore[reportMissingImports]

    library: Any = swanlab
    library.init(
        project=project, experiment_name=name, logdir=str(folder), config=dict(config),
        mode="offline" if offline else "cloud",
    )  # fmt: skip
    library.log(metrics)
    library.finish()
    return str(folder) if offline else project


def main() -> None:
    """Log a result."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("service", choices=("wandb", "swanlab"))
    options.add_argument("result", type=Path)
    options.add_argument("--offline", action="store_true")
    options.add_argument("--project", default="llm-atlas")
    options.add_argument("--name")
    options.add_argument("--dir", type=Path, default=Path("runs"))
    given = options.parse_args()
    metrics = metrics_of(given.result)
    given.dir.mkdir(parents=True, exist_ok=True)
    name, config = given.name or given.result.stem, {"result": given.result.name}
    log = to_wandb if given.service == "wandb" else to_swanlab
    try:
        where = log(metrics, given.project, name, given.dir, config, offline=given.offline)
    except ImportError as error:
        raise SystemExit(f"{given.service} is not installed: pip install 'llm-atlas[track]' ({error}).") from error
    print(f"{len(metrics)} figures logged to {where}")


if __name__ == "__main__":
    main()
