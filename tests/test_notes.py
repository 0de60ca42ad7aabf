"""The built-in notes are clean: nothing in them is broken, missing or dangling, and they teach what they promise."""

from datetime import date
from pathlib import Path

import pytest

from knowledge import reader
from knowledge.graph import Graph
from knowledge.index import BUILT_IN
from knowledge.library import Library, audit, build
from knowledge.note import Problem
from knowledge.reader import Folder, Reading

# What the knowledge graph that this project grew from names: its components, tools and the ideas it explains.
TAUGHT = """
    PyTorch; Datasets; MinerU; SentencePiece; tiktoken; Kaggle; Google Colab; tokenization; pretraining
    SFT; RLHF; PEFT; LoRA; prefix tuning; Diffusers; Accelerate; DeepSpeed; ZeRO
    vLLM; SGLang; Shimmy; GGUF; PagedAttention; roofline model; arithmetic intensity; prefill; decode
    prompt engineering
    agent; RAG; chatbot; CrewAI; Agno; Open-AutoGLM; Agent Lightning; LlamaIndex
    human evaluation; hallucination; benchmark; evaluation metrics
    Weights & Biases; SwanLab; tracing; logging; cost monitoring
    分词; 有监督微调; 人类反馈强化学习; 参数高效微调; 提示词工程; 智能体; 检索增强生成; 链路追踪
"""  # fmt: skip


def names() -> list[str]:
    return [name.strip() for line in TAUGHT.strip().splitlines() for name in line.split(";")]


@pytest.fixture(scope="module")
def readings() -> list[tuple[Path, Reading]]:
    folder = Folder(BUILT_IN, own=False)
    return [(path, reader.read(path, folder)) for path in reader.files(folder)]


@pytest.fixture(scope="module")
def library(readings: list[tuple[Path, Reading]]) -> Library:
    return build([reading.document for _, reading in readings if reading.document])


def shown(problems: list[Problem]) -> list[str]:
    return [str(problem).removeprefix(f"{BUILT_IN}/") for problem in problems]


def test_every_note_can_be_read(readings: list[tuple[Path, Reading]]) -> None:
    assert shown([problem for _, reading in readings for problem in reading.problems]) == []


def test_the_notes_agree_with_each_other(library: Library) -> None:
    assert shown(list(library.problems)) == []


def test_every_note_carries_every_field_in_both_languages(library: Library) -> None:
    lacking = [problem for problem in audit(library, date.today()) if problem.severity == "error"]  # noqa: DTZ011 - a day
    assert shown(lacking) == []


def test_every_path_to_a_note_begins_at_a_root(library: Library) -> None:
    graph = Graph(library)
    for note in library.notes:
        path = graph.path_to(note)
        assert path[-1] == note
        known: set[str] = set()
        for step in path:
            assert known.issuperset(library.notes[step].prerequisites), f"{step} on the way to {note}"
            known.add(step)


def test_no_note_stands_alone(library: Library) -> None:
    graph = Graph(library)
    assert [note for note in library.notes if not graph.neighbours(note)] == []


def test_every_note_is_found_by_its_titles(library: Library) -> None:
    titles = [(note.id, title) for note in library.notes.values() for title in note.title.values()]
    assert [(note, title) for note, title in titles if note not in library.names[title.lower()]] == []


@pytest.mark.parametrize("name", names())
def test_what_the_notes_grew_from_is_taught(name: str, library: Library) -> None:
    note = library.named(name)
    assert note is not None, f"no note has the title or alias {name!r}"


def test_each_excerpt_stands_in_its_file(readings: list[tuple[Path, Reading]]) -> None:
    for path, reading in readings:
        text = path.read_text("utf-8")
        assert all(text[excerpt.start : excerpt.end] == excerpt.text for excerpt in reading.excerpts), path


def test_every_note_has_an_entry_in_both_languages(readings: list[tuple[Path, Reading]]) -> None:
    entries = {
        reading.document.id: {excerpt.language for excerpt in reading.excerpts if excerpt.entry}
        for _, reading in readings
        if reading.document and not reading.document.sibling
    }
    assert {note for note, languages in entries.items() if languages != {"en", "zh"}} == set()
