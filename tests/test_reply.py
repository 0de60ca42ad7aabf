"""A reply keeps its sentences in their places; marks are added, and false sentences leave."""

import pytest

from agents.reply import Place, Reply, from_notes, plain
from knowledge.evidence import Evidence
from knowledge.vocabulary import Language


def passage(text: str, note: str = "vllm", start: int = 100, language: Language = "en") -> Evidence:
    return Evidence(note, "vLLM", "What it is", text, start, start + len(text), language, 1.0, "src", f"{note}.md")


PASSAGE = passage("vLLM serves models. vLLM uses PagedAttention. It was begun in 2023.")
FIRST, SECOND = Place(PASSAGE, 0, 19), Place(PASSAGE, 20, 45)


@pytest.mark.parametrize(
    ("text", "claims"),
    [
        ("vLLM serves models. It is fast indeed.", ["vLLM serves models.", "It is fast indeed."]),
        ("What do you think it does?", []),
        ("Yes. Quite so.", []),
        ("```python\nprint(1, 2, 3)\n```", []),
        ("**vLLM** serves `models` well [1].", ["vLLM serves models well ."]),
        ("LoRA 只训练低秩矩阵。你觉得为什么？", ["LoRA 只训练低秩矩阵。"]),
        ("", []),
    ],
    ids=["sentences", "question", "short", "code", "markup", "chinese", "empty"],
)
def test_claims_are_the_sentences_that_say_something(text: str, claims: list[str]) -> None:
    assert [claim for _, claim in Reply(text).claims] == claims


def test_supported_sentence_is_cited_with_its_exact_place() -> None:
    reply = Reply("vLLM serves models. vLLM relies on PagedAttention.")
    reply.judge(1, "supported", SECOND)
    assert reply.text() == "vLLM serves models. vLLM relies on PagedAttention. [1]"
    (citation,) = reply.citations
    assert (citation.n, citation.note, citation.start, citation.end) == (1, "vllm", 120, 145)
    assert citation.quote == "vLLM uses PagedAttention."


def test_two_sentences_on_one_place_share_a_number_and_numbers_follow_the_checks() -> None:
    reply = Reply("First claim is here. Second claim is here. Third claim is here.")
    reply.judge(2, "supported", FIRST)
    reply.judge(0, "supported", SECOND)
    reply.judge(1, "supported", FIRST)
    assert reply.text() == "First claim is here. [2] Second claim is here. [1] Third claim is here. [1]"
    assert [citation.n for citation in reply.citations] == [1, 2]


def test_contradicted_sentence_leaves_and_unsupported_one_is_marked() -> None:
    reply = Reply("vLLM serves models. vLLM is from 1999. vLLM likes tea.\n\nIt was begun in 2023.")
    reply.judge(0, "supported", FIRST)
    reply.judge(1, "contradicted", FIRST)
    reply.judge(2, "not_found", FIRST)
    assert reply.text() == "vLLM serves models. [1] vLLM likes tea. [?]\n\nIt was begun in 2023."
    assert reply.unsupported == ("vLLM is from 1999.", "vLLM likes tea.")
    assert reply.supported == 1


def test_unchecked_sentence_carries_no_mark() -> None:
    assert Reply(" vLLM serves models. ").text() == "vLLM serves models."


def test_chinese_marks_keep_clear_of_the_next_sentence() -> None:
    reply = Reply("LoRA 冻结权重矩阵。LoRA 训练低秩矩阵。")
    reply.judge(0, "supported", FIRST)
    reply.judge(1, "not_found", None)
    assert reply.text() == "LoRA 冻结权重矩阵。[1] LoRA 训练低秩矩阵。[?]"


def test_plain_text_has_no_markup() -> None:
    assert plain("**vLLM** serves\n`models` [1] # well") == "vLLM serves models well"


def test_answer_from_the_notes_cites_each_sentence_to_itself() -> None:
    reply = from_notes([PASSAGE])
    assert reply.text() == "vLLM serves models. [1] vLLM uses PagedAttention. [2] It was begun in 2023. [3]"
    assert [c.quote for c in reply.citations] == [
        "vLLM serves models.", "vLLM uses PagedAttention.", "It was begun in 2023.",
    ]  # fmt: skip
    for citation in reply.citations:
        assert PASSAGE.text[citation.start - 100 : citation.end - 100] == citation.quote


def test_answer_from_the_notes_says_nothing_twice_and_keeps_to_its_length() -> None:
    other = passage("vLLM serves models. Another point is made. A third point is made. A fourth one too.", "b")
    reply = from_notes([PASSAGE, other, passage("Much more is said here.", "c")], limit=4)
    assert reply.text().count("vLLM serves models.") == 1
    assert [citation.note for citation in reply.citations] == ["vllm", "vllm", "vllm", "b"]


def test_sentence_that_stands_twice_in_a_reply_is_cited_at_each_place() -> None:
    text = "vLLM serves models. vLLM serves models."
    reply = Reply(text)
    reply.judge(0, "supported", FIRST)
    reply.judge(1, "supported", SECOND)
    assert reply.text() == "vLLM serves models. [1] vLLM serves models. [2]"


def test_code_in_the_notes_stands_on_lines_of_its_own() -> None:
    coded = passage("Start the server so:\n\n```sh\nvllm serve m\n```")
    text = from_notes([coded]).text()
    assert "\n```sh\nvllm serve m\n```" in text
