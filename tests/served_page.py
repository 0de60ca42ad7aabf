"""The page on a port of this machine, over a team that is open already.

with served(atlas, home) as url:
    httpx.get(url)
"""

import os
import threading
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agents.atlas import Atlas
from agents.ladder import State
from learner.feedback import FeedbackStore
from ui.app import application, keep_gradio_quiet, listening, server
from ui.auth import Accounts
from ui.guard import LOOPBACK
from ui.header import Opening
from ui.keepers import Keepers

keep_gradio_quiet(os.environ)

from ui.page import Page  # noqa: E402 - after the above

# Chromium without a screen, and without looking for anything outside.
FLAGS = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
]  # fmt: skip


@dataclass(frozen=True)
class OpenTeam:
    """A team that is open from the start."""

    team: Atlas

    def atlas(self, timeout_s: float) -> Atlas | None:
        return self.team

    @property
    def opening(self) -> Opening:
        return Opening(is_open=True)

    @property
    def state(self) -> State | None:
        return self.team.ladder.state


def page_over(
    atlas: Atlas, home: Path, *, named_learners: bool = False, accounts: bool = False, kept_by: Keepers | None = None
) -> Page:
    team = OpenTeam(atlas)
    return Page(team, FeedbackStore(home), named_learners=named_learners, accounts=accounts, keepers=kept_by)


@contextmanager
def served(
    atlas: Atlas, home: Path, *, named_learners: bool = False, admitted: Accounts | None = None,
    kept_by: Keepers | None = None,
) -> Generator[str]:  # fmt: skip
    """Serves the page until the block ends, to everyone or to those with an account; gives its address."""
    page = page_over(atlas, home, named_learners=named_learners, accounts=admitted is not None, kept_by=kept_by)
    hosts = LOOPBACK if admitted is None else None
    with listening("127.0.0.1", 0) as listener:
        with ThreadPoolExecutor(1) as pool:  # Playwright's loop runs in the thread of its tests
            running = server(pool.submit(application, page, hosts, admitted).result())
        thread = threading.Thread(target=running.run, args=([listener],))
        thread.start()
        try:
            deadline = time.monotonic() + 20
            while not running.started:
                assert time.monotonic() < deadline, "the page did not start"
                time.sleep(0.02)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            page.close()
            running.should_exit = True
            thread.join(20)
            atlas.ladder.close()
