"""Code accepts a model's draft only where key, options and stem hold against the notes; it mends what it can."""

import random
from dataclasses import replace

import pytest
from quiz_material import material

from tools.quiz.draft import Draft, Inspection, inspect
from tools.quiz.draft_focus import Focus, focuses
from tools.quiz.draft_item import fact_of, item_of
from tools.quiz.item import Level, from_record, key_of, record

GOOD = Draft(
    "What share of the GPU memory does `--gpu-memory-utilization` grant one vLLM instance by default?",
    "0.92",
    ("0.5", "0.75", "0.99", "0.6", "0.3"),
)


def focus(note: str = "vllm", words: str = "its default is 0.92", language: str = "en") -> Focus:
    """Returns the sentence of a note that holds some words."""
    found = focuses(material(), note, "zh" if language == "zh" else "en", None, random.Random(0))
    return next(one for one in found if words in one.sentence.text)


LORA = "keeps the pretrained weights frozen"
FROZEN = Draft(
    "What does LoRA train beside each chosen weight matrix?",
    "two small matrices",
    ("one large adapter", "a second tokenizer", "four sparse tensors", "every bias", "the positions"),
)


def inspected(draft: Draft, on: Focus | None = None) -> Inspection:
    return inspect(draft, on or focus(), material())


def test_a_good_draft_keeps_its_question_and_three_wrong_options() -> None:
    found = inspected(FROZEN, focus("lora", LORA))
    assert (found.fault, found.reason) == ("", "")
    assert found.draft.stem == FROZEN.stem
    assert len(found.draft.wrong) == 3
    assert {"key", "distractors", "distinct", "alike", "stem", "giveaway"} <= set(found.checks)


def test_claims_are_the_cited_sentence_with_each_option_in_the_place_of_the_key() -> None:
    on = focus("lora", LORA)
    found = inspected(FROZEN, on)
    assert found.claims[0] == on.sentence.text
    assert found.claims[1] == on.sentence.text.replace("two small matrices", "one large adapter")


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"correct": "three small matrices"}, "key"),
        ({"correct": ""}, "key"),
        ({"correct": "the"}, "key"),
        ({"correct": "LoRA"}, "key"),
        ({"correct": "keeps the pretrained weights frozen and trains two small matrices beside each chosen one"}, "key"),
        ({"wrong": ("one large adapter", "one large adapter", "One large adapter.")}, "distinct"),
        ({"wrong": ("two small matrices", "small matrices", "the two small matrices", "small")}, "distinct"),
        ({"wrong": ("all of the above", "none of these", "both of them")}, "options"),
        ({"wrong": ("yes", "no", "true")}, "options"),
        ({"wrong": ("一个大适配器", "第二个分词器", "四个稀疏张量")}, "language"),
        ({"wrong": ("frozen weights", "pretrained weights", "chosen weights")}, "distractors"),
        ({"wrong": ("QLoRA", "PEFT", "DoRA")}, "relations"),
        ({"wrong": ("an adapter of its own that is much longer than the key and so gives it away by its mere length " * 2,)
          * 1 + ("x1 " * 40, "y2 " * 40)}, "options"),
        ({"wrong": ("one", "no", "it")}, "distinct"),
    ],
    ids=["not in the sentence", "empty", "an article", "the concept itself", "nearly the whole sentence", "one option "
         "thrice", "the key in other words", "of the others", "only agreeing", "another language", "named in the "
         "sentence", "related notes", "too long", "too few that say anything"],
)  # fmt: skip
def test_a_draft_that_cannot_be_mended_is_rejected(change: dict[str, object], fault: str) -> None:
    draft = replace(FROZEN, **change)  # pyright: ignore[reportArgumentType] - a table of fields
    found = inspected(draft, focus("lora", LORA))
    assert found.fault == fault or (fault == "distinct" and found.fault in {"options", "distractors"})
    assert found.reason


@pytest.mark.parametrize(
    "stem",
    [
        "According to the passage, what is trained?",
        "What does it train beside each chosen weight matrix?",
        "LoRA trains something beside each chosen weight matrix.",
        "What are the two small matrices that LoRA trains?",
        "What does PyTorch schedule on the tensor cores of a Hopper GPU?",
        "LoRA 在权重矩阵旁训练什么？",
        "What does LoRA not train beside each chosen weight matrix?",
        "What colour has the parrot of the harbour master?",
    ],
    ids=["of the passage", "a pronoun", "no question", "holds the key", "another subject", "another language",
         "a denial", "nothing of the sentence"],
)  # fmt: skip
def test_a_faulty_question_gives_way_to_the_sentence_with_a_gap(stem: str) -> None:
    found = inspected(replace(FROZEN, stem=stem), focus("lora", LORA))
    assert found.fault == ""
    assert "____ beside each chosen one" in found.draft.stem
    assert "without the key" in str(found.checks["stem"])


def test_options_lose_letters_full_stops_and_quotation_marks() -> None:
    draft = replace(
        FROZEN,
        correct="A. two small matrices.",
        wrong=("B) one large adapter", '"a second tokenizer"', "“four sparse tensors”。"),
    )
    found = inspected(draft, focus("lora", LORA))
    assert found.draft.correct == "Two small matrices"
    assert set(found.draft.wrong) == {"One large adapter", "A second tokenizer", "Four sparse tensors"}


def test_a_number_near_one_of_the_passage_is_no_wrong_option() -> None:
    found = inspected(replace(GOOD, wrong=("0.9", "0.93", "0.91", "0.95", "0.89")))
    assert found.fault == "distractors"
    assert "nearly a number" in found.reason


def test_a_variable_with_a_value_is_the_variable_still() -> None:
    on = focus("vllm-tensor-parallel", "CUDA_VISIBLE_DEVICES", "zh")
    wrong = ("CUDA_VISIBLE_DEVICES=0", "CUDA_VISIBLE_DEVICES=1", "CUDA_VISIBLE_DEVICES=2")
    assert inspected(Draft("用哪个变量选卡？", "CUDA_VISIBLE_DEVICES", wrong), on).fault == "distinct"


def test_a_name_that_another_passage_gives_is_no_wrong_option() -> None:
    on = focus("lora", LORA)
    elsewhere = replace(on, texts=(*on.texts, "LoRA keeps the pretrained weights frozen and trains one large adapter."))
    found = inspect(FROZEN, elsewhere, material())
    assert "one large adapter" not in [option.lower() for option in found.draft.wrong]


def test_a_member_of_a_list_is_no_key() -> None:
    on = focus("vllm", "quantized formats such as FP8")
    draft = Draft("Which quantized format does vLLM 0.33.0 support?", "FP8", ("INT3", "NF2", "BF4", "FP2", "TF9"))
    assert inspected(draft, on).fault == "key"


def test_a_stem_that_was_asked_before_is_rejected() -> None:
    on = focus("lora", LORA)
    found = inspect(FROZEN, on, material(), [FROZEN.stem])
    assert found.fault == "repeated"


def test_chinese_drafts_are_held_against_chinese_sentences() -> None:
    on = focus("lora", "只在选定的权重矩阵旁训练两个小矩阵", "zh")
    draft = Draft(
        "LoRA 在选定的权重矩阵旁训练什么？", "两个小矩阵", ("一个大适配器", "四个稀疏张量", "全部偏置项", "新的分词器")
    )
    found = inspected(draft, on)
    assert (found.fault, len(found.draft.wrong)) == ("", 3)


def test_focus_comes_with_its_paragraph_and_the_whole_note() -> None:
    on = focus("lora", LORA)
    assert on.sentence.text in on.passage
    assert on.passage in on.texts
    assert any("低秩" in text for text in on.texts)
    assert not any(text.startswith(("```", "$$")) for text in on.texts)


@pytest.mark.parametrize(("level", "mark"), [(2, "because"), (3, "than")])
def test_higher_levels_take_sentences_that_say_why_or_compare(level: Level, mark: str) -> None:
    found = [one.sentence.text for one in focuses(material(), "vllm", "en", level, random.Random(0))]
    every = [one.sentence.text for one in focuses(material(), "vllm", "en", None, random.Random(0))]
    assert 0 < len(found) < len(every)
    assert any(mark in text for text in found)


def test_the_order_of_sentences_comes_from_the_seed() -> None:
    def order(seed: int) -> list[str]:
        return [one.sentence.text for one in focuses(material(), "vllm", "en", None, random.Random(seed))]

    assert order(1) == order(1) != order(2)
    assert sorted(order(1)) == sorted(order(2))


def test_item_cites_the_sentence_exactly_and_explains_each_wrong_option() -> None:
    on = focus("lora", LORA)
    item = item_of(inspected(FROZEN, on), on, material(), 2, random.Random(1))
    assert (item.origin, item.type, item.level, item.concept) == ("model", "single_choice", 2, "lora")
    assert key_of(item) == "Two small matrices"
    (citation,) = item.citations
    assert citation.quote == on.sentence.text
    assert open(citation.path, encoding="utf-8").read()[citation.start : citation.end] == citation.quote  # noqa: SIM115, PTH123
    assert {m.answer for m in item.misconceptions} == set(item.options) - {"Two small matrices"}
    assert len(item.hints) == 2
    assert "two small matrices" not in " ".join(item.hints).lower()
    assert from_record(record(item)) == item


def test_position_of_the_key_is_drawn_evenly() -> None:
    on = focus("lora", LORA)
    found = inspected(FROZEN, on)
    rng = random.Random(3)
    counts = [0, 0, 0, 0]
    for _ in range(400):
        counts[item_of(found, on, material(), 1, rng).key[0]] += 1
    assert sum((count - 100) ** 2 / 100 for count in counts) < 11.34  # chi-squared, 3 degrees of freedom, p > .01


def test_fact_names_the_sentence_whatever_is_asked_of_it() -> None:
    assert fact_of(focus("lora", LORA)) == fact_of(focus("lora", LORA)) != fact_of(focus())
