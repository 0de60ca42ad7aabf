"""What can be proven not to hold, what can't, and what notes are called in an item."""

import pytest
from quiz_material import material

from knowledge.vocabulary import Language
from tools.quiz.graph_name import names
from tools.quiz.graph_truth import truth


@pytest.mark.parametrize(
    ("relation", "source", "target", "proven"),
    [
        pytest.param("implements", "sglang", "paged-attention", False, id="what the note does not say may still be so"),
        pytest.param("implements", "gpt", "rope", False, id="not software"),
        pytest.param("implements", "vllm", "bias-evaluation", True, id="another stage, other tasks, nowhere named"),
        pytest.param("implements", "llama-cpp", "reranking", False, id="what runs models may rerank"),
        pytest.param("uses", "gpt", "grouped-query-attention", False, id="a later model of the family may"),
        pytest.param("uses", "llamaindex", "tiktoken", False, id="frameworks integrate anything"),
        pytest.param("is_a", "quantization", "awq", True, id="a true statement turned round"),
        pytest.param("part_of", "rag", "chunking", True, id="a whole is no part of its part"),
        pytest.param("is_a", "awq", "quantization", False, id="what holds"),
        pytest.param("prerequisite", "paged-attention", "vllm", True, id="what builds on a note is not needed first"),
        pytest.param("prerequisite", "vllm", "attention", False, id="what is needed for what is needed"),
        pytest.param("alternative_to", "t5", "qwen", False, id="models can take each other's place"),
        pytest.param("alternative_to", "chroma", "open-autoglm", True, id="no task in common"),
        pytest.param("mitigated_by", "cuda-out-of-memory", "awq", False, id="kin to a remedy"),
        pytest.param("occurs_in", "no-kernel-image", "unsloth", False, id="it runs on a GPU too"),
        pytest.param("occurs_in", "no-kernel-image", "tiktoken", True, id="it runs on the CPU alone"),
        pytest.param("reads", "ollama", "openai-chat-format", False, id="nothing is proven of a loose relation"),
        pytest.param("measures", "red-teaming", "hallucination", False, id="people find whatever they look for"),
    ],
)
def test_only_what_is_proven_counts_as_false(relation: str, source: str, target: str, proven: bool) -> None:
    assert truth(material()).excluded(relation, source, target) is proven


@pytest.mark.parametrize(
    ("note", "language", "noun"),
    [
        pytest.param("agent", "en", "an agent", id="something that can be counted"),
        pytest.param("kv-cache", "en", "the KV cache", id="something there is one of"),
        pytest.param("quantization", "en", "quantization", id="a way of doing something"),
        pytest.param("datasets", "en", "Datasets", id="a product whose name is a word"),
        pytest.param("cuda-out-of-memory", "en", "“CUDA out of memory”", id="a failure"),
        pytest.param("agent", "zh", "智能体", id="Chinese"),
    ],
)
def test_a_note_is_called_as_its_own_text_calls_it(note: str, language: Language, noun: str) -> None:
    assert names(material()).noun(note, language) == noun


@pytest.mark.parametrize(
    ("note", "language", "begins"),
    [
        pytest.param("agent", "en", "____ is a language model in a loop", id="without the article, which would tell"),
        pytest.param("peft", "en", "____, and the Hugging Face library", id="what an abbreviation stands for"),
        pytest.param(
            "vllm-engine", "en", "The processes and the loop inside ____, in which", id="another's name in it"
        ),
        pytest.param("hybrid-search", "zh", "____ 同时做关键词 ____（BM25）", id="a part of a Chinese title"),
        pytest.param("activation-function", "en", "____ is the nonlinearity", id="examples stay"),
    ],
)
def test_a_description_does_not_say_whose_it_is(note: str, language: Language, begins: str) -> None:
    told = names(material()).blanked(note, language)
    assert told is not None
    assert told.startswith(begins)


def test_a_summary_that_says_nothing_without_its_name_is_not_shown() -> None:
    assert names(material()).blanked("gguf-unknown-architecture", "en") is None
