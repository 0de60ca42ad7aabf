"""Measures the verification of claims: code alone, the model alone, both.

    python -m evals.claims --no-model
    python -m evals.claims --embedded qwen2.5-coder-1.5b [--file MODEL.gguf]
    python -m evals.claims --base-url http://127.0.0.1:8000/v1 --model NAME

The sets lie in evals/data: `dev` is what the code is developed on, `heldout` was written with it and is only reported
on, `reference` is the reference set of the project. A claim counts as right where "supported" or not is told right.
"""

import argparse
import json
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agents import weights
from agents.embedded import CAPABILITIES, EmbeddedServer
from agents.endpoint import configured
from agents.judge import Judge, verdict
from agents.probe import named, probe
from tools.claim import check

DATA = Path(__file__).with_name("data")
SETS = ("dev", "heldout", "reference")


@dataclass(frozen=True)
class Scored:
    """One claim with the probability of support that each method gives."""

    passage: str
    claim: str
    supported: bool
    kind: str
    scores: dict[str, float]
    reasons: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> None:
    """Prints one table row for each set and method; with --errors, what each set's best method gets wrong."""
    options = _options().parse_args(arguments)
    print(f"{'set':<10} {'method':<6} {'right':>9} {'AUC':>6} {'false yes':>10} {'s a claim':>10}")
    with _judge(options) as judge:
        for name in options.sets:
            scored, seconds = measure(json.loads((DATA / f"claims_{name}.json").read_text()), judge)
            for method in scored[0].scores:
                print(_row(name, method, scored, seconds[method]), flush=True)
            for each in scored if options.errors else ():
                if (list(each.scores.values())[-1] > 0.5) != each.supported:
                    scores = {method: round(score, 2) for method, score in each.scores.items()}
                    print("  ", int(each.supported), each.kind, scores, each.claim, each.reasons)


def measure(data: dict[str, Any], judge: Judge | None) -> tuple[list[Scored], dict[str, float]]:
    """Returns the claims of a set with their scores, and the seconds each method takes for a claim."""
    scored: list[Scored] = []
    spent = {"code": 0.0, "both": 0.0}
    for item in data["claims"]:
        passages = [data["passages"][item["passage"]]]
        began = time.perf_counter()
        check(item["claim"], passages)
        spent["code"] += time.perf_counter() - began
        began = time.perf_counter()
        found = verdict(item["claim"], passages, judge).check
        spent["both"] += time.perf_counter() - began
        scores = {**found.scores, "both": found.score} if judge else dict(found.scores)
        truth, kind = bool(item["supported"]), item.get("kind", "")
        scored.append(Scored(item["passage"], item["claim"], truth, kind, scores, found.reasons))
    spent["model"] = spent["both"]
    return scored, {method: seconds / len(scored) for method, seconds in spent.items()}


def area(scores: Sequence[float], truths: Sequence[bool]) -> float:
    """Returns the area under the ROC curve: how often a true claim scores above a false one."""
    true = [score for score, truth in zip(scores, truths, strict=True) if truth]
    false = [score for score, truth in zip(scores, truths, strict=True) if not truth]
    return sum((a > b) + 0.5 * (a == b) for a in true for b in false) / (len(true) * len(false))


def _row(name: str, method: str, scored: Sequence[Scored], seconds: float) -> str:
    scores, truths = [each.scores[method] for each in scored], [each.supported for each in scored]
    right = sum((score > 0.5) == truth for score, truth in zip(scores, truths, strict=True))
    wrong_yes = sum(score > 0.5 and not truth for score, truth in zip(scores, truths, strict=True))
    told = f"{right:>4}/{len(scored):<4} {area(scores, truths):>6.3f} {wrong_yes:>10}"
    return f"{name:<10} {method:<6} {told} {seconds:>10.3f}"


@contextmanager
def _judge(options: argparse.Namespace) -> Generator[Judge | None]:
    if options.embedded:
        catalogued = weights.find(options.embedded)
        path = options.file or weights.locate(catalogued, weights.default_cache_dir())
        if path is None:
            raise SystemExit(
                f"{options.embedded} is not installed: run atlas model pull {options.embedded}, or give --file."
            )
        server = EmbeddedServer(catalogued, path)
        try:
            yield Judge(server.start(), CAPABILITIES)
        finally:
            server.close()
    elif options.base_url:
        endpoint = configured(options.base_url, options.model, options.api_key, environment={})
        assert endpoint
        endpoint = named(endpoint)
        yield Judge(endpoint, probe(endpoint))
    else:
        yield None


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedded", metavar="MODEL", help="a model of the catalogue, served by this process")
    parser.add_argument("--file", type=Path, help="where its file lies, if not in the cache")
    parser.add_argument("--base-url")
    parser.add_argument("--model")
    parser.add_argument("--api-key")
    parser.add_argument("--no-model", action="store_true", help="code alone")
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--errors", action="store_true", help="list what is told wrong")
    return parser


if __name__ == "__main__":
    main()
