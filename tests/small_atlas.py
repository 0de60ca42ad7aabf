"""A small team over a handful of notes, with a scripted model in the place of the embedded one or of an endpoint.

    with small_index(tmp_path) as index, ScriptedModel() as model:
        atlas = embedded_atlas(index, tmp_path, model)  # no probe and no researcher
        atlas = endpoint_atlas(index, tmp_path, model.endpoint)  # probed: call answer_probe(model) first
        events = list(atlas.ask("How does PagedAttention store the KV cache?"))

`judge(model)` lets every check find support; `of_tutor` and its like say which agent a request comes from.
"""

import json
import os
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from hash_embedder import HashEmbedder
from scripted_model import Request, ScriptedModel

from agents.atlas import Atlas
from agents.desk import Desk
from agents.download import pull
from agents.endpoint import Endpoint
from agents.events import Answer, Done, Event, Failed, Step
from agents.ladder import Ladder
from agents.weights import SMALL, Weights, default_cache_dir
from knowledge.index import Index
from knowledge.reader import Folder
from learner.store import AttemptStore

NOTES = {
    "paged-attention": """---
title: {en: PagedAttention, zh: 分页注意力}
relations: [{type: part_of, target: vllm}]
---

## How it works

PagedAttention stores the KV cache in fixed blocks of 16 tokens. PagedAttention gives each sequence a block table that \
maps its positions to blocks. PagedAttention wastes less than 4 percent of the cache memory.
""",
    "vllm": """---
title: {en: vLLM, zh: vLLM}
kind: tool
prerequisites: [paged-attention]
relations: [{type: alternative_to, target: sglang}]
---

## What it is

vLLM is an inference engine that serves large language models. vLLM uses PagedAttention to keep many sequences in \
memory.
""",
    "sglang": """---
title: {en: SGLang, zh: SGLang}
kind: tool
---

## What it is

SGLang is an inference engine that shares prefixes between requests in a radix tree. SGLang runs structured output fast.
""",
    "lora": """---
title: {en: LoRA, zh: LoRA}
---

## What it is

LoRA trains two small low-rank matrices beside each frozen weight matrix. LoRA cuts the trainable parameters by a \
factor of 1000 or more.
""",
    "lora.zh": """## 是什么

LoRA 冻结原有权重矩阵，只训练旁边两个低秩小矩阵。LoRA 把可训练参数减少到千分之一以下。
""",
}
QUESTION = "How does PagedAttention store the KV cache?"
VERBATIM = "PagedAttention stores the KV cache in fixed blocks of 16 tokens."
PARAPHRASE = "The KV cache lies in fixed blocks with PagedAttention."
FALSE = "PagedAttention stores the KV cache in fixed blocks of 64 tokens."
OFF_NOTES = "Bananas ripen beside apples in a bowl."

E = TypeVar("E", bound=Event)


def write_notes(folder: Path, notes: dict[str, str] = NOTES) -> Folder:
    """Writes notes into a folder, which is made."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in notes.items():
        (folder / f"{name}.md").write_text(text, encoding="utf-8")
    return Folder(folder.resolve(), own=True)


@contextmanager
def small_index(home: Path, notes: dict[str, str] = NOTES) -> Generator[Index]:
    """Opens an index of the notes; many dimensions keep unrelated texts apart."""
    index = Index(home / "home", [write_notes(home / "notes", notes)], HashEmbedder(dimensions=4096))
    index.update()
    yield index
    index.close()


@dataclass
class _Resident:
    """Stands for llama.cpp: the scripted model is in memory already."""

    endpoint: Endpoint
    alive: bool = True

    def start(self) -> Endpoint:
        return self.endpoint

    def close(self) -> None:
        self.alive = False


def embedded_atlas(index: Index, home: Path, model: ScriptedModel, **options: Any) -> Atlas:
    """Makes a team whose embedded model is the scripted one."""
    return Atlas(index, embedded_ladder(home, model), Desk(home), lambda: AttemptStore(home), wait_s=5.0, **options)


def embedded_ladder(
    home: Path, model: ScriptedModel, endpoint: Endpoint | None = None, timeout_s: float = 10.0
) -> Ladder:
    """Makes a ladder whose embedded model is the scripted one, below an endpoint or not."""
    home.mkdir(exist_ok=True)
    (home / SMALL.file).write_bytes(b"GGUF")
    resident = replace(model.endpoint, rung="embedded", timeout_s=timeout_s)

    def start(weights: Weights, path: Path) -> _Resident:
        return _Resident(resident)

    return Ladder(endpoint, SMALL, home, start=start)


def endpoint_atlas(
    index: Index, home: Path, endpoint: Endpoint, below: ScriptedModel | None = None, **options: Any
) -> Atlas:
    """Makes a team with a configured endpoint; below it stand the scripted model, if any, and the notes."""
    ladder = embedded_ladder(home, below, endpoint) if below else Ladder(endpoint, None, home)
    return Atlas(index, ladder, Desk(home), lambda: AttemptStore(home), wait_s=5.0, **options)


@contextmanager
def real_atlas(index: Index, home: Path) -> Generator[Atlas]:
    """A team with the small embedded model, which is fetched if need be and stays in memory until the block ends."""
    cache_dir = Path(os.environ.get("ATLAS_MODELS") or default_cache_dir())
    pull(SMALL, cache_dir)
    ladder = Ladder(None, SMALL, cache_dir)
    yield Atlas(index, ladder, Desk(home), lambda: AttemptStore(home), wait_s=120.0)
    ladder.close()


def notes_atlas(index: Index, home: Path, **options: Any) -> Atlas:
    """Makes a team without a model."""
    return Atlas(index, Ladder(None, None, home), Desk(home), lambda: AttemptStore(home), **options)


def answer_probe(
    model: ScriptedModel, *, tools: bool = False, json_schema: bool = False, logprobs: bool = False
) -> None:
    """Scripts what a probe asks an endpoint, so that it finds these abilities."""

    def of_probe(request: Request) -> bool:
        return "colour" in request.prompt or "weather in Paris" in request.prompt or is_first_probe(request)

    def is_first_probe(request: Request) -> bool:
        return request.is_check() and "Passage:" not in request.prompt

    call = [("weather", {"city": "Paris"})] if tools else []
    schema = json.dumps({"colour": "red"}) if json_schema else "red"
    distribution = {"yes": 0.9, "no": 0.1} if logprobs else None
    model.reply("x", probabilities=distribution, when=is_first_probe, times=None)
    model.reply(schema, when=lambda r: of_probe(r) and r.schema is not None, times=None)
    model.reply("no tool", tool_calls=call, when=lambda r: of_probe(r) and bool(r.tools), times=None)
    model.reply("x", when=lambda r: of_probe(r) or (r.max_tokens == 1 and not r.body.get("logprobs")), times=None)


def judge(model: ScriptedModel, yes: float = 0.98, *, about: str = "", times: int | None = None) -> None:
    """Scripts the checks of claims in which `about` stands: they find support with the probability `yes`."""

    def asks(request: Request) -> bool:
        return of_checker(request) and about in request.user.partition("Claim:")[2]

    model.reply(probabilities={"yes": yes, "no": 1 - yes}, when=asks, times=times)


def of_checker(request: Request) -> bool:
    return "You check claims" in request.system and "Passage:" in request.prompt


def of_tutor(request: Request) -> bool:
    return "You are Tutor" in request.prompt


def of_researcher(request: Request) -> bool:
    return "You are Researcher" in request.prompt


def of_desk(request: Request) -> bool:
    return "Rewrite the learner's new message" in request.system or "front desk of LLM Atlas" in request.system


def only(events: Iterable[Event], kind: type[E]) -> list[E]:
    """Returns the events of one kind."""
    return [event for event in events if isinstance(event, kind)]


def answer_of(events: Iterable[Event]) -> Answer:
    """Returns the answer of the one Done event, which must be the last."""
    listed = list(events)
    assert [type(event) for event in listed].index(Done) == len(listed) - 1
    last = listed[-1]
    assert isinstance(last, Done)
    return last.answer


def failures(events: Iterable[Event]) -> list[str]:
    return [str(event.error) for event in only(events, Failed)]


def steps(events: Iterable[Event]) -> list[tuple[str, str]]:
    """Returns the steps as (id, status), a running step that goes on once."""
    found = [(step.id, step.status) for step in only(events, Step)]
    return [step for i, step in enumerate(found) if i == 0 or step != found[i - 1]]


def quotes(answer: Answer) -> Sequence[str]:
    return [citation.quote for citation in answer.citations]
