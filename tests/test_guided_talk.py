"""A guided lesson in a chat, one message a turn, over the built-in notes: without a model, and with a scripted one."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from scripted_model import ScriptedModel
from small_atlas import embedded_atlas, judge, notes_atlas, of_tutor

from agents.atlas import Atlas
from agents.desk_list import take_back
from agents.events import Answer
from agents.guided_lesson import Lesson, open_lesson
from agents.guided_talk import is_reply
from agents.route import route
from knowledge.errors import UserMistake
from knowledge.index import Index
from tools.quiz.item import Item
from tools.quiz.response import LETTERS

Say = Callable[[str], Answer]


@pytest.fixture
def atlas(built_in: Index, tmp_path: Path) -> Generator[Atlas]:
    opened = notes_atlas(built_in, tmp_path)
    yield opened
    opened.examiner.close()


@pytest.fixture
def say(atlas: Atlas) -> Say:
    return lambda message: atlas.answer(message, "s")


def lesson(atlas: Atlas) -> Lesson:
    found = open_lesson(atlas.desk.history("s"))
    assert found is not None
    return found


def item(atlas: Atlas) -> Item:
    found = lesson(atlas).item
    assert found is not None
    return found


def key(asked: Item) -> str:
    """Returns what answers an item rightly."""
    match asked.type:
        case "cloze":
            return asked.accepted[0]
        case "numeric":
            assert asked.quantity is not None
            return f"{asked.quantity.value} {asked.quantity.unit}"
        case "matching":
            return " ".join(f"{n}{LETTERS[position]}" for n, position in enumerate(asked.key, 1))
        case _:
            return " ".join(LETTERS[position] for position in asked.key)


def wrong(asked: Item) -> str:
    """Returns what answers an item wrongly."""
    return LETTERS[(asked.key[0] + 1) % len(asked.options)] if asked.type == "single_choice" else "zzz"


def past_diagnosis(atlas: Atlas, say: Say, topic: str = "/guide qlora") -> Answer:
    answer = say(topic)
    while lesson(atlas).state == "probing":
        answer = say("I don't know")
    return answer


def at_a_choice(atlas: Atlas, say: Say) -> Item:
    """Goes on until a step asks a choice among several, with hints left to give."""
    past_diagnosis(atlas, say)
    for _ in range(30):
        asked = item(atlas)
        if asked.type == "single_choice" and len(asked.options) > 2 and asked.hints:
            return asked
        say("I don't know")
        if not atlas.desk.history("s")[-1].lesson:
            past_diagnosis(atlas, say)
    raise AssertionError("no step asked a choice")


@pytest.mark.parametrize(
    ("message", "topic"),
    [
        ("/guide KV cache", "KV cache"),
        ("Teach me PagedAttention step by step", "PagedAttention"),
        ("teach me about the KV cache, one step at a time.", "the KV cache"),
        ("Can you walk me through LoRA?", "LoRA"),
        ("Step by step: attention", "attention"),
        ("一步步教我 LoRA", "LoRA"),
        ("请一步一步地教我分页注意力", "分页注意力"),
        ("教我 KV 缓存，一步一步来", "KV 缓存"),
        ("循序渐进地教教我量化", "量化"),
    ],
)
def test_words_that_ask_for_a_lesson(message: str, topic: str) -> None:
    found = route(message)
    assert (found.journey, found.text) == ("guide", topic)


@pytest.mark.parametrize("message", ["Teach me LoRA", "How does decoding go step by step?", "教我 LoRA"])
def test_words_that_ask_for_an_answer(message: str) -> None:
    assert route(message).journey == "learn"


def test_a_lesson_begins_with_a_diagnosis_and_tells_the_way(atlas: Atlas, say: Say) -> None:
    first = say("/guide qlora")
    assert "QLoRA, step by step" in first.text
    assert "question 1 of 3" in first.text
    assert "I don't know" in first.next
    say("I don't know")
    say("I don't know")
    begun = say("I don't know")
    assert "Fine-tuning → LoRA → Floating-point formats → Quantization → QLoRA" in begun.text
    assert "Step 1 of 5: Fine-tuning" in begun.text
    assert "Before I explain" in begun.text
    assert [attempt.correct for attempt in atlas.examiner.store.attempts("me")] == [False] * 3


def test_what_the_diagnosis_shows_is_not_taught(atlas: Atlas, say: Say) -> None:
    say("/guide qlora")
    say("I don't know")
    say(key(item(atlas)))
    plan = say("skip")
    assert "You already showed: Quantization." in plan.text
    assert "quantization" not in lesson(atlas).steps


def test_it_asks_before_it_tells_and_teaches_from_the_notes(atlas: Atlas, say: Say) -> None:
    past_diagnosis(atlas, say)
    concept = lesson(atlas).steps[0]
    taught = say(key(item(atlas)))
    assert taught.text.startswith("**✓ Right.**")
    assert "### Fine-tuning" in taught.text
    assert concept in {citation.note for citation in taught.citations}
    assert {evidence.note for evidence in taught.evidence} == {concept}
    last = max(citation.n for citation in taught.citations)
    assert f"[{last}]" in taught.text
    assert taught.text.index("### Fine-tuning") < taught.text.index("Step ")


def test_a_wrong_answer_is_given_hints_one_by_one_and_then_the_answer(atlas: Atlas, say: Say) -> None:
    asked = at_a_choice(atlas, say)
    for hint in asked.hints:
        again = say(wrong(asked))
        assert "Not quite" in again.text
        assert hint in again.text
        assert asked.options[asked.key[0]] not in again.text.replace(hint, "")
        assert item(atlas) == asked
    shown = say(wrong(asked))
    assert f"✗ Not right. The answer: {LETTERS[asked.key[0]]}" in shown.text


def test_a_hint_that_is_asked_for_counts_as_one(atlas: Atlas, say: Say) -> None:
    asked = at_a_choice(atlas, say)
    assert asked.hints[0] in say("hint").text
    say(key(asked))
    assert atlas.examiner.store.attempts("me")[-1].hints == 1


def test_who_has_seen_all_hints_is_told_so_and_may_still_answer(atlas: Atlas, say: Say) -> None:
    asked = at_a_choice(atlas, say)
    for _ in asked.hints:
        say("hint")
    stored = len(atlas.examiner.store.attempts("me"))
    assert "There is no further hint." in say("hint").text
    assert (item(atlas), len(atlas.examiner.store.attempts("me"))) == (asked, stored)
    assert say(key(asked)).text.startswith("**✓")


def test_a_question_answered_again_after_the_chat_was_taken_back_is_practice(atlas: Atlas, say: Say) -> None:
    past_diagnosis(atlas, say)
    asked = item(atlas)
    first = say("I don't know")
    stored = atlas.examiner.store.attempts("me")
    take_back(atlas.desk, "s", "", [first.id])
    again = say(key(asked))
    assert again.text.startswith("**✓")
    assert "Practice: you have answered this question before" in again.text
    assert atlas.examiner.store.attempts("me") == stored


def test_a_try_after_a_hint_is_no_repetition(atlas: Atlas, say: Say) -> None:
    asked = at_a_choice(atlas, say)
    before = len(atlas.examiner.store.attempts("me"))
    say(wrong(asked))
    assert "Practice" not in say(key(asked)).text
    assert len(atlas.examiner.store.attempts("me")) == before + 2


@pytest.mark.parametrize(
    "words", ["I think it is a kind of memory", "maybe the one with the cache", "我觉得是让生成变快"]
)
def test_an_opinion_that_is_no_option_is_asked_for_again_and_not_looked_up(atlas: Atlas, say: Say, words: str) -> None:
    asked = at_a_choice(atlas, say)
    again = say(words)
    assert asked.options[0] in again.text
    assert item(atlas) == asked
    assert "A to" in again.text or "A–" in again.text or "letter" in again.text


def test_skip_leaves_the_step_and_stop_the_lesson(atlas: Atlas, say: Say) -> None:
    past_diagnosis(atlas, say)
    before = lesson(atlas).steps
    assert "Skipped: Fine-tuning." in say("skip").text
    assert lesson(atlas).steps == before[1:]
    stopped = say("stop")
    assert "We stop here" in stopped.text
    assert "Left out: Fine-tuning." in stopped.text
    assert "back on 20" in stopped.text
    assert not is_reply(lesson(atlas), "A")
    assert "Step 2 of 5" in say("go on with the lesson").text


def test_other_questions_are_answered_and_the_lesson_goes_on(atlas: Atlas, say: Say) -> None:
    past_diagnosis(atlas, say)
    asked = item(atlas)
    for question in ("What is vLLM?", "What is SGLang?", "What is a tokenizer?", "What is RAG?"):
        between = say(question)
        assert between.next[0] == "Go on with the lesson"
        assert between.citations
    assert item(atlas) == asked
    assert "Step 1 of 5" in say("continue").text
    assert say(key(asked)).text.startswith("**✓")


def test_a_lesson_outlives_the_program(atlas: Atlas, say: Say, built_in: Index, tmp_path: Path) -> None:
    past_diagnosis(atlas, say)
    asked = item(atlas)
    again = notes_atlas(built_in, tmp_path)
    assert "Step 1 of 5" in again.answer("/guide", "s").text
    assert again.answer(key(asked), "s").text.startswith("**✓")
    again.examiner.close()


def test_a_lesson_ends_with_what_was_shown_what_is_weak_and_the_reviews(atlas: Atlas, say: Say) -> None:
    answer = past_diagnosis(atlas, say)
    asked: set[str] = set()
    for turn in range(30):
        if not atlas.desk.history("s")[-1].lesson:
            break
        assert item(atlas).fact not in asked  # no question comes twice
        asked.add(item(atlas).fact)
        answer = say(key(item(atlas)) if turn % 4 else "show me")
    assert "You have come through to QLoRA" in answer.text
    assert "Not firm yet: " in answer.text
    assert "back on 20" in answer.text
    assert "Test me on QLoRA" in answer.next
    assert len(atlas.examiner.store.attempts("me")) == len(asked) + 3


def test_a_lesson_in_chinese_stays_chinese(atlas: Atlas, say: Say) -> None:
    assert "起点诊断" in say("一步步教我 LoRA").text
    while lesson(atlas).state == "probing":
        say("不知道")
    taught = say(key(item(atlas)))
    assert "正确" in taught.text
    assert {evidence.language for evidence in taught.evidence} == {"zh"}
    assert "先到这里" in say("结束").text


def test_a_bare_name_is_taught_in_the_language_of_the_page(atlas: Atlas) -> None:
    assert "起点诊断" in list(atlas.ask("/guide LoRA", "s", spoken="zh"))[-1].answer.text  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType] - Done


def test_a_quiz_in_between_takes_the_answers_until_it_is_over(atlas: Atlas, say: Say) -> None:
    past_diagnosis(atlas, say)
    asked = item(atlas)
    assert "Question 1 of 1" in say("/quiz 1 question on vLLM").text
    assert "The quiz is over" in say("I don't know").text
    assert item(atlas) == asked
    assert say(key(asked)).text.startswith("**✓")


def test_a_guided_session_begins_a_lesson_on_what_is_asked(atlas: Atlas) -> None:
    begun = atlas.answer("How does PagedAttention work?", "s", guided=True)
    assert "PagedAttention, step by step" in begun.text
    between = atlas.answer("What is vLLM?", "s", guided=True)
    assert "step by step" not in between.text
    assert atlas.answer("how to glaze medieval pottery", "other", guided=True).abstained


def test_a_lesson_on_what_the_notes_lack_is_refused(atlas: Atlas, say: Say) -> None:
    with pytest.raises(UserMistake, match="nothing on"):
        say("/guide medieval pottery glazes")
    assert "No lesson is open" in say("/guide").text


def test_with_a_model_the_tutor_teaches_in_one_call(built_in: Index, tmp_path: Path, model: ScriptedModel) -> None:
    atlas = embedded_atlas(built_in, tmp_path, model)
    sentence = "A neural network is a chain of layers that turn numbers into numbers."

    def tell(message: str) -> Answer:
        return atlas.answer(message, "s")

    past_diagnosis(atlas, tell, "/guide neural network")
    model.reply(sentence, when=of_tutor)
    judge(model)
    taught = tell(key(item(atlas)))
    assert sentence in taught.text
    assert taught.rung == "embedded"
    assert taught.usage.calls == 1
    atlas.examiner.close()


def test_a_tutor_that_invents_gives_way_to_the_notes(built_in: Index, tmp_path: Path, model: ScriptedModel) -> None:
    atlas = embedded_atlas(built_in, tmp_path, model)

    def tell(message: str) -> Answer:
        return atlas.answer(message, "s")

    past_diagnosis(atlas, tell, "/guide neural network")
    model.reply("Bananas ripen beside apples in a bowl.", when=of_tutor)
    judge(model, 0.01)
    taught = tell(key(item(atlas)))
    assert "Bananas" not in taught.text
    assert taught.text.startswith("**✓")
    assert "### Neural network" in taught.text
    assert "neural-network" in {citation.note for citation in taught.citations}
    assert taught.unsupported
    atlas.examiner.close()


def test_a_model_that_fails_leaves_the_lesson_whole(built_in: Index, tmp_path: Path, model: ScriptedModel) -> None:
    atlas = embedded_atlas(built_in, tmp_path, model)

    def tell(message: str) -> Answer:
        return atlas.answer(message, "s")

    past_diagnosis(atlas, tell, "/guide neural network")
    model.reply("A neural", when=of_tutor, status=500)
    taught = tell(key(item(atlas)))
    assert taught.text.startswith("**✓")
    assert taught.rung == "notes"
    assert taught.notices
    atlas.examiner.close()
