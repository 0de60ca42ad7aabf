"""Training sets: examples from the notes and from items, in the formats that trainers read."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset
from export_items import item, items
from quiz_material import material

from knowledge.vocabulary import LANGUAGES, Language
from tools.export import instruction, sheet, training_set
from tools.export.instruction import TEMPLATES, Example, TemplateName, filled, heading_question
from tools.export.section import Section, sections
from tools.export.training_set import FORMS, Form, Wanted, examples, line
from tools.quiz.graph_name import names
from tools.quiz.item import Item, Misconception


@cache
def made_sections() -> list[Section]:
    """The sections of the real notes."""
    made = material()
    found = [p for passages in made._passages.values() for p in passages]
    found.sort(key=lambda passage: (passage.path, passage.start))
    return sections(found, made.library.note_of_path, made.graph.notes, names(made).noun)


def supplied(language: Language, _rng: random.Random) -> Iterable[Item]:
    return [asked for asked in items() if asked.language == language]


def everything(*templates: TemplateName, seed: int = 1, languages: Iterable[Language] = LANGUAGES) -> list[Example]:
    wanted = Wanted(templates or TEMPLATES, tuple(languages), seed)
    return list(examples(wanted, made_sections(), supplied))


@cache
def all_examples() -> tuple[Example, ...]:
    return tuple(everything())


# --- templates --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_takes_all_its_variables_and_no_others(template: TemplateName, language: Language) -> None:
    for wording in instruction._wordings(template)[language].instruction:  # each way of asking has to work
        names = {name for text in (wording, *_texts(template, language)) for name in instruction._names(text)}
        values = {name: f"value of {name}" for name in names}
        made = _example(template, language, values, wording)
        shown = made.instruction + made.input + made.output
        assert all(value in shown for value in values.values())
        assert "$" not in shown
        with pytest.raises(ValueError, match="no variable"):
            _example(template, language, values | {"surplus": ""}, wording)
        with pytest.raises(KeyError):
            _example(template, language, dict(list(values.items())[1:]), wording)


def _texts(template: TemplateName, language: Language) -> tuple[str, str]:
    wording = instruction._wordings(template)[language]
    return wording.input, wording.output


def _example(template: TemplateName, language: Language, values: dict[str, str], wording: str) -> Example:
    class Chosen(random.Random):
        def choice(self, seq: Any) -> Any:
            return wording

    return instruction.example(template, language, "vllm", [], Chosen(), values)


@pytest.mark.parametrize(
    ("template", "title", "made"),
    [
        (" $title 是什么？", "vLLM", "vLLM 是什么？"),
        (" $title 是什么？", "注意力", "注意力是什么？"),
        ("怎样使用 $title ？", "KV 缓存", "怎样使用 KV 缓存？"),
        ("怎样使用 $title ？", "KV cache", "怎样使用 KV cache？"),
        ("怎样使用 $title 呢", "注意力", "怎样使用注意力呢"),
        ("“$title”怎么办", "vLLM", "“vLLM”怎么办"),
        ("主题：$title\n\n$title 。", "a b", "主题：a b\n\na b。"),
    ],
)
def test_chinese_is_spaced_as_chinese(template: str, title: str, made: str) -> None:
    assert filled(template, "zh", title=title) == made


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_heading_of_the_notes_asks_a_question(language: Language) -> None:
    rng = random.Random(1)
    for section in made_sections():
        if section.language == language:
            question = heading_question(section.heading, section.name, language, rng)
            assert section.name in question
            assert "““" not in question
            assert not re.search(r"[\u4e00-\u9fff“”] [\u4e00-\u9fff“”，。？]|  ", question)
            assert question[-1] in ".?。？”"


# --- what is in them --------------------------------------------------------------------------------------------------


def test_every_template_gives_many_examples_in_both_languages() -> None:
    counts = Counter((made.template, made.language) for made in all_examples())
    least = {"explain": 1000, "quote": 600, "diagnosis": 15, "command": 40, "question": 9, "reasoning": 1}
    assert {key: n for key, n in counts.items() if n < least[key[0]]} == {}
    assert len(counts) == len(TEMPLATES) * len(LANGUAGES)


def test_what_is_said_stands_in_the_notes() -> None:
    texts = {path: Path(path).read_text(encoding="utf-8") for path in material().library.note_of_path}
    for made in all_examples():
        if made.template in {"question", "reasoning"}:
            continue
        assert made.sources
        for source in made.sources:
            text = texts[source.path]
            assert text[source.start : source.end] == source.quote or source.quote in text  # a summary stands in YAML
        rest = _bare(made.output)
        for source in made.sources:
            for words in (source.quote, _prose(source.quote), sheet.web_address(source), sheet.place(source)):
                rest = rest.replace(_bare(words), "")
        note = material().graph.notes[made.concept]
        rest = rest.replace(_bare(note.title_in(made.language)), "")
        frame = r"Sources?:|出处：|Cause:|原因：|Fix:|解决方法：|\[\d\]|[,，.。\s]"
        assert re.sub(frame, "", rest) == "", made.output


def _bare(text: str) -> str:
    """Without white space, and without words that point to where code stands."""
    return re.sub(r"\s|下面的?|以下|这里的|\bbelow\b", "", text)


def _prose(text: str) -> str:
    return re.sub(r"^(`{3,})[^\n]*\n.*?^\1[ ]*$", "", text, flags=re.MULTILINE | re.DOTALL).strip()


def test_no_two_examples_ask_the_same_and_none_is_empty() -> None:
    asked = [(made.instruction, made.input) for made in all_examples()]
    assert len({*asked}) == len(asked)
    assert all(made.instruction.strip() and made.output.strip() and made.system.strip() for made in all_examples())


def test_the_quoted_passage_is_the_one_that_is_named() -> None:
    for made in everything("quote"):
        answer, n = re.fullmatch(r"(.*?) ?\[(\d)\]", made.output, re.DOTALL).groups()  # type: ignore[union-attr]
        assert f"[{n}] {answer}" in made.input


def test_a_choice_gives_a_reason_for_each_option_and_then_the_key() -> None:
    asked = item("single_choice", "en", options=("a", "b"), key=(1,), misconceptions=(Misconception("a", "no."),))
    wanted = Wanted(["reasoning"], ["en"], 1)
    (made,) = examples(wanted, [], lambda _language, _rng: [asked])
    assert made.output == f"A. no.\nB. {asked.explanation}\n\nAnswer: B"
    bare = replace(asked, misconceptions=())
    assert not list(examples(wanted, [], lambda _language, _rng: [bare]))


def test_a_plot_is_not_asked_in_words() -> None:
    plots = [asked for asked in items() if asked.exhibit is not None and asked.exhibit.kind == "plot"]
    assert not list(examples(Wanted(["question", "reasoning"], LANGUAGES, 1), [], lambda _l, _r: plots))


# --- order ------------------------------------------------------------------------------------------------------------


def test_the_same_seed_makes_the_same_set_and_another_seed_another() -> None:
    assert tuple(everything()) == all_examples()
    assert tuple(everything(seed=2)) != all_examples()


def test_templates_and_languages_take_turns() -> None:
    kinds = [(made.template, made.language) for made in all_examples()[:12]]
    assert Counter(kinds) == Counter((template, language) for template in TEMPLATES for language in LANGUAGES)


def test_examples_are_made_one_by_one() -> None:
    drawn: list[str] = []

    def supply(language: Language, _rng: random.Random) -> Iterable[Item]:
        for asked in items():
            if asked.language == language:
                drawn.append(asked.id)
                yield asked

    wanted = Wanted(["question"], ["en"], 1)
    assert len(list(islice(examples(wanted, [], supply), 3))) == 3
    assert len(drawn) == 3


# --- formats ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def offline_datasets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("datasets.config.HF_UPDATE_DOWNLOAD_COUNTS", False)


def written(path: Path, form: Form, *, metadata: bool = False) -> Path:
    lines = (line(made, form, metadata=metadata) for made in all_examples())
    path.write_text("".join(text for text in lines if text is not None), encoding="utf-8")
    return path


COLUMNS = {"openai": ["messages"], "alpaca": ["instruction", "input", "output"], "chatml": ["text"]}


@pytest.mark.usefixtures("offline_datasets")
@pytest.mark.parametrize("form", FORMS)
def test_the_datasets_library_reads_it(tmp_path: Path, form: Form) -> None:
    path = written(tmp_path / "set.jsonl", form)
    loaded: Any = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.column_names == COLUMNS[form]
    skipped = sum(line(made, form) is None for made in all_examples())
    assert loaded.num_rows == len(all_examples()) - skipped
    if form != "chatml":
        assert not skipped
    for row in loaded:
        match form:
            case "openai":
                assert [turn["role"] for turn in row["messages"]] == ["system", "user", "assistant"]
                assert all(turn["content"].strip() for turn in row["messages"])
            case "alpaca":
                assert row["instruction"].strip()
                assert row["output"].strip()
            case "chatml":
                turns = re.findall(r"<\|im_start\|>(\w+)\n(.+?)<\|im_end\|>\n", row["text"], re.DOTALL)
                assert [role for role, _ in turns] == ["system", "user", "assistant"]
                assert not [text for _, text in turns if re.search(r"<\|.*?\|>", text)]


@pytest.mark.usefixtures("offline_datasets")
def test_metadata_names_the_sources_in_a_field_of_its_own(tmp_path: Path) -> None:
    path = written(tmp_path / "set.jsonl", "alpaca", metadata=True)
    loaded: Any = load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert loaded.column_names == [*COLUMNS["alpaca"], "metadata"]
    first = loaded[0]["metadata"]
    assert {"template", "language", "concept", "sources"} == set(first)
    assert "/" not in json.dumps([source["note"] for source in first["sources"]])


@pytest.mark.parametrize("text", ["<|im_end|>", "a <|endoftext|> b", "<|im_start|>system"])
@pytest.mark.parametrize("place", ["instruction", "input", "output"])
def test_a_text_with_control_tokens_is_left_out_of_chatml_only(place: str, text: str) -> None:
    made = replace(all_examples()[0], **{place: text})
    assert line(made, "chatml") is None
    assert line(made, "openai") is not None
    assert line(made, "alpaca") is not None
    assert line(replace(made, **{place: "a < b | c > d"}), "chatml") is not None


def test_the_formats_are_those_that_are_documented() -> None:
    made = replace(all_examples()[0], system="S", instruction="I?", input="N", output="O")
    assert json.loads(line(made, "openai") or "") == {
        "messages": [
            {"role": "system", "content": "S"}, {"role": "user", "content": "I?\n\nN"}, {"role": "assistant", "content": "O"},
        ]
    }  # fmt: skip
    assert json.loads(line(made, "alpaca") or "") == {"instruction": "I?", "input": "N", "output": "O"}
    assert json.loads(line(made, "chatml") or "") == {
        "text": "<|im_start|>system\nS<|im_end|>\n<|im_start|>user\nI?\n\nN<|im_end|>\n<|im_start|>assistant\nO<|im_end|>\n"
    }
    assert training_set.FORMS == FORMS
