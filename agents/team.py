"""The team (CrewAI), built anew for each request: a researcher, a tutor and a quiz master, each with the evidence.

CrewAI is used here and in tool_crewai alone. Loading it takes seconds, so it is imported when the first team is built.
"""

import logging
import os
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

from pydantic import BaseModel, Field, PrivateAttr

from agents import computed, prompt
from agents.endpoint import Endpoint, Line, client, model_failure, strange_answer, was_refused
from agents.events import Usage
from agents.meter import Meter
from agents.probe import Capabilities, count_tokens
from agents.tally import Tally
from agents.tool import Call
from agents.tool_calculator import loose_calculator
from agents.tool_crewai import for_crewai
from agents.tool_search import search_notes
from knowledge.errors import ModelFailed
from knowledge.evidence import Evidence
from knowledge.language import question_language
from knowledge.sentence import sentences
from knowledge.vocabulary import Language

if TYPE_CHECKING:
    from crewai import Crew
    from crewai.llms.base_llm import BaseLLM
    from crewai.tools import BaseTool

EVIDENCE_TOKENS: Final = 430  # with the fixed part and the question, a tutor's prompt stays below 700 tokens
EVIDENCE_TOKENS_LARGE: Final = 1600
QUESTION_TOKENS: Final = 60  # of a question are counted with the fixed part; a longer one leaves less for evidence
ANSWER_TOKENS: Final = 260
ANSWER_TOKENS_LARGE: Final = 700
ANSWER_SLOT: Final = 0  # llama.cpp keeps each slot's prompt; one-token checks use the other one
_TEMPERATURE: Final = 0.2
Search = Callable[[str], Sequence[Evidence]]
Shape = TypeVar("Shape", bound=BaseModel)


class Choice(BaseModel):
    """What the researcher makes of numbered passages."""

    helpful: list[int] = Field(default_factory=list[int])
    missing: str = ""


class Nonsense(ModelFailed):
    """The model answered, but not with what it was asked for."""


class Team:
    """The agents of one request at one endpoint; `abort` ends what is under way, from any thread."""

    def __init__(self, endpoint: Endpoint, capabilities: Capabilities) -> None:
        self._endpoint = endpoint
        self._capabilities = capabilities
        self._line = Line(endpoint)
        self._tallies: list[Tally] = []
        self._aborted = threading.Event()

    @property
    def usage(self) -> Usage:
        """Calls and tokens of this request so far, also of a call that is under way or was cut."""
        return sum((tally.usage for tally in self._tallies), Usage())

    def abort(self) -> None:
        """End what is under way and free the model: the connection is shut, which the server notices at once."""
        self._aborted.set()
        self._line.cut()

    @property
    def can_research(self) -> bool:
        """Whether the researcher is worth a call: a small model picks every passage, a plain one keeps no schema."""
        is_able = self._capabilities.tools or self._capabilities.json_schema
        return self._endpoint.rung == "endpoint" and is_able

    def research(self, question: str, evidence: Sequence[Evidence], search: Search) -> list[Evidence]:
        """Return the evidence narrowed and completed by the researcher: one constrained call, or native tool calls.

        Only tool calls can calculate; what they find becomes evidence like any other.

        Raises ModelFailed; Nonsense where the team can go on with the evidence as it was.
        """
        if self._capabilities.tools:
            return self._research_with_tools(question, evidence, search)
        task = prompt.render("researcher", "choose", passages=_numbered(evidence), question=question)
        chosen = self.shaped("researcher", task, "choose_format", Choice)
        picked = [evidence[number - 1] for number in dict.fromkeys(chosen.helpful) if 1 <= number <= len(evidence)]
        more = search(chosen.missing) if chosen.missing.strip() else ()
        return _joined(picked, more, evidence)

    def teach(
        self,
        question: str,
        evidence: Sequence[Evidence],
        language: Language,
        say: Callable[[str], None],
        *,
        guided: bool,
    ) -> None:
        """Have the tutor explain; its words go to `say` as they come.

        Raises ModelFailed where the model is down, breaks off or says nothing.
        """
        key = f"{'guided' if guided else 'task'}_{language}"
        task = prompt.render("tutor", key, passages=_numbered(evidence), question=question)
        self._run("tutor", task, prompt.load("tutor")["format"], words=say)

    def told(self, member: str, task: str, form: str, say: Callable[[str], None]) -> None:
        """Have a member write; its words go to `say` as they come. Raises ModelFailed as `teach` does."""
        self._run(member, task, prompt.load(member)[form], words=say)

    def shaped(self, member: str, task: str, form: str, shape: type[Shape]) -> Shape:
        """Have a member answer in a shape, streamed so that a cut is noticed; raises ModelFailed, Nonsense."""
        answer = self._run(member, task, prompt.load(member)[form], words=lambda _: None, response_model=shape)
        if isinstance(answer, shape):
            return answer
        raise _nonsense(self._endpoint)

    def fitting(self, evidence: Sequence[Evidence], question: str) -> list[Evidence]:
        """Return as many of the best passages as the prompt holds; of the first one, at least its first sentence."""
        left = EVIDENCE_TOKENS if self._is_small else EVIDENCE_TOKENS_LARGE
        left -= max(0, self._tokens(question) - QUESTION_TOKENS)
        chosen: list[Evidence] = []
        for passage in evidence:
            tokens = self._tokens(_line_of(0, passage))
            if tokens > left:
                return chosen or [self._shortened(passage, left)]
            left -= tokens
            chosen.append(passage)
        return chosen

    def _shortened(self, passage: Evidence, tokens: int) -> Evidence:
        """Return the leading sentences of a passage that keep within so many tokens, at least one."""
        first, *others = [replace(passage, text=passage.text[:end]) for _, end in sentences(passage.text)] or [passage]
        fits = first
        for longer in others:
            if self._tokens(_line_of(0, longer)) > tokens:
                break
            fits = longer
        return replace(fits, end=fits.start + len(fits.text))

    def _tokens(self, text: str) -> int:
        return count_tokens(self._endpoint, text, tokenize=self._capabilities.tokenize)

    @property
    def _is_small(self) -> bool:
        return self._endpoint.rung == "embedded" or not self._capabilities.tools

    def _research_with_tools(self, question: str, evidence: Sequence[Evidence], search: Search) -> list[Evidence]:
        found: list[Evidence] = []

        def calculated(request: str) -> str:
            found.append(computed.requested(request, question_language(question)))
            return found[-1].text

        def searched(query: str, k: int, _: Call) -> list[Evidence]:
            hits = list(search(query))[: min(k, 3)]
            found.extend(hits)
            return hits

        titles = ", ".join(dict.fromkeys(passage.title for passage in evidence)) or "none"
        task = prompt.render("researcher", "search", question=question, found=titles)
        tools = for_crewai([search_notes(searched), loose_calculator(calculated)])
        self._run("researcher", task, prompt.load("researcher")["search_format"], tools=tools)
        return _joined(found, evidence)

    def _run(
        self,
        member: str,
        task: str,
        expected: str,
        *,
        words: Callable[[str], None] | None = None,
        response_model: type[BaseModel] | None = None,
        tools: "Sequence[BaseTool]" = (),
    ) -> object:
        """Run one agent on one task; return its parsed answer, or its text.

        Raises ModelFailed; Nonsense where there was an answer.
        """
        tally = Tally(member, self._endpoint, "write", self._capabilities.tokenize)
        meter = Meter(tally, words if response_model is None else None, self._aborted)
        self._tallies.append(tally)
        load()
        try:
            llm = _language_model(self._endpoint, self._line, meter, is_small=self._is_small, stream=words is not None)
            crew = _crew(llm, member, task, expected, response_model, tools)
            result = crew.kickoff()  # pyright: ignore[reportUnknownMemberType] - CrewAI leaves a parameter's type open
        except ModelFailed:
            raise
        except ValueError as error:  # CrewAI's, and pydantic's, for an answer that it can make nothing of
            meter.check(self._endpoint)
            raise _nonsense(self._endpoint) from error
        except Exception as error:  # trouble of CrewAI's own, as with its files: a lower rung can answer
            raise ModelFailed(f"The team failed: {type(error).__name__}.", "See `atlas doctor`.") from error
        meter.check(self._endpoint)
        parsed: object = getattr(result, "pydantic", None)
        return parsed if parsed is not None else str(getattr(result, "raw", ""))


def _crew(
    llm: "BaseLLM",
    member: str,
    task: str,
    expected: str,
    response_model: type[BaseModel] | None,
    tools: "Sequence[BaseTool]",
) -> "Crew":
    from crewai import Agent, Crew, Process, Task  # noqa: PLC0415 - loads late: seconds
    from crewai.events.utils.console_formatter import set_suppress_console_output  # noqa: PLC0415

    set_suppress_console_output(True)  # its warnings would go to standard output, which is the answer's
    agent: Agent = Agent(
        role=prompt.load(member)["role"],
        goal=prompt.load(member)["goal"],
        backstory=prompt.load(member)["backstory"],
        llm=llm,
        tools=list(tools),
        # An unknown model is taken for a small one, texts are measured by characters: we trim by tokens ourselves.
        use_better_compaction=False,
        respect_context_window=False,
        max_retry_limit=0,
        max_iter=4 if tools else 1,
        verbose=False,
    )
    work = Task(
        description=task, expected_output=expected, agent=agent,
        response_model=response_model, output_pydantic=response_model,
    )  # fmt: skip
    return Crew(agents=[agent], tasks=[work], process=Process.sequential, tracing=False, verbose=False)


@cache
def load() -> None:
    """Import CrewAI, which takes seconds; its files go below the folder that CREWAI_STORAGE_DIR names, if any."""
    from crewai_core.token_manager import TokenManager  # noqa: PLC0415 - loads late

    if folder := os.environ.get("CREWAI_STORAGE_DIR"):
        # It makes a key when it is imported, below the person's home, and fails where there is none to write to.
        TokenManager._get_secure_storage_path = staticmethod(  # pyright: ignore[reportPrivateUsage] - no option for it
            lambda: _made(Path(folder) / "credentials")
        )
    import crewai  # noqa: F401, PLC0415 - loads late  # pyright: ignore[reportUnusedImport] - for its effect


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _is_ours(record: logging.LogRecord) -> bool:
    return "crewai" not in Path(record.pathname).parts


@cache
def _language_model_class() -> "type[BaseLLM]":
    # CrewAI logs what servers answer, in part to the root logger, and servers repeat keys. Failures are ours to tell.
    logging.getLogger("crewai").setLevel(logging.CRITICAL + 1)
    logging.getLogger().addFilter(_is_ours)
    from crewai.hooks.dispatch import HookAborted  # noqa: PLC0415 - loads late
    from crewai.llms.providers.openai.completion import OpenAICompletion  # noqa: PLC0415

    class TeamModel(OpenAICompletion):
        """CrewAI's OpenAI client on our own line, which can be cut; its words and figures go to a meter.

        The overridden methods are private to CrewAI: the dependency is pinned and a test covers each.
        """

        _endpoint: Endpoint = PrivateAttr()
        _line: Line = PrivateAttr()
        _meter: Meter = PrivateAttr()

        def _build_async_client(self) -> None:
            return None

        def _call_completions(self, *args: Any, **more: Any) -> object:  # noqa: ANN401 - passed on as they come
            self._meter.begin(more.get("messages", args[0] if args else ""))
            try:
                return super()._call_completions(*args, **more)
            except Exception as error:
                endless = type(error).__name__ == "LengthFinishReasonError"
                if endless:  # it was asked all the same
                    usage: Any = getattr(getattr(error, "completion", None), "usage", None)
                    self._meter.call(usage.model_dump() if usage else None, "length")
                elif was_refused(_root(error)):
                    self._meter.tally.refused()
                failure = _nonsense(self._endpoint) if endless else model_failure(_root(error), self._endpoint)
                if failure is None and isinstance(error, AttributeError | LookupError | TypeError):
                    failure = strange_answer(self._endpoint)  # it lacks what every answer has
                if failure is None:
                    raise
            # Raised here, it has no HTTP 429 behind it, for which CrewAI would sleep and ask again.
            raise failure

        def _emit_stream_chunk_event(self, chunk: str, *args: object, **more: object) -> None:
            if self._meter.aborted.is_set():
                raise HookAborted("stopped by the reader")  # the one error that CrewAI does not retry
            if chunk:
                self._meter.word(chunk)
            if chunk and not more.get("tool_call") and self._meter.words is not None:
                self._meter.said = self._meter.said or bool(chunk.strip())
                self._meter.words(chunk)

        def _emit_call_completed_event(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - passed on as they come
            if "usage" in more:
                self._meter.call(more["usage"], more.get("finish_reason"))
            super()._emit_call_completed_event(*args, **more)

    return TeamModel


def _language_model(endpoint: Endpoint, line: Line, meter: Meter, *, is_small: bool, stream: bool) -> "BaseLLM":
    slot: dict[str, Any] = (
        {"extra_body": {"id_slot": ANSWER_SLOT, "cache_prompt": True}} if endpoint.rung == "embedded" else {}
    )
    model: Any = cast("Callable[..., BaseLLM]", _language_model_class())(
        model=endpoint.model,
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",
        custom_openai=True,
        stream=stream,
        temperature=_TEMPERATURE,
        max_tokens=ANSWER_TOKENS if is_small else ANSWER_TOKENS_LARGE,
        max_retries=0,
        additional_params=slot,
    )
    model._client = client(endpoint, line)
    model._endpoint, model._line, model._meter = endpoint, line, meter
    return model


def _numbered(evidence: Sequence[Evidence]) -> str:
    return "\n".join(_line_of(number, passage) for number, passage in enumerate(evidence, 1))


def _line_of(number: int, passage: Evidence) -> str:
    return f"[{number}] {passage.title}: {' '.join(passage.text.split())}"


def _joined(*parts: Sequence[Evidence]) -> list[Evidence]:
    """Join lists of evidence, each place once."""
    places = {_place(passage): passage for part in reversed(parts) for passage in part}
    order = dict.fromkeys(_place(passage) for part in parts for passage in part)
    return [places[place] for place in order]


def _place(passage: Evidence) -> tuple[str, int]:
    return (passage.path or passage.text, passage.start)  # what was calculated stands in no file


def _nonsense(endpoint: Endpoint) -> Nonsense:
    return Nonsense(
        f"The model {endpoint.model!r} at {endpoint.base_url} answered with something else than it was asked for.",
        "Use a model that follows instructions.",
    )


def _root(error: Exception) -> Exception:
    """Return the failure that CrewAI wrapped: the first of openai's or httpx's in the chain of causes."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:  # CrewAI raises errors from themselves
        if isinstance(cause, Exception) and type(cause).__module__.split(".")[0] in {"openai", "httpx", "knowledge"}:
            return cause
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return error
