"""What stands behind the Quiz page: links, what is entered, the sitting, and what its parts hold before the answer."""

import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from urllib.parse import urlsplit

import pytest
import quiz_school as items

from agents.quizzing import Outcome
from agents.stop import Stop, Stoppable
from knowledge.errors import ModelFailed
from learner.mastery import Mastery
from tools.quiz.grading import grade
from tools.quiz.item import Item
from tools.quiz.quiz import Quiz
from tools.quiz.response import response_of
from tools.quiz.wish import Wish
from ui.quiz_card import words
from ui.quiz_feedback import day_words
from ui.quiz_form import begins, query_of, sitting_named, wish_of
from ui.quiz_response import Given, given_from, is_complete, words_of
from ui.quiz_screen import item_screen
from ui.quiz_sitting import Place, Sitting, Sittings, View
from ui.quiz_writing import Writings

UNKNOWN = Mastery(0.0, 0.0, 0.3, 0.0, 0, 0, 0.0)
KEYS: dict[str, Given] = {
    "single": Given((1,)), "multiple": Given((0, 2)), "truth": Given((1,), "it wastes less than 4 percent"),
    "cloze": Given(text="sixteen"), "numeric": Given(text="0.262 GB"),
    "short": Given(text="Only the last block can be empty"), "matching": Given((1, 0, 2)),
    "ordering": Given((2, 1, 0)), "reading": Given((0,)), "plot": Given((2,)),
}  # fmt: skip


def sitting(*asked: Item) -> Sitting:
    return Sitting(Quiz("q", "vLLM", ("vllm",), asked or items.ALL), Wish())


def graded(place: Place, given: Given) -> Outcome:
    found = grade(place.item, response_of(place.item, words_of(given, place.item)))
    return Outcome("a", found, UNKNOWN, UNKNOWN, datetime(2026, 11, 23, 12, tzinfo=UTC))


@pytest.mark.parametrize(
    "wish",
    [
        Wish("vllm"),
        Wish("KV 缓存 & more", n=20, level=3, types=("single_choice", "numeric"), language="zh"),
        Wish(source="due", n=10),
        Wish(source="weak"),
    ],
    ids=["a note", "free words", "due", "weak"],
)
def test_a_link_restores_the_wish(wish: Wish) -> None:
    query = query_of(wish)
    assert wish_of(query, wish.language) == wish
    assert begins(query)
    assert urlsplit(query).query.startswith("place=quiz")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?place=quiz&n=lots&level=9&type=x&source=y",
        "?" + "&".join(f"a{n}=1" for n in range(99)),
        "?place=quiz&quiz=../x",
    ],
    ids=["empty", "no choices", "too many fields", "no id"],
)
def test_a_link_that_says_nothing_of_use_gives_the_usual(query: str) -> None:
    assert wish_of(query, "en") == Wish()
    assert not begins(query)
    assert sitting_named(query) == ""


@pytest.mark.parametrize(("n", "made"), [("0", 1), ("7", 7), ("999", 50)])
def test_the_number_of_a_link_stays_possible(n: str, made: int) -> None:
    assert wish_of(f"?topic=x&n={n}", "en").n == made


@pytest.mark.parametrize("item", items.ALL, ids=[item.id for item in items.ALL])
def test_what_is_entered_is_graded_as_it_was_meant(item: Item) -> None:
    given = KEYS[item.id]
    assert is_complete(given, item)
    assert not is_complete(Given(), item)
    assert grade(item, response_of(item, words_of(given, item))).correct


@pytest.mark.parametrize(
    "sent",
    [{"chosen": "1"}, {"chosen": [99]}, {"chosen": [None, {}, "x"]}, {"chosen": [-2]}, {"text": 5}, {}],
    ids=["a text", "no such option", "no numbers", "negative", "a number", "nothing"],
)
def test_what_no_card_can_have_sent_is_left_out(sent: dict[str, object]) -> None:
    assert given_from(sent, items.SINGLE) == Given()


def test_an_answer_that_comes_from_many_sides_at_once_is_graded_once() -> None:
    taken, calls, begun = sitting(), list[int](), threading.Barrier(8)

    def answer() -> View:
        begun.wait()
        return taken.answer(0, Given((1,)), lambda place, _: calls.append(1) or graded(place, Given((1,))))

    with ThreadPoolExecutor(8) as pool:
        views = [running.result() for running in [pool.submit(answer) for _ in range(8)]]
    assert calls == [1]
    assert all(view.places[0].outcome is not None for view in views)


def test_what_comes_late_changes_nothing() -> None:
    taken = sitting(items.SINGLE, items.CLOZE)
    assert taken.go_on(0).at == 0
    taken.answer(0, Given((0,)), lambda place, _: graded(place, Given((0,))))
    assert taken.hint(0).place.hints == 0
    assert taken.go_on(0).at == 1
    assert taken.go_on(0).at == 1
    late = taken.answer(0, Given((1,)), lambda place, _: graded(place, Given((1,))))
    assert late.places[0].given == Given((0,))


def test_an_item_that_is_written_takes_the_last_place_nobody_has_seen() -> None:
    taken = sitting(items.SINGLE, items.CLOZE, items.SHORT)
    written = [items.item(f"w{n}", type="cloze", stem="____", accepted=("x",), origin="model") for n in range(3)]
    assert [taken.take(item) for item in written] == [True, True, False]
    assert [place.item.id for place in taken.view.places] == ["single", "w1", "w0"]


def test_a_page_that_is_left_ends_what_is_written_for_it() -> None:
    taken, writings, asked, closed = sitting(*items.ALL), Writings(), threading.Semaphore(0), threading.Event()

    def write(stop: Stop) -> Generator[Item]:
        try:
            for n in range(100):
                asked.acquire()
                if stop.is_set:  # as whatever asks a model does
                    return
                yield items.item(f"w{n}", type="cloze", stem="____", accepted=("x",), origin="model")
        finally:
            closed.set()

    writings.begin("page", taken, Stoppable(write))
    asked.release()
    while taken.view.places[-1].item.id != "w0":
        time.sleep(0.01)
    writings.stop("page")
    asked.release()
    assert closed.wait(10)
    assert sum(place.item.origin == "model" for place in taken.view.places) == 1


def test_a_model_that_fails_leaves_the_items_made_by_code() -> None:
    taken, writings, failed = sitting(*items.ALL), Writings(), threading.Event()

    def write(stop: Stop) -> Generator[Item]:
        failed.set()
        raise ModelFailed("the endpoint is down.")
        yield items.SINGLE

    writings.begin("page", taken, Stoppable(write))
    assert failed.wait(10)
    assert [place.item for place in taken.view.places] == list(items.ALL)


def test_time_away_is_not_counted() -> None:
    now = [0.0]
    taken, took = Sitting(Quiz("q", "", (), items.ALL), Wish(), lambda: now[0]), list[float | None]()

    def answer(at: int, later: float) -> None:
        now[0] += later
        taken.answer(at, Given((1,)), lambda place, seconds: took.append(seconds) or graded(place, Given((1,))))
        taken.go_on(at)

    answer(0, 7.5)
    answer(1, 3600)
    assert took == [7.5, None]


def test_a_sitting_is_found_by_its_learner_only_and_not_for_ever() -> None:
    kept, taken = Sittings(most=3, of_one=2), [sitting() for _ in range(4)]
    for one in taken[:3]:
        kept.add("Ada", one)
    kept.add("Grace", taken[3])
    assert kept.find("Ada", taken[0].view.id) is None
    assert kept.find("Ada", taken[2].view.id) is taken[2]
    assert kept.find("Grace", taken[2].view.id) is None
    assert kept.unfinished("Ada") == taken[2].view
    kept.forget("Ada")
    assert kept.unfinished("Ada") is None
    assert kept.find("Grace", taken[3].view.id) is taken[3]


@pytest.mark.parametrize("item", items.ALL, ids=[item.id for item in items.ALL])
def test_no_part_of_an_open_item_holds_its_key(item: Item) -> None:
    screen = item_screen(sitting(item).view, {}, "en", date(2026, 11, 22))
    shown = "".join(
        [screen.head, screen.stem, screen.form, screen.hints, screen.actions, screen.feedback, screen.after]
    )
    hidden = [items.SECRET, items.QUOTE, *item.hints, *item.accepted, *(one.why for one in item.misconceptions)]
    # A cloze whose key is a number shares it with the page's own markup.
    assert not [text for text in hidden if text in shown and text not in {"16"}]
    assert 'class="option right' not in screen.form


def test_what_others_wrote_is_shown_as_it_is() -> None:
    assert words(items.HOSTILE) == items.HOSTILE.replace("<", "&lt;").replace(">", "&gt;")
    assert words("use `x < y` here") == "use <code>x &lt; y</code> here"


@pytest.mark.parametrize(
    ("day", "told"),
    [(22, "today"), (23, "tomorrow"), (25, "in 3 days"), (20, "today")],
    ids=["today", "tomorrow", "later", "overdue"],
)
def test_a_day_is_told_as_seen_from_today(day: int, told: str) -> None:
    due = datetime(2026, 11, day, 12).astimezone()
    assert day_words(due, date(2026, 11, 22), "en") == told
