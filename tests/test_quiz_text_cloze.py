"""Gaps in sentences: the key fills the gap, nothing in the stem says it, and numbers are said exactly once."""

import random
import re
from functools import cache
from itertools import chain

import pytest
from quiz_material import material

from knowledge.vocabulary import LANGUAGES, Language
from tools.quiz.grading import grade
from tools.quiz.item import Item
from tools.quiz.response import Response
from tools.quiz.text_cloze import sentences, summaries
from tools.quiz.text_name import accepted, same
from tools.quiz.text_number import numbers, spellings


@cache
def names(language: Language) -> tuple[Item, ...]:
    made = (
        make(material(), note.id, language, random.Random(1))
        for note in material().notes
        for make in (summaries, sentences)
    )
    return tuple(chain.from_iterable(made))


@cache
def asked_numbers(language: Language) -> tuple[Item, ...]:
    made = (numbers(material(), note.id, language, random.Random(1)) for note in material().notes)
    return tuple(chain.from_iterable(made))


def shown(item: Item) -> str:
    """Return the sentence with its gap, without the question before it."""
    return item.stem.split("> ", 1)[1]


def squeezed(text: str) -> str:
    return re.sub(r"[\s()（）*:：-]", "", text).lower()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_key_in_the_gap_restores_the_cited_sentence(language: Language) -> None:
    for item in (*names(language), *asked_numbers(language)):
        assert shown(item).count("____") == 1
        filled, cited = squeezed(shown(item).replace("____", item.accepted[0])), squeezed(item.citations[0].quote)
        whole = filled == cited or filled.endswith(cited)  # a summary may stand after the name it defines
        assert whole or squeezed(shown(item).split("____")[1]) in cited, item.stem


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_name_of_the_key_is_left_in_the_stem(language: Language) -> None:
    for item in names(language):
        key = next(material().graph.notes[part] for part in item.fact.split(":")[1:2])
        for name in same(key):
            bounded = re.escape(name) if not name.isascii() else rf"(?<![\w-]){re.escape(name)}(?![\w-])"
            assert not re.search(bounded, shown(item), re.IGNORECASE), (name, item.stem)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_rest_of_the_sentence_is_specific(language: Language) -> None:
    for item in names(language):
        if item.fact.startswith("named:"):
            _, key, own, _ = item.fact.split(":")
            others = set(material().library.mentioned(shown(item))) - ({key} if key == own else set())
            assert others, item.stem


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_stem_says_how_the_key_begins_and_the_key_does(language: Language) -> None:
    for item in names(language):
        initial = re.findall(r"“(.)”", item.stem.split("\n")[0])[0]
        assert item.accepted[0][0].upper() == initial.upper()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_accepted_name_is_graded_right_and_every_misconception_wrong(language: Language) -> None:
    for item in names(language)[::9]:
        assert all(grade(item, Response(name), material().library.names).correct for name in item.accepted)
        for wrong in item.misconceptions:
            got = grade(item, Response(wrong.answer), material().library.names)
            assert not got.correct, (item.accepted, wrong.answer)
            assert wrong.why in got.feedback


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_number_stands_once_in_its_sentence_and_is_no_bound(language: Language) -> None:
    vague = re.compile(
        r"(?:than|over|under|about|around|nearly|at least|at most|up to|roughly)\s+____|(?:超过|约|不到|至少|最多)\s*____"
    )
    for item in asked_numbers(language):
        quote = item.citations[0].quote
        assert quote.count(item.accepted[0]) == 1
        assert not vague.search(shown(item)), item.stem
        assert not re.fullmatch(r"(?:19|20)\d\d", item.accepted[0])


@pytest.mark.parametrize(
    ("number", "unit", "language", "expected"),
    [
        ("16", "tokens", "en", {"16", "16 tokens", "16tokens"}),
        ("8", "bytes", "en", {"8", "eight", "8 bytes", "8bytes", "eight bytes"}),
        ("50,257", "tokens", "en", {"50,257", "50257", "50257 tokens"}),
        ("0.92", "by", "en", {"0.92"}),
        ("8", "字节", "zh", {"8", "八", "8 字节", "8字节", "八字节"}),
        ("32768", "个", "zh", {"32768", "32,768", "32768 个"}),
    ],
)
def test_a_number_may_be_written_in_these_ways(number: str, unit: str, language: Language, expected: set[str]) -> None:
    assert expected <= set(spellings(number, unit, language))


@pytest.mark.parametrize(
    ("note", "fits", "does_not_fit"),
    [
        ("rag", "RAG", "graph RAG"),
        ("lora", "low-rank adaptation", "QLoRA"),
        ("zero", "Zero Redundancy Optimizer", "ZeRO-1"),
        ("wandb", "W&B", "Weave"),
        ("prefix-tuning", "prefix-tuning", "P-tuning"),
        ("tensorboard", "TensorBoard", "训练曲线"),
        ("colab", "Colab", "Kaggle"),
        ("hallucination", "幻觉", "faithfulness"),
        ("prometheus", "Prometheus", "PromQL"),
        ("fp8", "FP8", "E5M2"),
    ],
)
def test_a_part_or_a_kin_is_not_accepted_for_the_name(note: str, fits: str, does_not_fit: str) -> None:
    known = accepted(material().graph.notes[note], "")
    assert fits in known
    assert does_not_fit not in known


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_enumeration_is_never_asked(language: Language) -> None:
    listed = re.compile(r"such as ____|____ (?:and|or) |, ____,|、____|____、|例如 ?____")
    assert [item.stem for item in names(language) if listed.search(item.stem)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_gap_is_no_part_of_a_longer_name(language: Language) -> None:
    parts = re.compile(
        r"(?:Capability|Bias|Human|Safety|Chunked|Unigram) ____|____ Arena|(?:人工|能力|偏见)____|____ ?评估指标"
    )
    assert [item.stem for item in names(language) if parts.search(item.stem)] == []
