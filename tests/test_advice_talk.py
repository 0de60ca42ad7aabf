"""Advice in a chat over the built-in notes, without a model and with a scripted one."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path

import pytest
from scripted_model import Request, ScriptedModel
from small_atlas import answer_of, answer_probe, endpoint_atlas, failures, judge, notes_atlas, only, steps

from agents.atlas import Atlas
from agents.consultation import open_consultation
from agents.events import Answer, Cited, Done, EvidenceFound, Marks, Opens, Step, Token
from agents.route import route
from knowledge.errors import UserMistake
from knowledge.index import Index
from ui.chat import Turn, advanced

TASK = "which tool should I use to serve Qwen3-14B on two A100 80GB to 100 users?"
Say = Callable[[str], Answer]


@pytest.fixture
def atlas(built_in: Index, tmp_path: Path) -> Generator[Atlas]:
    opened = notes_atlas(built_in, tmp_path)
    yield opened
    opened.examiner.close()


@pytest.fixture
def say(atlas: Atlas) -> Say:
    return lambda message: atlas.answer(message, "s")


def marks(text: str) -> set[int]:
    return {n for n in range(1, 60) if f"[{n}]" in text}


def test_evidence_comes_first_and_the_words_carry_their_marks(atlas: Atlas) -> None:
    events = list(atlas.ask(TASK))
    order = [type(event) for event in events]
    assert order == [EvidenceFound, Step, Marks, Token, Done]
    assert steps(events) == [("advise", "done")]
    done = only(events, Done)[0].answer
    assert only(events, Marks)[0].citations == done.citations
    assert marks(done.text) == {citation.n for citation in done.citations}
    for citation in done.citations:
        assert any(e.path == citation.path and e.start <= citation.start < citation.end <= e.end for e in done.evidence)


def test_passages_stand_in_their_files(say: Say) -> None:
    for evidence in say(TASK).evidence:
        assert Path(evidence.path).read_text(encoding="utf-8")[evidence.start : evidence.end] == evidence.text


def test_advice_names_tools_reasons_fit_and_the_first_command(say: Say) -> None:
    answer = say(TASK)
    text = answer.text
    assert (answer.rung, answer.abstained, answer.usage.calls) == ("notes", False, 0)
    assert "### 1. vLLM" in text
    assert "Qwen3-14B · 2 × A100 SXM 80GB" in text
    assert "```bash\nvllm serve Qwen/Qwen3-14B --tensor-parallel-size 2" in text
    assert "Does it fit?" in text
    assert answer.opens == Opens("choose", TASK)


def test_what_is_ruled_out_is_told_with_its_reason(say: Say) -> None:
    text = say("recommend an inference engine for Qwen3-14B on two A100 80GB, but not vLLM").text
    assert "vLLM is not wanted." in text.partition("**Ruled out**")[2]
    assert "### 1. SGLang" in text


@pytest.mark.parametrize(
    "message", ["/recommend 用两张 A100 部署 Qwen3-14B，100 人用", "用什么工具部署 Qwen3-14B，两张 A100？"]
)
def test_advice_speaks_the_reader_s_language(say: Say, message: str) -> None:
    answer = say(message)
    assert answer.language == "zh"
    assert answer.text.startswith("**理解的内容：**")


def test_session_remembers_the_task_and_merges_what_is_added(atlas: Atlas, say: Say) -> None:
    say(TASK)
    assert "offline" in say("and if it has to be offline?").text.splitlines()[0]
    on_mac = say("on a Mac instead").text
    assert "Apple silicon" in on_mac.splitlines()[0]
    assert "A100" not in on_mac
    assert "### 1. llama.cpp" in on_mac
    kept = open_consultation(atlas.desk.history("s"))
    assert kept is not None
    assert "offline" in kept.task
    assert "A100" not in kept.task


def test_another_question_does_not_end_the_consultation(say: Say) -> None:
    say(TASK)
    assert "PagedAttention" in say("What is PagedAttention?").text
    assert "offline" in say("and if it has to be offline?").text.splitlines()[0]


def test_yes_or_no_answers_the_question_back(say: Say) -> None:
    asked = say("What should I use for tracking experiments?")
    assert "May the data of your runs leave your own machines?" in asked.text
    told = say("no").text
    assert "data must stay on" in told.splitlines()[0]
    assert "May the data" not in told


def test_rival_is_set_beside_the_first_tool(say: Say) -> None:
    say(TASK)
    answer = say("why not Ollama?")
    assert "| vLLM | Ollama |" in answer.text
    assert answer.opens == Opens("choose", TASK, ("vllm", "ollama"))


@pytest.mark.parametrize(
    "message",
    [
        "vLLM or SGLang for multi-turn chat?", "/compare vllm SGLang for multi-turn chat", "/compare vLLM and SGLang",
        "/compare vLLM、SGLang 用于多轮对话", "vLLM 和 SGLang 哪个适合多轮对话？",
    ],
)  # fmt: skip
def test_named_tools_stand_side_by_side_with_cited_cells(say: Say, message: str) -> None:
    answer = say(message)
    rows = [line for line in answer.text.splitlines() if line.startswith("|")]
    assert rows[0] == "|  | vLLM | SGLang |"
    assert {line.count("|") - line.count("\\|") for line in rows} == {4}
    assert {citation.n for citation in answer.citations} == marks(answer.text) == {1, 2, 3, 4}
    assert answer.opens is not None
    assert answer.opens.tools == ("vllm", "sglang")


def test_this_means_the_task_of_the_session(say: Say) -> None:
    say(TASK)
    answer = say("vLLM or SGLang for this?")
    assert answer.opens == Opens("choose", TASK, ("vllm", "sglang"))


def test_names_of_several_words_are_known(say: Say) -> None:
    assert "| llama.cpp | Weights & Biases |" in say("/compare llama.cpp, Weights & Biases").text


@pytest.mark.parametrize(("command", "error"), [("/compare vLLM", "two tools"), ("/compare vLLM, Foobar", "Foobar")])
def test_comparison_that_cannot_be_made_is_refused(atlas: Atlas, command: str, error: str) -> None:
    with pytest.raises(UserMistake, match=error):
        atlas.answer(command)


def test_task_outside_the_notes_is_refused_with_what_comes_nearest(say: Say) -> None:
    answer = say("/recommend which TV should I buy")
    assert answer.abstained
    assert "I don't know a tool for this" in answer.text
    assert "The nearest notes are" in answer.text
    assert (answer.citations, answer.opens) == ((), None)


def test_vague_wish_without_a_tool_is_taught_on(say: Say) -> None:
    answer = say("what should I use for positional information in attention?")
    assert answer.opens is None
    assert "I don't know a tool" not in answer.text


def test_offers_can_be_said_as_they_are(atlas: Atlas, say: Say) -> None:
    offers = say(TASK).next
    assert [offer for offer in offers if offer.startswith("/calc serve")]
    for offer in offers:
        assert not say(offer).abstained
        say(TASK)


def test_page_shows_the_marks_with_the_words(atlas: Atlas) -> None:
    turn = Turn("t", TASK)
    for event in atlas.ask(TASK):
        turn = advanced(turn, event)
        if isinstance(event, Token):
            assert {citation.n for citation in turn.citations} == marks(turn.text)
    assert turn.outcome == "done"


def test_closing_ends_the_advice_at_once(atlas: Atlas) -> None:
    events: Iterator[object] = atlas.ask(TASK, "s")
    assert isinstance(next(events), EvidenceFound)
    events.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert list(events) == []
    assert atlas.desk.history("s") == []


def test_quiz_is_not_interrupted_by_an_answer_that_sounds_like_a_constraint(say: Say, atlas: Atlas) -> None:
    say(TASK)
    say("/quiz vLLM")
    assert route("B").journey == "learn"
    graded = say("B").text
    assert "**Understood:**" not in graded


# --- with a model ------------------------------------------------------------------------------------------------------

SUPPORTED = "vLLM is the right choice when many users or jobs share one GPU server and throughput matters."
INVENTED = "vLLM was written by Napoleon in 1804 on the island of Elba."


def of_advisor(request: Request) -> bool:
    return "You are Advisor" in request.prompt


@pytest.fixture
def endpoint(built_in: Index, tmp_path: Path, model: ScriptedModel) -> Generator[Atlas]:
    answer_probe(model, json_schema=True, logprobs=True)
    opened = endpoint_atlas(built_in, tmp_path, model.endpoint)
    yield opened
    opened.examiner.close()


def test_advisor_weighs_after_the_head_and_only_what_the_notes_support_is_kept(
    endpoint: Atlas, model: ScriptedModel
) -> None:
    model.reply(f"{SUPPORTED} {INVENTED}", when=of_advisor)
    judge(model, 0.02, about="Napoleon")
    events = list(endpoint.ask(TASK))
    kinds = [type(event) for event in events]
    assert kinds.index(Token) < kinds.index(Cited) < kinds.index(Done)
    head = only(events, Token)[0].text.strip()
    answer = answer_of(events)
    assert answer.text.startswith(head)
    said = answer.text.removeprefix(head).strip()
    assert said.startswith(SUPPORTED)
    assert "Napoleon" not in answer.text
    assert answer.unsupported == (INVENTED,)
    assert (answer.rung, answer.usage.calls) == ("endpoint", 1)
    assert marks(said) == {1}
    assert ("weigh", "done") in steps(events)


def test_failing_model_leaves_the_head_as_it_was(endpoint: Atlas, model: ScriptedModel) -> None:
    model.reply("vLLM is", close_after=2, when=of_advisor, times=None)
    events = list(endpoint.ask(TASK))
    answer = answer_of(events)
    assert failures(events)
    tokens = [event.text for event in only(events, Token)]
    assert answer.text == tokens[0].strip() == tokens[-1].strip()
    assert (answer.rung, answer.abstained) == ("notes", False)
    assert {citation.n for citation in answer.citations} == marks(answer.text)


def test_comparison_asks_no_model(endpoint: Atlas, model: ScriptedModel) -> None:
    answer = endpoint.answer("vLLM or SGLang for multi-turn chat?")
    assert "| vLLM | SGLang |" in answer.text
    assert [request for request in model.requests if of_advisor(request)] == []


def test_closing_frees_the_model_at_once(endpoint: Atlas, model: ScriptedModel) -> None:
    model.reply(SUPPORTED, when=of_advisor, chunk_delay_s=0.5)
    events = endpoint.ask(TASK)
    words = (event for event in events if isinstance(event, Token))
    next(words)
    next(words)
    events.close()
    asked = next(i for i, request in enumerate(model.requests) if of_advisor(request))
    assert model.wait_for_disconnect(asked) < 8
    assert list(events) == []
