"""How fast the calculators answer: `python -m benchmarks.calculators`.

One calculation of each kind from loose words (median), a sweep of 100 points, and the whole process of `atlas calc`.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tools.calculators import accelerator, model_catalogue
from tools.calculators.calculation import Kind, calculate
from tools.calculators.sweep import spread, sweep
from tools.calculators.workload import Workload

ATLAS = Path(sys.executable).with_name("atlas")
ASKED: Mapping[Kind, dict[str, object]] = {
    "model": {"model": "qwen3-14b"},
    "memory": {"model": "Qwen3-32B-AWQ", "context": "32k", "gpu": "2x RTX 4090"},
    "train": {"model": "llama-3.1-8b", "method": "lora", "gpu": "4090"},
    "roofline": {"model": "llama-3.1-8b", "gpu": "a100"},
    "serve": {"model": "qwen3-14b", "gpu": "a100", "gpus": 2, "max_model_len": "32k"},
}


def main() -> None:
    """Print one line for each measurement: median, slowest, budget."""
    print(f"{'':32}{'median':>10}{'slowest':>10}{'budget':>10}")
    for kind, arguments in ASKED.items():
        show(f"one calculation: {kind}", timed(lambda k=kind, a=arguments: calculate(k, a), 300), 1)
    shape, card = model_catalogue.find("Llama-3.1-8B"), accelerator.find("A100")
    values = range(1, 101)
    work = Workload("decode", context=4096)
    show(f"sweep of {len(values)} batches", timed(lambda: sweep(shape, card, work, "batch", values), 20), 50)
    contexts = spread(512, 131_072)
    prefill = Workload("prefill")
    show(f"sweep of {len(contexts)} contexts", timed(lambda: sweep(shape, card, prefill, "context", contexts), 20), 50)
    for kind, arguments in ASKED.items():
        words = [word for name, value in arguments.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        command = [str(ATLAS), "calc", kind, *words, "--json"]
        show(f"process: atlas calc {kind}", timed(lambda c=command: _run(c), 7), 500)


def timed(action: Callable[[], object], times: int) -> list[float]:
    """Return how many milliseconds each run took, after one to warm up."""
    action()
    taken: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        taken.append(1000 * (time.perf_counter() - start))
    return taken


def show(what: str, taken: list[float], budget: float) -> None:
    """Print a line of the table, in milliseconds."""
    print(f"{what:32}{statistics.median(taken):>7.2f} ms{max(taken):>7.2f} ms{budget:>7.0f} ms")


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, capture_output=True)


if __name__ == "__main__":
    main()
