"""What holds for every item from the calculators, whatever it asks."""

import random
import re
from collections import Counter
from collections.abc import Iterable
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Final

import pytest

from knowledge import reader
from knowledge.catalog import Passage
from knowledge.graph import Graph
from knowledge.library import build
from knowledge.reader import Folder
from knowledge.vocabulary import LANGUAGES, Language
from tests.quiz_calc_stem import items, made, numbers, shown, template_of
from tests.quiz_material import material
from tools.quiz import (
    calc_compute,
    calc_kv_cache,
    calc_latency,
    calc_lora,
    calc_roofline,
    calc_serving,
    calc_training,
    calc_weights,
)
from tools.quiz.calc import MAKERS
from tools.quiz.item import Item, from_record, record
from tools.quiz.material import Material
from tools.quiz.wording import load

_MODULES: Final = (
    calc_compute, calc_kv_cache, calc_latency, calc_lora, calc_roofline, calc_serving, calc_training, calc_weights,
)  # fmt: skip
_CONCEPTS: Final = sorted({concept for module in _MODULES for concept in module.TEMPLATES})
_CHOICES: Final = {"single_choice", "reading", "true_false", "multiple_choice", "ordering"}
_FILES: Final = ("calc_compute", "calc_kv_cache", "calc_latency", "calc_lora", "calc_roofline", "calc_serving",
                 "calc_training", "calc_weights")  # fmt: skip
# Points of the chi-squared distribution that chance exceeds once in a thousand.
_CHI: Final = {1: 10.83, 3: 16.27, 4: 18.47}


@cache
def _all() -> tuple[Item, ...]:
    return tuple(items(_CONCEPTS, 4))


def _id(item: Item) -> str:
    return f"{template_of(item)}-{item.type}-{item.language}"


@cache
def _kinds() -> dict[str, list[Item]]:
    found: dict[str, list[Item]] = {}
    for item in _all():
        found.setdefault(_id(item), []).append(item)
    return found


def _chi_squared(counts: Iterable[int]) -> float:
    seen = list(counts)
    mean = sum(seen) / len(seen)
    return sum((count - mean) ** 2 / mean for count in seen)


def test_every_concept_is_a_note() -> None:
    assert set(_CONCEPTS) <= set(material().graph.notes)
    assert len(_CONCEPTS) >= 40


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("concept", _CONCEPTS)
def test_every_concept_has_items_of_its_own(concept: str, language: Language) -> None:
    own = made(concept, language, 0)
    assert len(own) >= 3
    assert {item.concept for item in own} == {concept}
    assert {item.language for item in own} == {language}
    assert {item.origin for item in own} == {"calculator"}


def test_notes_that_have_nothing_to_calculate_yield_nothing() -> None:
    for note in sorted(set(material().graph.notes) - set(_CONCEPTS)):
        for make in MAKERS:
            assert list(make(material(), note, "en", random.Random(1))) == []


def test_nothing_is_asked_that_the_notes_at_hand_do_not_state(tmp_path: Path) -> None:
    note = "---\nid: kv-cache\ntitle: {en: KV cache}\nkind: concept\nsummary: {en: A store of keys.}\n---\n\n## What\n\nKeys.\n"
    (tmp_path / "kv-cache.md").write_text(note, encoding="utf-8")
    folder = Folder(tmp_path, own=True)
    reading = reader.read(tmp_path / "kv-cache.md", folder)
    assert reading.document
    library = build([reading.document])
    passages = [
        Passage(f"{n}", str(tmp_path / "kv-cache.md"), e.heading, e.start, e.end, e.text, e.language, e.lookup, e.entry)
        for n, e in enumerate(reading.excerpts)
    ]
    bare = Material(library, Graph(library), passages)
    assert bare.summary("kv-cache", "en")
    assert [item for make in MAKERS for item in make(bare, "kv-cache", "en", random.Random(1))] == []


def test_the_types_are_many() -> None:
    types = Counter(item.type for item in _all())
    assert set(types) == _CHOICES | {"numeric"}
    assert {item.level for item in _all()} == {1, 2, 3}


def test_a_seed_makes_the_same_items_again() -> None:
    for concept in _CONCEPTS[::5]:
        for make in MAKERS:
            first, second = (list(make(material(), concept, "zh", random.Random(7))) for _ in range(2))
            assert first == second


def test_both_languages_ask_the_same_facts() -> None:
    for concept in _CONCEPTS:
        english, chinese = (made(concept, language, 1) for language in LANGUAGES)
        assert [(item.fact, item.type, item.key) for item in english] == [
            (item.fact, item.type, item.key) for item in chinese
        ]
        assert not {item.id for item in english} & {item.id for item in chinese}


def test_no_maker_asks_a_fact_twice() -> None:
    for concept in _CONCEPTS:
        for make in MAKERS:
            facts = [item.fact for item in make(material(), concept, "en", random.Random(3))]
            assert len(set(facts)) == len(facts)


def test_seeds_bring_ever_new_questions() -> None:
    facts = {item.fact for item in items(("kv-cache", "zero", "decode", "quantization"), 20)}
    assert len(facts) > 700


def test_items_survive_their_record() -> None:
    for item in _all()[::7]:
        assert from_record(record(item)) == item


def test_keys_point_at_options() -> None:
    for item in _all():
        if item.type == "numeric":
            assert item.quantity and item.quantity.value > 0 and not item.options and item.quantity.unit
            continue
        assert len(set(item.options)) == len(item.options) >= 2
        assert set(item.key) <= set(range(len(item.options)))
        if item.type == "ordering":
            assert sorted(item.key) == list(range(len(item.options)))
        elif item.type == "multiple_choice":
            assert 0 < len(item.key) < len(item.options) and list(item.key) == sorted(item.key)
        else:
            assert len(item.key) == 1


def _numeric_options(item: Item) -> bool:
    return item.type in {"single_choice", "reading"} and item.options[0][0].isdigit()


def test_options_are_alike_but_for_the_number() -> None:
    for item in _all():
        if _numeric_options(item):
            assert len({re.sub(r"[\d,.]+", "#", option, count=1) for option in item.options}) == 1
            decimals = {len(option.split()[0].partition(".")[2]) for option in item.options}
            assert len(decimals) == 1, item.options


def test_options_differ_by_more_than_rounding() -> None:
    for item in _all():
        if _numeric_options(item):
            values = [shown(option) for option in item.options]
            assert all(max(pair) / min(pair) >= 1.08 for pair in combinations(values, 2)), item.options


def test_every_wrong_option_names_its_misconception() -> None:
    for item in _all():
        if item.type in {"single_choice", "reading", "true_false"}:
            wrong = {option for at, option in enumerate(item.options) if at not in item.key}
            assert {m.answer for m in item.misconceptions} == wrong
            assert all(m.why for m in item.misconceptions)


def test_no_named_wrong_number_would_count_as_right() -> None:
    for item in _all():
        if item.quantity:
            for misconception in item.misconceptions:
                assert misconception.value is not None
                off = abs(misconception.value - item.quantity.value) / item.quantity.value
                assert off > 1.85 * item.quantity.tolerance, (item.stem, misconception)


def test_a_numeric_stem_says_its_unit_and_tolerance() -> None:
    for item in _all():
        if item.quantity and item.quantity.tolerance >= 0.01:
            assert item.quantity.unit in item.stem
            assert re.search(rf"{100 * item.quantity.tolerance:g} ?%", item.stem)


def test_sizes_say_which_gigabyte_they_mean() -> None:
    for item in _all():
        units = set(
            re.findall(r"\b([KMG]i?B)\b", " ".join([*item.options[:1], item.quantity.unit if item.quantity else ""]))
        )
        for unit in units & {"KiB", "MiB", "GiB", "GB", "MB"}:
            power = {"KiB": "1,?024", "MiB": r"2\^20", "GiB": r"2\^30", "GB": r"10\^9", "MB": r"10\^6"}[unit]
            given_in_same_unit = template_of(item) == "serve_pool"  # nothing is converted
            assert given_in_same_unit or re.search(rf"1 {unit} = {power}", item.stem), item.stem


def test_the_key_is_in_every_place_equally_often() -> None:
    english = [item for item in _all() if item.language == "en"]  # the Chinese items have the same keys
    for kind in ("single_choice", "reading", "ordering"):
        places = Counter(item.key[0] for item in english if item.type == kind)
        assert _chi_squared(places[at] for at in range(4)) < _CHI[3], places
    picks = Counter(at for item in english if item.type == "multiple_choice" for at in item.key)
    assert _chi_squared(picks[at] for at in range(5)) < _CHI[4], picks


def test_statements_are_true_as_often_as_false() -> None:
    truths = Counter(item.key[0] for item in items(_CONCEPTS, 8) if _id(item).endswith("true_false-en"))
    assert sum(truths.values()) >= 100
    assert _chi_squared(truths[at] for at in range(2)) < _CHI[1], truths


def test_the_rank_of_the_key_among_the_numbers_gives_nothing_away() -> None:
    ranks = Counter(
        sorted(map(shown, item.options)).index(shown(item.options[item.key[0]]))
        for item in _all()
        if _numeric_options(item)
    )
    total = sum(ranks.values())
    assert all(0.12 < ranks[rank] / total < 0.38 for rank in range(4)), ranks


def test_the_key_is_as_long_as_the_other_options() -> None:
    longest = [
        len(item.options[item.key[0]])
        > max(len(option) for at, option in enumerate(item.options) if at not in item.key)
        for item in _all()
        if item.type == "single_choice"
    ]
    assert sum(longest) / len(longest) < 0.25


def test_citations_are_exact_spans_of_the_notes() -> None:
    for citation in {citation for item in _all() for citation in item.citations}:
        text = Path(citation.path).read_text(encoding="utf-8")
        assert text[citation.start : citation.end] == citation.quote


def test_citations_stand_in_the_readers_language_where_the_notes_have_it() -> None:
    own = [item for item in _all() if item.language == "zh"]
    chinese = [item for item in own if re.search(r"[\u4e00-\u9fff]|\$", item.citations[0].quote)]
    assert len(chinese) / len(own) > 0.85


# What the cited sentence must speak of, by the kind of question.
_ABOUT: Final = {
    "kv_": r"cache|缓存|token|head|KV|block|块",
    "weights_": r"weight|byte|bit|parameter|memory|model|权重|字节|位|参数|显存",
    "train_kept": r"checkpoint",
    "train_batch": r"batch|micro",
    "train_": r"byte|stage|optimizer|gradient|1/N|16 bits|字节|阶段|优化器|梯度|两个数|16 位|float32",
    "lora_": r"times r|added matrices|extra parameters|新增",
    "compute_": r"6ND|6N|C/120",
    "roof_order": r"bandwidth|arithmetic|speed|带宽|算力",
    "roof_": r"ridge|intensity|bandwidth|byte|operations|拐点|脊点|强度|字节|运算|989",
    "plot_": r"slope|ridge|limits|smaller|斜线|拐点|脊点|上限|较小",
    "serve_": r"concurrency|并发|pool|memory|tokens|KV|weights|缓存|token|权重",
    "latency_": r"TPOT|batch size|3600|token|gamma|p-1|批",
}  # fmt: skip


@pytest.mark.parametrize("kind", sorted({template_of(item) for item in items(_CONCEPTS, 1)}))
def test_a_citation_speaks_of_what_is_asked(kind: str) -> None:
    about = next(words for start, words in _ABOUT.items() if kind.startswith(start))
    quotes = {item.citations[0].quote for item in _all() if template_of(item) == kind}
    assert quotes
    assert all(re.search(about, quote, re.IGNORECASE) for quote in quotes), quotes


def test_explanations_work_the_number_out_and_end_with_it() -> None:
    for item in _all():
        assert item.explanation.startswith("- ")
        if item.type in {"single_choice", "true_false"} or _numeric_options(item):
            assert item.options[item.key[0]] in item.explanation
        if item.quantity:
            assert item.quantity.unit in item.explanation


def test_every_item_has_a_hint_that_keeps_the_answer() -> None:
    for item in _all():
        assert item.hints
        if _numeric_options(item):
            assert item.options[item.key[0]] not in item.hints[0]


def test_no_text_has_a_gap_left_or_a_space_beside_chinese_punctuation() -> None:
    for item in _all():
        texts = [item.stem, item.explanation, *item.options, *item.hints, *(m.why for m in item.misconceptions)]
        texts += [point.text for point in item.points]
        for text in texts:
            assert "$" not in text and "  " not in text, text
            if item.language == "zh":
                assert not re.search(r"[，。：；？！（）、] | [，。：；？！（）、]|[\u4e00-\u9fff][,;:?!]", text), text


@pytest.mark.parametrize("file", [*_FILES, "calc", "calc_step", "calc_misconception"])
def test_every_text_is_said_in_both_languages_and_used(file: str) -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in Path(calc_lora.__file__).parent.glob("calc*.py"))
    for key, texts in load(file).items():
        assert set(texts) == set(LANGUAGES) and all(texts.values()), key
        name = key.removesuffix("_hint")
        dynamic = re.sub(
            r"_(\d|compute|memory|mixed|fp32|pure|eight_bit|ddp|lora|qlora|zero\d|above|below|bf16|fp8)$", "_{", name
        )
        assert f'"{name}"' in sources or f'"{dynamic}' in sources or key.startswith("unit "), key


def test_points_of_a_statement_are_met_by_their_own_text() -> None:
    for item in _all():
        for point in item.points:
            assert all(any(term in point.text for term in group) for group in point.terms), point


def test_numbers_of_a_stem_can_be_read_in_both_languages() -> None:
    for english, chinese in zip(made("kv-cache", "en", 2), made("kv-cache", "zh", 2), strict=True):
        if template_of(english) == "kv_requests":
            given = ("layers", "hidden", "heads", "kv", "dim", "each", "tokens", "batch")
            assert numbers(english, given) == numbers(chinese, given)
