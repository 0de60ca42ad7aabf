"""A question on its way through a page: shown as it grows, stopped, and told where it fails."""

import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from scripted_model import ScriptedModel
from served_page import OpenTeam
from small_atlas import QUESTION, VERBATIM, embedded_atlas, judge, notes_atlas, of_tutor, small_index

from agents.atlas import Atlas
from knowledge.errors import AtlasError, SetupMissing
from ui import asking
from ui.chat import Asking, Turn
from ui.header import Opening

pytestmark = [
    # CrewAI uses what it deprecates itself, and imports its parts in an odd order.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ImportWarning"),
]

SESSION = "0123456789abcdef" * 2
LONG = " ".join(f"PagedAttention keeps block {i} of the cache." for i in range(200))


@dataclass
class ClosedTeam:
    """A team that never opens."""

    error: AtlasError | None = None

    def atlas(self, timeout_s: float) -> Atlas | None:
        time.sleep(0.01)
        if self.error:
            raise self.error
        return None

    @property
    def opening(self) -> Opening:
        return Opening()

    state = None


@contextmanager
def team(home: Path, *, with_model: bool = True) -> Generator[tuple[Atlas, ScriptedModel]]:
    with ExitStack() as stack:
        index = stack.enter_context(small_index(home))
        model = stack.enter_context(ScriptedModel())
        atlas = embedded_atlas(index, home, model) if with_model else notes_atlas(index, home)
        yield atlas, model
        atlas.ladder.close()


def test_evidence_is_shown_before_words_and_words_before_marks(tmp_path: Path) -> None:
    with team(tmp_path) as (atlas, model):
        model.reply(VERBATIM, when=of_tutor, chunk_delay_s=0.1)
        judge(model)
        turns = list(asking.turns(OpenTeam(atlas), QUESTION, SESSION, "me", Asking()))
    first_evidence = next(i for i, turn in enumerate(turns) if turn.evidence)
    first_words = next(i for i, turn in enumerate(turns) if turn.text)
    first_mark = next(i for i, turn in enumerate(turns) if turn.citations)
    assert first_evidence < first_words < first_mark
    assert (turns[-1].text, turns[-1].outcome) == (f"{VERBATIM} [1]", "done")


def test_words_are_shown_at_most_so_often(tmp_path: Path) -> None:
    with team(tmp_path) as (atlas, model):
        model.reply(" ".join(["PagedAttention"] * 300), when=of_tutor)
        judge(model)
        turns = list(asking.turns(OpenTeam(atlas), QUESTION, SESSION, "me", Asking()))
    assert len(turns) < 60
    assert turns[-1].outcome == "done"


def test_a_stopped_answer_keeps_its_words_and_frees_the_model(tmp_path: Path) -> None:
    with team(tmp_path) as (atlas, model):
        model.reply(LONG, when=of_tutor, chunk_delay_s=0.05)
        current = Asking()
        turns: list[Turn] = []
        for turn in asking.turns(OpenTeam(atlas), QUESTION, SESSION, "me", current):
            turns.append(turn)
            if "block 0" in turn.text:
                current.stop()
        model.wait_for_disconnect(timeout_s=1)
    assert turns[-1].outcome == "stopped"
    assert "block 0" in turns[-1].text


def test_a_question_waits_for_the_notes_to_open_and_can_be_stopped_meanwhile() -> None:
    current = Asking()
    turns: list[Turn] = []
    for turn in asking.turns(ClosedTeam(), QUESTION, SESSION, "me", current):
        turns.append(turn)
        if turn.steps:
            current.stop()
    assert [step.id for step in turns[1].steps] == ["open"]
    assert turns[-1].outcome == "stopped"


@pytest.mark.parametrize(
    ("broken", "question", "problem"),
    [
        (ClosedTeam(SetupMissing("the disk is full.", "Free it.")), QUESTION, "the disk is full. Free it."),
        (None, "/dance now", "there is no command '/dance'."),
    ],
    ids=["notes that cannot be opened", "an unknown command"],
)
def test_a_failure_is_told_with_its_remedy(
    tmp_path: Path, broken: ClosedTeam | None, question: str, problem: str
) -> None:
    with team(tmp_path, with_model=False) as (atlas, _):
        turns = list(asking.turns(broken or OpenTeam(atlas), question, SESSION, "me", Asking()))
    assert turns[-1].outcome == "failed"
    assert problem in turns[-1].problem
