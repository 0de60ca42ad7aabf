"""What has been said: the turns of a chat and their sessions, and an answer that is stopped."""

from agents.events import Answer, Cited, Done, Event, EvidenceFound, Failed, Step, Token
from knowledge.citation import Citation
from knowledge.errors import ModelFailed
from knowledge.evidence import Evidence
from ui.chat import Asking, Chats, Live, Turn, advanced, ended

PASSAGE = Evidence("a", "A", "", "A is b.", 0, 7, "en", 1.0, "", "/a.md")
CITATION = Citation(1, "a", "A", "", "A is b.", 0, 7, "", "/a.md")


# --- turns -----------------------------------------------------------------------------------------------------------


def folded(*events: Event) -> Turn:
    turn = Turn("t", "q")
    for event in events:
        turn = advanced(turn, event)
    return turn


def test_words_add_up_and_checked_words_take_their_place() -> None:
    assert folded(Token("A is "), Token("b.")).text == "A is b."
    turn = folded(Token("A is b."), Cited("A is b. [1]", "A is b.", "supported", (CITATION,)))
    assert (turn.text, turn.citations) == ("A is b. [1]", (CITATION,))


def test_words_after_the_checks_begin_the_answer_anew() -> None:
    turn = folded(Token("No."), Cited("No. [?]", "No.", "not_found", ()), Token("The notes"), Token(" say b."))
    assert turn.text == "The notes say b."


def test_a_fallen_rung_takes_its_words_along() -> None:
    turn = folded(EvidenceFound((PASSAGE,), "q", "en", 0.1), Token("half a"), Failed(ModelFailed("down"), "embedded"))
    assert (turn.text, turn.evidence) == ("", (PASSAGE,))


def test_the_answer_ends_the_turn() -> None:
    answer = Answer("A [1].", (CITATION,), (PASSAGE,), False, "notes", "en")
    turn = folded(Token("A"), Done(answer))
    assert (turn.text, turn.outcome, turn.answer) == ("A [1].", "done", answer)


def test_a_step_replaces_the_one_before_it_and_counts_on_when_it_begins_anew() -> None:
    def check(status: str, seconds: float, detail: str = "") -> Step:
        return Step("check", "checker", "", "done" if status == "done" else "running", seconds, detail)

    turn = folded(
        Step("search", "researcher", "", "done", 0.1), check("running", 0.0), check("done", 1.0, "1/2"),
        check("running", 0.0), check("running", 0.5), check("done", 2.0, "2/2"),
    )  # fmt: skip
    assert [(step.id, step.seconds, step.detail) for step in turn.steps] == [("search", 0.1, ""), ("check", 3.0, "2/2")]


def test_no_step_runs_on_in_a_turn_that_ended_early() -> None:
    turn = ended(folded(Step("teach", "tutor", "", "running", 1.0)), "stopped")
    assert (turn.outcome, turn.steps[0].status) == ("stopped", "failed")


# --- sessions --------------------------------------------------------------------------------------------------------


def test_sessions_do_not_mix_and_the_oldest_are_forgotten() -> None:
    chats = Chats(sessions=2, turns=2)
    for session, turn in [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")]:
        chats.put(session, Turn(turn, "q"))
    assert [turn.id for turn in chats.turns("a")] == ["1", "3"]
    assert chats.turns("b") == ()
    assert chats.find("c", "1") is None
    chats.put("a", Turn("1", "changed"))
    assert [turn.question for turn in chats.turns("a")] == ["changed", "q"]
    chats.put("a", Turn("5", "q"))
    assert [turn.id for turn in chats.turns("a")] == ["3", "5"]


def test_an_answer_that_was_stopped_before_it_began_is_closed_when_it_begins() -> None:
    closed: list[str] = []
    current = Asking()
    current.stop()
    current.begins(lambda: closed.append("now"))
    assert closed == ["now"]
    assert current.stopped


def test_a_page_stops_its_own_answer_only() -> None:
    live, closed = Live(), list[str]()
    for page in ("one", "two"):
        live.begin(page).begins(lambda page=page: closed.append(page))
    live.stop("one")
    live.stop("one")
    live.stop("nobody")
    assert closed == ["one"]
    live.begin("two")
    assert closed == ["one", "two"]
