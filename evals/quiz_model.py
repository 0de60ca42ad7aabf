"""Items written by a model: how many drafts are accepted, what the others are rejected for, and what one costs.

    python -m evals.quiz_model --embedded qwen2.5-coder-1.5b [--file MODEL.gguf] [--each 2] [--out ITEMS.jsonl]
    python -m evals.quiz_model --base-url http://127.0.0.1:8000/v1 --model NAME

Each round takes a note of each stage in each language. A person has to read what is accepted: --out holds it.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from agents import weights
from agents.embedded import CAPABILITIES, EmbeddedServer
from agents.endpoint import Endpoint, configured
from agents.probe import Capabilities, named, probe
from agents.quiz_master import QuizMaster, Report
from knowledge.index import BUILT_IN
from knowledge.reader import Folder
from knowledge.vocabulary import LANGUAGES, STAGES, Language
from tools.quiz.draft import Inspection
from tools.quiz.draft_focus import focuses
from tools.quiz.item import LEVELS, Level, record
from tools.quiz.material import Material, read

_SEED: Final = 11
_PATIENCE_S: Final = 900.0  # a machine that does other work besides must not spoil a long run


def main(arguments: Sequence[str] | None = None) -> None:
    """Print each draft as it is judged, and at the end what all of them came to."""
    options = _options().parse_args(arguments)
    rng = random.Random(options.seed)
    with _endpoint(options) as (endpoint, capabilities):
        material = read(Folder(BUILT_IN, own=False))
        master = QuizMaster(endpoint, capabilities, material, watch=_show)
        began = time.perf_counter()
        wishes = list(wished(material, rng, options.each))
        tried = 0
        try:
            for note, language, level in wishes:
                item = master.item(note, language, rng, level)
                tried += 1
                if item is not None and options.out:
                    with options.out.open("a", encoding="utf-8") as out:
                        out.write(json.dumps(record(item), ensure_ascii=False) + "\n")
        finally:  # a long run that is broken off has its result, too
            print(_table(master.report, tried, time.perf_counter() - began), flush=True)


def wished(material: Material, rng: random.Random, each: int) -> Iterator[tuple[str, Language, Level]]:
    """Yield notes of every stage with a language and a level for which they have a sentence."""
    for _ in range(each):
        for stage in STAGES:
            for language in LANGUAGES:
                level = rng.choice(list(LEVELS))
                notes = [note.id for note in material.notes if note.stage == stage]
                rng.shuffle(notes)
                yield next(n for n in notes if any(focuses(material, n, language, level, rng))), language, level


def _show(inspected: Inspection) -> None:
    draft, checks = inspected.draft, inspected.checks
    outcome = f"rejected: {inspected.fault}, {inspected.reason}" if inspected.fault else "accepted"
    found = " ".join(f"{name} {checks[name]}" for name in ("judge", "solver") if name in checks)
    print(f"{outcome} {found}\n  {draft.stem}\n  + {draft.correct}\n  - {' | '.join(draft.wrong)}", flush=True)


def _table(report: Report, wishes: int, seconds: float) -> str:
    drafts, usage, accepted = report.accepted + report.rejected.total(), report.usage, max(1, report.accepted)
    rows = [
        ("wishes, drafts, accepted", f"{wishes}, {drafts}, {report.accepted}"),
        ("rejected by", ", ".join(f"{name} {n}" for name, n in Counter(report.rejected).most_common())),
        ("calls that write, per accepted item", f"{usage.calls / accepted:.1f}"),
        ("one-token checks, per accepted item", f"{usage.checks / accepted:.1f}"),
        (
            "prompt + completion tokens, per accepted item",
            f"{usage.prompt_tokens / accepted:.0f} + {usage.completion_tokens / accepted:.0f}",
        ),
        ("seconds, per draft and per accepted item", f"{seconds / max(1, drafts):.1f}, {seconds / accepted:.1f}"),
    ]
    return "\n".join(f"| {name} | {value} |" for name, value in rows)


@contextmanager
def _endpoint(options: argparse.Namespace) -> Generator[tuple[Endpoint, Capabilities]]:
    if not options.embedded:
        endpoint = configured(options.base_url, options.model, options.api_key, environment={})
        if endpoint is None:
            raise SystemExit("Name a model with --embedded, or a server with --base-url.")
        endpoint = named(endpoint)
        yield endpoint, probe(endpoint)
        return
    catalogued = weights.find(options.embedded)
    path = options.file or weights.locate(catalogued, weights.default_cache_dir())
    if path is None:
        raise SystemExit(
            f"{options.embedded} is not installed: run atlas model pull {options.embedded}, or give --file."
        )
    server = EmbeddedServer(catalogued, path)
    try:
        yield replace(server.start(), timeout_s=_PATIENCE_S), CAPABILITIES
    finally:
        server.close()


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--embedded", metavar="MODEL", help="a model of the catalogue, served by this process")
    parser.add_argument("--file", type=Path, help="where its file lies, if not in the cache")
    parser.add_argument("--base-url")
    parser.add_argument("--model")
    parser.add_argument("--api-key")
    parser.add_argument("--each", type=int, default=2, help="rounds over all stages in both languages")
    parser.add_argument("--seed", type=int, default=_SEED)
    parser.add_argument("--out", type=Path, help="append the accepted items here, one JSON object a line")
    return parser


if __name__ == "__main__":
    main()
