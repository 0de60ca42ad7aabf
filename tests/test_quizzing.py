"""The examiner over the built-in notes: what it asks, what it makes of answers, whose they are."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agents.ladder import Ladder
from agents.quizzing import Examiner
from knowledge.errors import UserMistake
from knowledge.graph import Graph
from knowledge.index import Index
from learner.store import AttemptStore
from tools.quiz.item import TYPES, Item, key_of
from tools.quiz.selection import alike
from tools.quiz.wish import Wish, wished


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def pass_days(self, days: float) -> None:
        self.now += timedelta(days=days)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def examiner(built_in: Index, tmp_path: Path, clock: Clock) -> Generator[Examiner]:
    ladder = Ladder(None, None, tmp_path)
    made = Examiner(
        built_in, lambda: Graph(built_in.library), ladder, lambda: AttemptStore(tmp_path, clock), clock=clock
    )
    yield made
    made.close()


def right_words(item: Item) -> str:
    """The key as a learner would type it."""
    match item.type:
        case "matching":
            return " ".join(f"{prompt}-{'ABCDEFGH'[option]}" for prompt, option in enumerate(item.key, 1))
        case "numeric":
            assert item.quantity is not None
            return f"{item.quantity.value} {item.quantity.unit}"
        case "cloze" | "short_answer":
            return item.accepted[0]
        case _:
            return " ".join("ABCDEFGH"[position] for position in item.key)


def wrong_words(item: Item) -> str:
    """An answer that is possible and wrong."""
    match item.type:
        case "matching":
            return " ".join(f"{p}-{'ABCDEFGH'[o]}" for p, o in enumerate((*item.key[1:], item.key[0]), 1))
        case "ordering":
            return " ".join("ABCDEFGH"[position] for position in reversed(item.key))
        case "numeric":
            assert item.quantity is not None
            return f"{item.quantity.value * 7 + 3} {item.quantity.unit}"
        case "cloze" | "short_answer":
            return "a large blue whale"
        case "multiple_choice":
            return "ABCDEFGH"[next(i for i in range(len(item.options)) if i not in item.key)]
        case _:
            return "ABCDEFGH"[(item.key[0] + 1) % len(item.options)]


@pytest.mark.parametrize(
    ("topic", "language", "concept"),
    [
        ("vLLM", "en", "vllm"),
        ("kv cache", "zh", "kv-cache"),
        ("how does LoRA save memory?", "en", "lora"),
        ("重排器有什么用", "zh", "reranking"),
    ],
)
def test_a_quiz_asks_about_what_was_named(examiner: Examiner, topic: str, language: str, concept: str) -> None:
    quiz = examiner.quiz(Wish(topic, language=language), "me")  # pyright: ignore[reportArgumentType]
    assert len(quiz.items) == 5
    assert concept in quiz.concepts
    for item in quiz.items:
        assert item.language == language
        if language == "zh":
            assert any("\u4e00" <= sign <= "\u9fff" for sign in item.stem), item.stem


def test_a_stage_and_everything_are_topics(examiner: Examiner) -> None:
    stage = examiner.quiz(Wish("评估", language="zh", n=8), "me")
    notes = examiner.material.graph.notes
    assert {notes[concept].stage for concept in stage.concepts} == {"evaluation"} or len(stage.concepts) == 1
    anything = examiner.quiz(Wish("", n=20), "me")
    assert len(anything.items) == 20
    assert len({notes[concept].stage for concept in anything.concepts}) >= 3


def test_off_the_ground_it_says_so_and_names_the_nearest(examiner: Examiner) -> None:
    with pytest.raises(UserMistake, match="nothing on 'medieval pottery glazes'") as refused:
        examiner.quiz(Wish("medieval pottery glazes"), "me")
    assert "nearest" in refused.value.remedy


def test_a_seed_makes_the_same_quiz_again_whatever_was_asked_since(examiner: Examiner) -> None:
    first = examiner.quiz(Wish("lora", seed=7), "me")
    for item in first.items:
        examiner.answer(item, right_words(item), "me")
    assert examiner.quiz(Wish("lora", seed=7), "me").items == first.items
    assert examiner.quiz(Wish("lora", seed=8), "me").items != first.items


def test_without_a_seed_nothing_is_asked_again_soon(examiner: Examiner) -> None:
    first = examiner.quiz(Wish("quantization"), "me")
    for item in first.items:
        examiner.answer(item, right_words(item), "me")
    second = examiner.quiz(Wish("quantization"), "me")
    assert not {item.fact for item in first.items} & {item.fact for item in second.items}
    someone_else = examiner.quiz(Wish("quantization", seed=1), "other")
    assert len(someone_else.items) == 5


@pytest.mark.parametrize("seed", range(6))
def test_a_quiz_has_variety_and_no_two_items_alike(examiner: Examiner, seed: int) -> None:
    quiz = examiner.quiz(Wish("inference", n=10, seed=seed), "me")
    assert len({item.type for item in quiz.items}) >= 4
    assert not any(alike(one, other) for i, one in enumerate(quiz.items) for other in quiz.items[:i])
    assert [item.level for item in quiz.items] == sorted(item.level for item in quiz.items)


@pytest.mark.parametrize("kind", TYPES)
def test_a_type_alone_can_be_asked_for(examiner: Examiner, kind: str) -> None:
    quiz = examiner.quiz(Wish("inference", n=3, types=(kind,), seed=1), "me")  # pyright: ignore[reportArgumentType]
    assert [item.type for item in quiz.items] == [kind] * 3


@pytest.mark.parametrize("level", [1, 2, 3])
def test_a_level_alone_can_be_asked_for(examiner: Examiner, level: int) -> None:
    quiz = examiner.quiz(Wish("fine-tuning", n=4, level=level, seed=1), "me")  # pyright: ignore[reportArgumentType]
    assert [item.level for item in quiz.items] == [level] * 4


def test_a_wish_that_no_item_meets_is_refused_with_the_remedy(examiner: Examiner) -> None:
    with pytest.raises(UserMistake, match="no item of matching") as refused:
        examiner.quiz(Wish("kv-cache", types=("matching",), origins=("calculator",)), "me")
    assert "wider topic" in refused.value.remedy


def test_every_key_is_graded_right_and_a_wrong_answer_wrong(examiner: Examiner) -> None:
    for language in ("en", "zh"):
        for item in examiner.quiz(Wish("", n=30, language=language, seed=3), "me").items:
            assert examiner.answer(item, right_words(item), "me").grade.correct, (item.type, key_of(item))
            assert not examiner.answer(item, wrong_words(item), "me").grade.correct, (item.type, key_of(item))


def test_an_answer_raises_mastery_and_sends_the_concept_days_ahead(examiner: Examiner, clock: Clock) -> None:
    item = examiner.quiz(Wish("vllm", seed=2), "me").items[0]
    first = examiner.answer(item, right_words(item), "me", seconds=12.5, quiz="q1")
    assert first.after.value > first.before.value
    assert first.due > clock.now + timedelta(days=1)
    (kept,) = examiner.store.attempts("me")
    assert (kept.id, kept.correct, kept.fact, kept.quiz) == (first.attempt, True, item.fact, "q1")
    assert kept.seconds == 12.5
    assert examiner.due("me") == []
    clock.pass_days(30)
    assert [due.concept for due in examiner.due("me")] == ["vllm"]
    assert examiner.quiz(Wish(source="due"), "me").concepts == ("vllm",)


def test_an_impossible_answer_is_refused_and_stores_nothing(examiner: Examiner) -> None:
    item = examiner.quiz(Wish("vllm", types=("single_choice",), seed=2), "me").items[0]
    with pytest.raises(UserMistake, match="'Z'"):
        examiner.answer(item, "Z", "me")
    assert examiner.store.attempts("me") == []


def test_a_learner_may_overrule_a_verdict_once_and_for_all(examiner: Examiner) -> None:
    item = examiner.quiz(Wish("vllm", seed=2), "me").items[0]
    wrong = examiner.answer(item, wrong_words(item), "me")
    outcome = examiner.overrule(wrong.attempt, "me")
    assert outcome.after.value > outcome.before.value
    assert examiner.store.attempts("me")[0].grader == "learner"
    with pytest.raises(UserMistake, match="no attempt"):
        examiner.overrule(wrong.attempt, "someone else")


def test_not_knowing_is_stored_as_such(examiner: Examiner) -> None:
    item = examiner.quiz(Wish("vllm", seed=2), "me").items[0]
    outcome = examiner.give_up(item, "me")
    assert outcome.grade.right
    assert [(a.correct, a.response) for a in examiner.store.attempts("me")] == [(False, "")]


def test_weak_spots_come_back_and_learners_do_not_mix(examiner: Examiner) -> None:
    assert examiner.quiz(Wish(source="weak"), "me").notices == ("There are no weak spots yet.",)
    for item in examiner.quiz(Wish("moe", n=3, seed=2), "me").items:
        examiner.answer(item, wrong_words(item), "me")
    weak = examiner.quiz(Wish(source="weak", n=4), "me")
    assert "mixture-of-experts" in weak.concepts
    assert examiner.quiz(Wish(source="weak"), "you").items == ()
    assert examiner.progress("you").attempts == 0
    assert examiner.progress("me").attempts == 3


def test_the_way_to_a_goal_ends_there_and_shrinks_with_what_is_known(examiner: Examiner, clock: Clock) -> None:
    steps = [step.concept for step in examiner.path("qlora", "me", "en")]
    assert steps[-1] == "qlora"
    assert steps.index("lora") < steps.index("qlora")
    prerequisites = examiner.material.graph.notes["lora"].prerequisites
    assert all(steps.index(one) < steps.index("lora") for one in prerequisites)
    for _ in range(8):
        for item in examiner.quiz(Wish("lora", n=4), "me").items:
            if item.concept == "lora":
                examiner.answer(item, right_words(item), "me")
        clock.pass_days(2)
    shorter = [step.concept for step in examiner.path("qlora", "me", "en") if step.state != "refresh"]
    assert "lora" not in shorter
    assert len(shorter) < len(steps)


def test_what_comes_next_names_a_note_and_why(examiner: Examiner) -> None:
    advice = examiner.next("me", (), "zh")
    assert advice
    assert all(one.concept in examiner.material.graph.notes and one.why for one in advice)


@pytest.mark.parametrize(
    ("words", "topic", "n", "level"),
    [
        ("5 questions LoRA", "LoRA", 5, None),
        ("3 items on KV cache, level 2", "on KV cache", 3, 2),
        ("10道 注意力", "注意力", 10, None),
        ("难度3 vLLM", "vLLM", 5, 3),
        ("qwen 3", "qwen 3", 5, None),
    ],
)
def test_a_wish_is_read_from_words(words: str, topic: str, n: int, level: int | None) -> None:
    wish = wished(words, "en")
    assert (wish.topic, wish.n, wish.level) == (topic, n, level)


@pytest.mark.parametrize("n", [0, 51, -3])
def test_an_impossible_number_of_items_is_refused(n: int) -> None:
    with pytest.raises(UserMistake, match="1 to 50"):
        Wish(n=n)
