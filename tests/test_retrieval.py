from pathlib import Path

import pytest

from knowledge.index import Index
from knowledge.reader import Folder
from knowledge.retrieval import as_llama_index, search

NOTES = {
    "kv-cache": "---\ntitle: {en: KV cache, zh: 键值缓存}\naliases: [key value cache]\nsources: [https://a.example]\n"
    "checked: 2026-11-22\n---\nThe keys and values of earlier tokens are stored for reuse.\n",
    "cache": "---\ntitle: {en: Cache, zh: 缓存}\n---\nIt answers repeated requests faster than the first time.\n",
    "tokenizer": "---\ntitle: {en: Tokenizer, zh: 分词器}\n---\nText is cut into pieces, each with a number.\n",
    "vllm": "---\ntitle: vLLM\n---\nIt serves models at high throughput; its paged attention stores blocks.\n",
}


@pytest.fixture
def filled(index: Index, write) -> Index:
    for name, text in NOTES.items():
        write(f"{name}.md", text)
    write("tokenizer.zh.md", "分词器把文本切成词元，每个词元有自己的编号。")
    index.update()
    return index


@pytest.mark.parametrize(
    ("question", "note"),
    [
        pytest.param("What is the KV cache?", "kv-cache", id="the longest name, not the shorter one within it"),
        pytest.param("what is a CACHE", "cache", id="whatever the case"),
        pytest.param("键值缓存是什么？", "kv-cache", id="a Chinese title"),
        pytest.param("key value cache", "kv-cache", id="an alias"),
        pytest.param("分词器怎么工作", "tokenizer", id="a title in a Chinese sentence"),
        pytest.param("讲讲vLLM吧", "vllm", id="a Latin name without spaces around it"),
        pytest.param("repeated requests", "cache", id="words of the text"),
    ],
)
def test_a_note_that_is_named_comes_first(question: str, note: str, filled: Index) -> None:
    assert search(filled, question)[0].note == note


def test_evidence_says_where_it_stands(filled: Index) -> None:
    best = search(filled, "earlier tokens of the KV cache")[0]
    text = Path(best.path).read_text()
    assert text[best.start : best.end] == best.text == "The keys and values of earlier tokens are stored for reuse."
    assert (best.title, best.source, best.own, best.checked) == ("KV cache", "https://a.example", True, "2026-11-22")
    assert search(filled, "repeated requests")[0].source.endswith("cache.md")


def test_results_are_ranked_and_no_place_comes_twice(filled: Index) -> None:
    found = search(filled, "what stores tokens and blocks of the cache", k=10)
    scores = [evidence.score for evidence in found]
    places = [(evidence.path, evidence.start) for evidence in found]
    assert scores == sorted(scores, reverse=True)
    assert len(places) == len(set(places)) == 5
    assert search(filled, "what stores tokens and blocks of the cache", k=2) == found[:2]


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_an_empty_question_finds_nothing(question: str, filled: Index) -> None:
    assert search(filled, question) == []


@pytest.mark.parametrize("question", ["what is it", "how does it do that?", "怎么", "🙂", "?", '"', "\0"])
def test_a_question_without_content_is_sure_of_nothing(question: str, filled: Index) -> None:
    assert all(evidence.score < 1 for evidence in search(filled, question))


@pytest.mark.parametrize(
    "question",
    [
        '"paged attention"', "paged*", "paged NEAR attention", "NEAR(paged attention)", "paged OR (", "paged AND",
        "NOT paged", "paged)(", "terms: paged", "^paged -attention", "🙂 paged 🙂", "paged'; DROP TABLE passage; --",
        "paged % _ attention", "[[paged]]", "<b>paged</b>", "paged " * 660,
        "页" * 2000 + "paged attention stores blocks",
    ],
)  # fmt: skip
def test_signs_that_mean_something_elsewhere_are_text(question: str, filled: Index) -> None:
    assert any(evidence.note == "vllm" for evidence in search(filled, question))


def test_a_note_that_is_not_embedded_yet_is_found_by_its_words(tmp_path: Path, folder: Folder, embedder, write) -> None:
    class Stopped(Exception):
        pass

    def stop(done: int, total: int) -> None:
        raise Stopped

    write("a.md", "Zebras graze here in the morning.")
    index = Index(tmp_path / "home", [folder], embedder)
    with pytest.raises(Stopped):
        index.update(stop)
    assert index.catalog.counts() == (2, 0)
    assert [evidence.note for evidence in search(index, "zebras graze")] == ["a"]
    index.close()


def test_an_index_that_was_never_updated_finds_nothing_and_writes_no_vectors(filled: Index, tmp_path: Path) -> None:
    fresh = Index(tmp_path / "other", filled.folders, filled.embedder)
    assert search(fresh, "cache") == []
    assert not list((tmp_path / "other").rglob("chroma.sqlite3"))
    fresh.close()


def test_llama_index_retrieves_the_same_passages(filled: Index) -> None:
    question = "What is the KV cache?"
    found = as_llama_index(filled, k=3).retrieve(question)
    expected = search(filled, question, k=3)
    assert [(each.node.get_content(), each.score) for each in found] == [(e.text, e.score) for e in expected]
    assert [each.node.metadata["note"] for each in found] == [evidence.note for evidence in expected]
    assert [(each.node.start_char_idx, each.node.end_char_idx) for each in found] == [
        (e.start, e.end) for e in expected
    ]
