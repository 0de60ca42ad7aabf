"""Who may change what all readers share: the added notes and the pitfalls, also for requests that no button makes."""

import base64
import json
from collections.abc import Generator, Mapping
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from command_run import Command
from playwright.sync_api import Browser, expect
from served_page import served
from small_atlas import notes_atlas, small_index
from visits import BROWSER, Visits

from agents.atlas import Atlas
from knowledge.errors import UserMistake
from knowledge.shelf import Shelf
from knowledge.vocabulary import Language
from ui.auth import Accounts, accounts
from ui.auth_gate import COOKIE
from ui.keepers import EVERYONE, Keepers, keepers

SECRET = "correct horse battery"
_PEOPLE = accounts([f"ann:{SECRET}", f"ben:{SECRET}"])
_ALONE = Accounts({"ann": _PEOPLE.hashes["ann"]})
REFUSED = "only its keepers add and remove. Ask ann."
NOTE = "# Lunch\n\nLunch is served at noon.\n"

pytestmark = BROWSER[1:]  # its warnings; one test below opens Chromium


@pytest.mark.parametrize(
    ("admitted", "named", "kept_by"),
    [
        pytest.param(None, [], None, id="everyone, where there are no accounts"),
        pytest.param(_ALONE, [], {"ann"}, id="who is alone"),
        pytest.param(_PEOPLE, [], set[str](), id="nobody of several, unless named"),
        pytest.param(_PEOPLE, ["ann"], {"ann"}, id="who is named"),
        pytest.param(_PEOPLE, ["ann", "ben"], {"ann", "ben"}, id="all who are named"),
    ],
)
def test_the_keepers_are_those_who_are_named_or_alone(
    admitted: Accounts | None, named: list[str], kept_by: set[str] | None
) -> None:
    found = keepers(admitted, named)
    assert found == Keepers(None if kept_by is None else frozenset(kept_by))
    assert found.admit("ann") is (kept_by is None or "ann" in kept_by)
    assert found.admit(None) is (kept_by is None)


@pytest.mark.parametrize("admitted", [pytest.param(_PEOPLE, id="none of them"), pytest.param(None, id="no accounts")])
def test_a_keeper_needs_an_account(admitted: Accounts | None) -> None:
    with pytest.raises(UserMistake, match="--auth"):
        keepers(admitted, ["eve"])


@pytest.mark.parametrize(
    ("kept_by", "language", "said"),
    [
        pytest.param({"ann"}, "en", REFUSED, id="with a keeper"),
        pytest.param({"ann"}, "zh", "只有管理员可以添加和移除。请联系 ann。", id="in Chinese"),
        pytest.param(set[str](), "en", "Ask whoever runs this app.", id="without one"),
    ],
)
def test_others_are_told_whom_to_ask(kept_by: set[str], language: Language, said: str) -> None:
    with pytest.raises(UserMistake) as refused:
        Keepers(frozenset(kept_by)).check("ben")
    assert refused.value.told(language).endswith(said)
    EVERYONE.check(None)


def test_the_command_refuses_a_keeper_without_an_account(atlas: Command) -> None:
    refused = atlas("ui", "--auth", f"ann:{SECRET}", "--keeper", "eve")
    assert (refused.status, "'eve' has no account" in refused.err) == (2, True)


# --- over the network -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[str, Atlas]]:
    """The page over a team without a model, for two with an account, of whom one is a keeper."""
    home = tmp_path_factory.mktemp("kept")
    with ExitStack() as stack:
        team = notes_atlas(stack.enter_context(small_index(home)), home)
        kept_by = Keepers(frozenset({"ann"}))
        yield stack.enter_context(served(team, home, admitted=_PEOPLE, kept_by=kept_by)), team


def cookie(url: str, name: str) -> str:
    return httpx.post(f"{url}/login", data={"name": name, "password": SECRET}).cookies[COOKIE]


def sent(url: str, name: str, place: str, event: str, element: str, data: list[Any], value: object = None) -> str:
    """Makes a request of the page's own by hand, as somebody with an account; returns what came back."""
    with httpx.Client(base_url=url, cookies={COOKIE: cookie(url, name)}) as client:
        config: Mapping[str, Any] = client.get("/config").json()
        target = next(one["id"] for one in config["components"] if one["props"].get("elem_id") == f"{place}-{element}")
        call = next(one["id"] for one in config["dependencies"] if [target, event] in map(list, one["targets"]))
        body = {
            "fn_index": call, "data": data, "session_hash": "crafted", "event_data": {"value": json.dumps(value)},
        }  # fmt: skip
        answer = client.post("/gradio_api/run/predict", json=body)
        assert answer.status_code == 200, answer.text
        return answer.text


def uploaded(url: str, name: str) -> str:
    data = base64.b64encode(NOTE.encode()).decode()
    return sent(
        url, name, "notes", "select", "bridge", list[Any](({},)), {"do": "file", "name": "lunch.md", "data": data}
    )


def files(team: Atlas) -> list[str]:
    return [one.name for one in Shelf(team.index).files()]


def test_a_note_is_added_and_removed_by_a_keeper_alone(site: tuple[str, Atlas]) -> None:
    url, team = site
    assert REFUSED in uploaded(url, "ben")
    assert "lunch.md" not in files(team)
    assert "Added lunch.md" in uploaded(url, "ann")
    removal = {"do": "remove", "name": "lunch.md"}
    assert REFUSED in sent(url, "ben", "notes", "select", "bridge", list[Any](({},)), removal)
    assert "lunch.md" in files(team)
    assert "Removed lunch.md" in sent(url, "ann", "notes", "select", "bridge", list[Any](({},)), removal)
    assert "lunch.md" not in files(team)


def test_a_pitfall_is_added_and_removed_by_a_keeper_alone(site: tuple[str, Atlas]) -> None:
    url, team = site
    title, signature = "The lunch queue is stuck", "LunchQueueError: tray 7 of canteen-9 jammed"
    entered: list[Any] = [{}, "", [], title, signature, "A tray is stuck in canteen-9.", "Pull the tray out.", "", ""]
    assert REFUSED in sent(url, "ben", "fix", "click", "save", entered)
    assert team.mender.added == ()
    assert "Added: " in sent(url, "ann", "fix", "click", "save", entered)
    (note,) = team.mender.added
    removal = {"do": "remove", "pitfall": note.id}
    for wish in (removal, {"do": "form"}):
        assert REFUSED in sent(url, "ben", "fix", "select", "bridge", list[Any](({}, "")), wish)
    assert [one.id for one in team.mender.added] == [note.id]
    opened = {"do": "open", "query": f"?place=fix&pitfall={note.id}"}
    shown = {name: sent(url, name, "fix", "select", "bridge", list[Any](({}, "")), opened) for name in ("ann", "ben")}
    assert all(title in html for html in shown.values())
    assert ['data-fix=\\"remove\\"' in shown[name] for name in ("ann", "ben")] == [True, False]
    assert "Removed: " in sent(url, "ann", "fix", "select", "bridge", list[Any](({}, "")), removal)


# --- in the browser -------------------------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.parametrize(
    ("locale", "reason"),
    [pytest.param("en-US", "Ask ann.", id="English"), pytest.param("zh-CN", "请联系 ann。", id="Chinese")],
)
def test_others_see_the_reason_in_place_of_the_buttons(
    site: tuple[str, Atlas], browser: Browser, locale: str, reason: str
) -> None:
    url, _ = site
    visits = Visits(browser, url)
    with visits.watched():
        for name, may in (("ben", False), ("ann", True)):
            context = visits.context(locale)
            context.add_cookies([{"name": COOKIE, "value": cookie(url, name), "url": url}])
            page = visits.visit("?place=notes&own=1", "#notes-adding .adding", context)
            expect(page.locator("#notes-adding .drop")).to_have_count(int(may))
            expect(page.locator("#notes-adding .kept")).to_have_count(int(not may))
            if not may:
                expect(page.locator("#notes-adding .kept")).to_contain_text(reason)
            page.goto(f"{url}/?place=fix")
            expect(page.locator("#fix-own section")).to_be_visible()
            expect(page.locator("#fix-own [data-fix=form]")).to_have_count(int(may))
            expect(page.locator("#fix-own .kept")).to_have_count(int(not may))
