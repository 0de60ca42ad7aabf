from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.frontmatter import Fault, Head, read

COMPLETE = """\
---
id: vllm
title: {en: vLLM, zh: vLLM}
kind: tool
stage: inference
aliases: [v-LLM]
summary:
  en: vLLM serves language models.   # a comment
  zh: "vLLM 用于部署🙂大模型。"
prerequisites: [kv-cache]
relations:
  - {type: implements, target: paged-attention}
  - {type: alternative_to, target: sglang, note: when prefixes are shared a lot}
tool: {tasks: [serve-models], runs_on: [nvidia-gpu], platforms: [linux], licence: Apache-2.0, first_command: vllm serve}
sources: [https://docs.vllm.ai]
checked: 2026-11-22
---
# vLLM
"""


def head(text: str, own: bool = False) -> Head:
    found = read(text, own=own)
    assert isinstance(found, Head), found
    return found


def faults(fields: str, own: bool = False) -> list[Fault]:
    found = read(f"---\n{fields}\n---\nText.", own=own)
    assert isinstance(found, list), found
    return found


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["LF", "CR LF", "CR"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no BOM", "BOM"])
def test_a_complete_head_is_read_with_any_line_ending(ending: str, mark: str) -> None:
    text = mark + COMPLETE.replace("\n", ending)
    found = head(text)
    assert found.values.id == "vllm"
    assert found.values.checked == date(2026, 11, 22)
    assert [relation.target for relation in found.values.relations] == ["paged-attention", "sglang"]
    assert found.values.tool is not None
    assert found.values.tool.tasks == ("serve-models",)
    assert text[found.body_start :].startswith("# vLLM")
    assert {key: text[start:end] for key, (start, end) in found.summary_spans.items()} == {
        "en": "vLLM serves language models.",
        "zh": "vLLM 用于部署🙂大模型。",
    }


@pytest.mark.parametrize(
    ("text", "body"),
    [
        pytest.param("# Title", "# Title", id="no head"),
        pytest.param("\ufeff# Title", "# Title", id="no head but a BOM"),
        pytest.param("", "", id="nothing"),
        pytest.param("---\n---\nText", "Text", id="an empty head"),
        pytest.param("---\n# comment\n---\nText", "Text", id="only a comment"),
        pytest.param("---\n\nText after a rule.", "---\n\nText after a rule.", id="a rule, not a head"),
        pytest.param("---\ntitle: x\n---", "", id="a head and nothing else"),
    ],
)
def test_what_is_left_out_has_a_default(text: str, body: str) -> None:
    found = head(text, own=True)
    assert text[found.body_start :] == body
    assert (found.values.kind, found.values.relations) == ("concept", ())


@pytest.mark.parametrize("value", ["one: two", "|\n  several\n  lines", ">\n  folded\n  lines"], ids=["map", "|", ">"])
def test_a_summary_that_does_not_stand_in_the_file_letter_by_letter_has_no_span(value: str) -> None:
    if value == "one: two":
        assert faults("summary: {en: one: two}")
    else:
        assert head(f"---\nsummary: {value}\n---\n").summary_spans == {}


@pytest.mark.parametrize(
    ("fields", "line", "message", "remedy"),
    [
        pytest.param("a: b: c", 2, "does not parse: mapping values are not allowed", "Quote", id="two colons"),
        pytest.param("id: x\ntitle: [a", 4, "does not parse", "Quote", id="an open bracket"),
        pytest.param("id: x\n\tkind: tool", 3, "does not parse", "Quote", id="a tab"),
        pytest.param("id: x\x01", 1, "control characters are not allowed", "control", id="a control character"),
        pytest.param("checked: 2026-13-01", 1, "month must be in 1..12", "dates", id="no such month"),
        pytest.param("id: x\nchecked: soon", 3, "checked: Input should be a valid date", "format", id="no date"),
        pytest.param("- id: x", 2, "the head is a list, not a mapping", "field: value", id="a list"),
        pytest.param("just words", 2, "the head is a single value", "field: value", id="words"),
        pytest.param("id: x\nkindd: tool", 3, "unknown field 'kindd'", "'kind'", id="an unknown field"),
        pytest.param("tool: {task: []}", 2, "unknown field 'tool.task'", "'tasks'", id="an unknown field of tool"),
        pytest.param("strategy: x", 2, "unknown field 'strategy'", "Remove", id="a field like nothing of ours"),
        pytest.param("id: x\nkind: tol", 3, "'tol' is not a known kind; did you mean 'tool'?", "", id="a kind"),
        pytest.param("stage: cooking", 2, "use one of: foundations", "", id="a stage like none"),
        pytest.param(
            "relations:\n  - {type: uses, target: a}\n  - {type: usess, target: b}", 4, "did you mean 'uses'?", "",
            id="a relation type",
        ),
        pytest.param("relations: [{type: uses}]", 2, "relations.0.target: Field required", "", id="no target"),
        pytest.param("tool:\n  tasks:\n    - serve-model", 4, "did you mean 'serve-models'?", "", id="a task"),
        pytest.param("tool: {runs_on: [nvidia]}", 2, "did you mean 'nvidia-gpu'?", "", id="hardware"),
        pytest.param("pitfall:\n  signatures: []", 3, "pitfall.signatures: Tuple should have at least 1 item", "", id="no signature"),
        pytest.param(
            "pitfall:\n  signatures:\n    - 'Error: <*>'", 4, "'Error: <*>' would match too many logs", "",
            id="a signature of any log",
        ),
        pytest.param("tool: {platforms: [linus]}", 2, "did you mean 'linux'?", "", id="a platform"),
        pytest.param("id: My Note", 2, "'My Note' is no id", "", id="an id with a space"),
        pytest.param("id: 42", 2, "id: Input should be a valid string", "", id="a number for an id"),
        pytest.param("title: 3", 2, "title: is no text", "quote numbers", id="a number for a title"),
        pytest.param("title:\n  en: 3", 3, "title.en: is no text", "quote numbers", id="a number for an English title"),
        pytest.param("summary: {fr: x}", 2, "unknown field 'summary.fr'", "Remove", id="a language of no ours"),
        pytest.param("sources: [docs.vllm.ai]", 2, "begins with https://", "", id="a source without a scheme"),
        pytest.param("kind: tool\nid: a\nkind: tool", 4, "'kind' stands twice", "Keep one", id="a field twice"),
        pytest.param("1: x", 2, "Keys should be strings", "", id="a number for a field"),
        pytest.param("title: &a [*a]", 2, "title: is no text", "", id="an anchor in itself"),
        pytest.param("title: !!python/name:os.system x", 2, "does not parse", "", id="a Python tag"),
    ],
)  # fmt: skip
def test_a_fault_names_line_and_remedy(fields: str, line: int, message: str, remedy: str) -> None:
    (fault,) = faults(fields)
    assert fault.line == line
    assert message in fault.message
    assert "\n" not in fault.message
    assert remedy in fault.remedy


def test_all_faults_are_reported_at_once_in_the_order_of_their_lines() -> None:
    assert [fault.line for fault in faults("kind: tol\nstage: cooking\nid: A B")] == [2, 3, 4]


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("text", ["---\ntitle: x\n\n# Text", "---\r\ntitle: x\r\n", "\ufeff---\ntitle: x"])
def test_a_head_without_end_is_a_fault(text: str, own: bool) -> None:
    assert read(text, own=own) == [Fault(1, "the YAML head has no end.", "Close it with a line of three hyphens.")]


def test_own_notes_may_carry_fields_of_other_programs() -> None:
    fields = "tags: [a, b]\ncssclasses: wide\nrating: 5\nsource: a book\naliases: one name\ntitle: T\nstage:"
    found = head(f"---\n{fields}\n---\n", own=True)
    assert found.given == {"aliases", "title"}
    assert found.values.aliases == ("one name",)
    assert [fault.line for fault in faults(fields)][:2] == [2, 3]


def test_own_notes_may_not_write_a_field_of_ours_wrongly() -> None:
    (fault,) = faults("prerequisite: [kv-cache]", own=True)
    assert fault.remedy == "Did you mean 'prerequisites'?"


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=80), st.booleans())
def test_any_head_is_read_or_refused(fields: str, own: bool) -> None:
    text = f"---\n{fields}\n---\nbody"
    found = read(text, own=own)
    if isinstance(found, Head):
        assert 0 <= found.body_start <= len(text)
    else:
        assert all(fault.line >= 1 and fault.message for fault in found)
