"""Rubrics of short answers: they pass the note's own words and a fair paraphrase, and fail what is beside the point."""

import random
from functools import cache

import pytest
from quiz_material import material

from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.grading import grade
from tools.quiz.grading_rubric import ENOUGH, read
from tools.quiz.item import Item
from tools.quiz.response import Response
from tools.quiz.text_short import answers


@cache
def asked(concept: str, name: str, language: Language) -> Item:
    made = answers(material(), concept, language, random.Random(1))
    return next(item for item in made if item.fact == f"answer:{concept}:{name}")


FAIR: list[tuple[str, str, Language, str]] = [
    (
        "vllm", "what", "en",
        "vLLM is an open source server for running LLMs. It uses PagedAttention, which wastes little of the KV cache, and "
        "so more requests fit on a GPU.",
    ),
    (
        "vllm", "why", "en",
        "It gives out the key-value cache in small blocks only when they are needed, instead of setting aside one long "
        "contiguous piece, and since all blocks have one size there is no external fragmentation.",
    ),
    (
        "lora", "what", "en",
        "Only two small low-rank matrices are trained in each layer and their product is added to the frozen weights, "
        "so under 1 % of the parameters is trained, and they can be merged afterwards.",
    ),
    (
        "rag", "what", "en",
        "Before answering, the system retrieves relevant passages and places them in the prompt, so the model answers "
        "from up-to-date and private documents that can be cited.",
    ),
    (
        "kv-cache", "what", "en",
        "It keeps the attention keys and values of earlier tokens so that the decoder need not recompute them, and it "
        "takes most of the remaining GPU memory.",
    ),
    (
        "cuda-out-of-memory", "what", "en",
        "PyTorch asked for more memory than the GPU had free. Use a smaller batch, checkpoint the activations, quantize "
        "the parameters or split the state across several GPUs.",
    ),
    (
        "quantization", "what", "en",
        "The weights, and perhaps activations and the KV cache, are stored with fewer bits, which saves memory and makes "
        "decoding faster for a slight loss in quality.",
    ),
    (
        "perplexity", "what", "en",
        "It is the exponential of the average loss per token: how many tokens the model hesitates between, so it compares "
        "models that share a tokenizer.",
    ),
    ("vllm", "what", "zh", "vLLM 是一个开源的推理引擎，靠 PagedAttention 几乎不浪费 KV 缓存，所以一块 GPU 可以同时处理更多请求。"),
    ("lora", "what", "zh", "每一层只学两个低秩的小矩阵，把乘积加到冻结权重上，可训练参数很少，训练完可以合并回去。"),
    ("rag", "what", "zh", "回答之前先检索相关的文档段落，把它们放到提示词里，模型根据私有的、可以引用的资料回答。"),
    ("kv-cache", "what", "zh", "把前面 token 的注意力键和值存下来，解码时就不用重复计算，但推理时它会占用大部分显存。"),
    ("quantization", "what", "zh", "把权重、激活值或 KV 缓存用更少的比特存储，可以节省显存、加快解码，质量损失很小。"),
    ("cuda-out-of-memory", "what", "zh", "显存不够了。可以减小批大小、重算激活值、使用 LoRA 或量化，或者把训练状态切分到多张 GPU。"),
]  # fmt: skip

BESIDE = {
    "en": [
        "It is a well-known thing that many people use, and it makes everything better in practice.",
        "A transformer stacks attention layers, and a tokenizer cuts text into subwords before training begins.",
        "Prometheus scrapes metrics from programs over HTTP and Grafana draws them as dashboards for the team.",
        "I think this has to do with artificial intelligence and computers, which are fast today.",
    ],
    "zh": [
        "这是一个很有名的东西，很多人都在用，实际效果很好。",
        "Prometheus 通过 HTTP 抓取程序的监控指标，Grafana 把它们画成看板给团队看。",
        "我觉得这和人工智能、计算机有关，现在的计算机很快。",
    ],
}
IDS = [f"{concept}-{name}-{language}" for concept, name, language, _ in FAIR]


@pytest.mark.parametrize(("concept", "name", "language", "answer"), FAIR, ids=IDS)
def test_a_fair_paraphrase_passes(concept: str, name: str, language: Language, answer: str) -> None:
    item = asked(concept, name, language)
    reading = read(answer, item.points, item.stem)
    assert reading.score >= ENOUGH - 0.01, [point.text for point in reading.missing + reading.denied]


@pytest.mark.parametrize(("concept", "name", "language", "answer"), FAIR, ids=IDS)
def test_the_paraphrase_of_another_concept_fails(concept: str, name: str, language: Language, answer: str) -> None:
    for other, other_name, other_language, _ in FAIR:
        if other != concept and other_language == language:
            assert not grade(asked(other, other_name, language), Response(answer)).correct, other


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_notes_own_words_pass_without_being_letter_by_letter_the_model_answer(language: Language) -> None:
    opening = {"en": "As far as I know it is so. ", "zh": "据我所知是这样的。"}[language]
    failed: list[str] = []
    for note in material().notes:
        for item in answers(material(), note.id, language, random.Random(1)):
            if read(opening + item.accepted[0], item.points, item.stem).score < ENOUGH - 0.01:
                failed.append(item.fact)
    assert failed == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_beside_the_point_fails(language: Language) -> None:
    passed: list[tuple[str, str]] = []
    for note in material().notes[::4]:
        for item in answers(material(), note.id, language, random.Random(1)):
            passed += [(item.fact, text) for text in BESIDE[language] if grade(item, Response(text)).correct]
    assert len(passed) <= 2, passed  # the sentences on monitoring do fit the notes on monitoring


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_rubric_has_two_to_four_points_in_both_languages(language: Language) -> None:
    bilingual = total = 0
    for note in material().notes:
        for item in answers(material(), note.id, language, random.Random(1)):
            assert 2 <= len(item.points) <= 4
            assert all(point.text and point.terms and all(point.terms) for point in item.points)
            total += 1
            terms = [term for point in item.points for group in point.terms for term in group]
            bilingual += any(term.isascii() for term in terms) and any(not term.isascii() for term in terms)
    assert bilingual / total > 0.85
