import pytest

from knowledge.vocabulary import Language
from learner.pace import TimeLeft
from ui.progress_time import time_text


@pytest.mark.parametrize(
    ("days", "language", "told"),
    [
        pytest.param((3, 9), "en", "3–9 days left", id="days"),
        pytest.param((1, 1), "en", "1 day left", id="one day"),
        pytest.param((9, 30), "en", "1–5 weeks left", id="weeks"),
        pytest.param((40, 130), "en", "1–5 months left", id="months"),
        pytest.param((21, None), "en", "At least 3 weeks left", id="no end in sight"),
        pytest.param((9, 30), "zh", "还需1–5 周", id="Chinese"),
    ],
)
def test_time_is_told_as_a_range_in_a_unit_that_suits_it(
    days: tuple[int, int | None], language: Language, told: str
) -> None:
    assert told in time_text(TimeLeft((8, 20), (5, 9), *days, None), language)


@pytest.mark.parametrize(
    ("minutes", "told"),
    [
        pytest.param((4, 10), "about 4–10 minutes of answering", id="minutes"),
        pytest.param((80, 200), "about 1–4 hours of answering", id="hours"),
        pytest.param(None, "8–20 answers.", id="never timed"),
    ],
)
def test_the_answers_and_the_minutes_they_take_are_told_with_it(minutes: tuple[int, int] | None, told: str) -> None:
    text = time_text(TimeLeft((8, 20), (5, 9), 10, 20, minutes), "en")
    assert told in text
    assert "5–9 answers a week" in text


def test_what_cannot_be_told_yet_is_not_told() -> None:
    assert "Not enough data yet" in time_text(None, "en")
    assert "数据不足" in time_text(None, "zh")
