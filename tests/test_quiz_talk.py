"""A quiz in a chat, one message a turn, over the built-in notes and without a model."""

from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from small_atlas import notes_atlas

from agents.atlas import Atlas
from agents.desk_list import take_back
from agents.events import Answer
from agents.sitting import Sitting, open_sitting
from knowledge.errors import UserMistake
from knowledge.index import Index
from tools.quiz.item import key_of

Say = Callable[[str], Answer]


@pytest.fixture
def atlas(built_in: Index, tmp_path: Path) -> Generator[Atlas]:
    opened = notes_atlas(built_in, tmp_path)
    yield opened
    opened.examiner.close()


@pytest.fixture
def say(atlas: Atlas) -> Say:
    return lambda message: atlas.answer(message, "s")


def sitting(atlas: Atlas, session: str = "s") -> Sitting:
    found = open_sitting(atlas.desk.history(session))
    assert found is not None
    return found


def letters(atlas: Atlas) -> str:
    return " ".join("ABCDEFGH"[position] for position in sitting(atlas).items[0].key)


def choose(say: Say, atlas: Atlas, topic: str = "/quiz inference") -> None:
    """Begins quizzes until one begins with a choice."""
    for _ in range(20):
        say(topic)
        if sitting(atlas).items[0].type in {"single_choice", "true_false", "reading"}:
            return
    raise AssertionError("no quiz began with a choice")


def test_a_quiz_asks_grades_and_sums_up(atlas: Atlas, say: Say) -> None:
    choose(say, atlas)
    first = sitting(atlas).items[0]
    right = say(letters(atlas))
    assert right.text.startswith("**✓ Right.**")
    assert [c.quote for c in right.citations] == [c.quote for c in first.citations]
    assert "Question 2 of 5" in right.text
    while sitting(atlas).items and sitting(atlas).asked < 4:
        say("I don't know")
    last = say("I don't know")
    assert "The quiz is over: 1 of 5 right." in last.text
    assert len(atlas.examiner.store.attempts("me")) == 5


def test_a_wrong_choice_is_told_the_key_and_may_be_overruled(atlas: Atlas, say: Say) -> None:
    choose(say, atlas)
    item = sitting(atlas).items[0]
    wrong = say("ABCDEFGH"[(item.key[0] + 1) % len(item.options)])
    assert wrong.text.startswith("**✗ Not right.")
    assert str(key_of(item)) in wrong.text
    assert "I was right" in wrong.next
    overruled = say("I was right")
    assert "counts as right" in overruled.text
    assert [(a.correct, a.grader) for a in atlas.examiner.store.attempts("me")] == [(True, "learner")]
    assert "no wrong answer" in say("I was right").text


def test_hints_are_counted(atlas: Atlas, say: Say) -> None:
    choose(say, atlas)
    hint = say("hint")
    assert sitting(atlas).items[0].hints[0] in hint.text
    say(letters(atlas))
    assert atlas.examiner.store.attempts("me")[0].hints == 1


def test_another_question_interrupts_the_quiz_and_does_not_end_it(atlas: Atlas, say: Say) -> None:
    choose(say, atlas)
    asked = sitting(atlas).items[0]
    assert "PagedAttention" in say("What is PagedAttention?").text
    assert sitting(atlas).items[0] == asked
    assert say(letters(atlas)).text.startswith("**✓")


def test_a_quiz_outlives_the_program(atlas: Atlas, say: Say, built_in: Index, tmp_path: Path) -> None:
    choose(say, atlas)
    again = notes_atlas(built_in, tmp_path)
    assert again.answer(letters(atlas), "s").text.startswith("**✓")
    again.examiner.close()


def test_skip_asks_the_next_and_stop_ends(atlas: Atlas, say: Say) -> None:
    choose(say, atlas)
    second = sitting(atlas).items[1]
    say("skip")
    assert sitting(atlas).items[0] == second
    assert "0 of 0 right" in say("stop").text
    assert open_sitting(atlas.desk.history("s")) is None
    assert atlas.examiner.store.attempts("me") == []


def test_in_chinese_a_letter_stays_chinese(atlas: Atlas, say: Say) -> None:
    choose(say, atlas, "考考我 推理")
    assert "正确" in say(letters(atlas)).text


def test_what_is_no_answer_is_refused_and_asked_again(atlas: Atlas, say: Say) -> None:
    choose(say, atlas)
    asked = sitting(atlas).items[0]
    assert "'Z'" in say("Z").text
    assert sitting(atlas).items[0] == asked


def test_sessions_and_learners_are_apart(atlas: Atlas, say: Say) -> None:
    choose(say, atlas)
    key = letters(atlas)
    other = atlas.answer("B", "another", learner="ann")
    assert "✓" not in other.text
    assert "✗" not in other.text
    atlas.answer(key, "s", learner="ann")
    assert [len(atlas.examiner.store.attempts(name)) for name in ("me", "ann")] == [0, 1]


def test_without_notes_on_it_a_quiz_is_refused_as_a_question_is(atlas: Atlas) -> None:
    with pytest.raises(UserMistake, match="nothing on"):
        atlas.answer("/quiz medieval pottery glazes", "s")


def test_the_record_is_told_in_chat(atlas: Atlas, say: Say) -> None:
    assert "not answered any question" in say("/progress").text
    choose(say, atlas)
    say(letters(atlas))
    assert "1 answers, 1 right" in say("/progress").text
    path = say("/path qlora").text
    assert path.index("LoRA") < path.rindex("QLoRA")
    assert say("我接下来该学什么？").text.startswith("接下来可以学")
    assert "Nothing is due" in say("/review").text


def test_an_answer_given_again_is_practice_and_may_still_be_overruled(atlas: Atlas, say: Say) -> None:
    choose(say, atlas)
    first = sitting(atlas).items[0]
    wrong = "ABCDEFGH"[(first.key[0] + 1) % len(first.options)]
    answered = say(wrong)
    (stored,) = atlas.examiner.store.attempts("me")
    take_back(atlas.desk, "s", "", [answered.id])
    again = say(wrong)
    assert "Practice: you have answered this question before" in again.text
    assert atlas.examiner.store.attempts("me") == [stored]
    say("I was right")
    assert [attempt.correct for attempt in atlas.examiner.store.attempts("me")] == [True]
