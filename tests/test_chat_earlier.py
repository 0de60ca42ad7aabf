"""A long conversation: it is shown from its end, and its earlier turns come when they are wanted."""

import re
from collections.abc import Generator
from contextlib import ExitStack

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect
from served_page import served
from small_atlas import QUESTION, notes_atlas, small_index
from visits import BROWSER, Visits

from agents.desk import Turn as Asked
from ui.auth import accounts
from ui.auth_gate import COOKIE
from ui.chat import TURNS, Chats, Turn
from ui.chat_earlier import AT_A_TIME

pytestmark = BROWSER[1:]  # its warnings; the last tests open Chromium
SESSION, MANY = "a" * 32, 130
LEARNER, SECRET = "ann", "correct horse battery"


def turns(first: int, last: int) -> list[Turn]:
    return [Turn(f"t{n:03}", f"question {n}") for n in range(first, last)]


def names(found: tuple[Turn, ...]) -> list[str]:
    return [turn.id for turn in found]


def test_a_long_conversation_is_known_from_its_end() -> None:
    chats = Chats(turns=3)
    assert names(chats.restore("s", turns(0, 5))) == ["t002", "t003", "t004"]
    assert chats.has_earlier("s")
    assert not chats.has_earlier("other")


def test_earlier_turns_stand_before_those_that_are_known_and_none_twice() -> None:
    chats = Chats(turns=2)
    chats.restore("s", turns(0, 5))
    chats.extend("s", turns(1, 4), has_more=True)
    assert (names(chats.turns("s")), chats.has_earlier("s")) == (["t001", "t002", "t003", "t004"], True)
    chats.extend("s", turns(0, 1), has_more=False)
    assert (names(chats.turns("s")), chats.has_earlier("s")) == ([f"t00{n}" for n in range(5)], False)


def test_the_next_question_folds_earlier_turns_again() -> None:
    chats = Chats(turns=2)
    chats.restore("s", turns(0, 3))
    chats.extend("s", turns(0, 1), has_more=False)
    assert names(chats.put("s", Turn("new", "?"))) == ["t002", "new"]
    assert chats.has_earlier("s")


def test_a_forgotten_conversation_has_nothing_earlier() -> None:
    chats = Chats(sessions=1, turns=1)
    chats.restore("s", turns(0, 2))
    chats.put("other", Turn("new", "?"))
    assert (chats.turns("s"), chats.has_earlier("s")) == ((), False)


# --- in the browser -------------------------------------------------------------------------------------------------

# A new page scrolls to its end while it is being drawn: until then nobody reads.
_TO_THE_TOP = """async (box) => {
  for (let calm = 0; calm < 10; calm += 1) {
    if (box.scrollTop !== 0) [box.scrollTop, calm] = [0, 0];
    await new Promise((done) => setTimeout(done, 100));
  }
}"""


@pytest.fixture(scope="module")
def opened(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Generator[Visits]:
    """The page over a team without a model, whose only learner has had a conversation of many turns."""
    home = tmp_path_factory.mktemp("long")
    with ExitStack() as stack:
        atlas = notes_atlas(stack.enter_context(small_index(home)), home)
        for n in range(MANY):
            words = "\n\n".join(f"Sentence {k} of answer {n} is here to be read." for k in range(4))
            atlas.desk.remember(SESSION, Asked(f"{n:012}", f"Question number {n}", "", words), LEARNER)
        yield Visits(browser, stack.enter_context(served(atlas, home, admitted=accounts([f"{LEARNER}:{SECRET}"]))))


@pytest.fixture
def visits(opened: Visits) -> Generator[Visits]:
    with opened.watched():
        yield opened


def long_page(visits: Visits, language: str = "en-US") -> Page:
    """Opens the long conversation, as its learner."""
    context = visits.context(language)
    login = httpx.post(f"{visits.url}/login", data={"name": LEARNER, "password": SECRET})
    context.add_cookies([{"name": COOKIE, "value": login.cookies[COOKIE], "url": visits.url}])
    page = visits.visit(f"?session={SESSION}", "#earlier button", context)
    expect(page.locator("#chat").get_by_text(f"Question number {MANY - 1}", exact=True)).to_be_visible()
    return page


def asked(page: Page) -> list[int]:
    said = page.locator("#chat [data-testid=user]").all_inner_texts()
    return [int(found[1]) for text in said if (found := re.search(r"number (\d+)", text))]


def bring(page: Page, first: int) -> None:
    """Asks for earlier turns, and waits until the first of them is there."""
    page.locator("#earlier button").click()
    expect(page.locator("#chat").get_by_text(f"Question number {first}", exact=True)).to_be_attached()


@pytest.mark.browser
def test_what_is_being_read_stays_where_it_is(visits: Visits) -> None:
    page = long_page(visits, "zh-CN")
    expect(page.locator("#earlier button")).to_have_text("显示更早的问题")
    first = asked(page)[0]
    page.locator("#chat .bubble-wrap").evaluate(_TO_THE_TOP)
    read = page.locator("#chat").get_by_text(f"Question number {first + 1}", exact=True)
    before = read.bounding_box()
    bring(page, first - AT_A_TIME)
    page.wait_for_timeout(1000)
    after = read.bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) <= 2


@pytest.mark.browser
def test_earlier_turns_come_in_order_until_the_first_and_fold_at_the_next_question(visits: Visits) -> None:
    page = long_page(visits)
    first = asked(page)[0]
    while first > 0:
        first = max(0, first - AT_A_TIME)
        bring(page, first)
        assert asked(page) == list(range(first, MANY))
    expect(page.locator("#earlier button")).to_have_count(0)
    page.locator("#box textarea").fill(QUESTION)
    page.locator("#box textarea").press("Enter")
    expect(page.locator("#earlier button")).to_have_text("Show earlier questions")
    assert asked(page) == list(range(MANY - TURNS + 1, MANY))
