"""The desk's clerk (Agno): the calls to a model that complete a follow-up and answer small talk.

Agno is used here and in `desk` alone.
"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final

from agents import prompt
from agents.desk import Turn, mute
from agents.endpoint import Endpoint, Line, model_failure, strange_answer, was_refused
from agents.events import Usage
from agents.tally import Tally
from knowledge.errors import ModelFailed

if TYPE_CHECKING:
    from agno.models.openai.like import OpenAILike

_AGENT: Final = "desk"
_ANSWER_EXCERPT: Final = 300  # characters of an earlier answer that a follow-up may refer to

# Few examples make a small model's rewriting dependable.
_EXAMPLES: Final = (
    (
        ("What is LoRA?", "LoRA trains two low-rank matrices.", "and how much memory does it save?"),
        "How much memory does LoRA save?",
    ),
    (("vLLM 是什么？", "vLLM 是推理引擎。", "它和 SGLang 有什么区别？"), "vLLM 和 SGLang 有什么区别？"),
    (("What is a KV cache?", "It stores keys and values.", "Why?"), "Why does a KV cache store keys and values?"),
)


class Clerk:
    """The desk's own calls to a model, for one request; `abort` ends them from any thread. Raises ModelFailed."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._line = Line(endpoint)
        self._tally = Tally(_AGENT, endpoint, "write")

    @property
    def usage(self) -> Usage:
        """What the calls took so far, also one that was cut: of that, nothing written is known."""
        return self._tally.usage

    def abort(self) -> None:
        """End what is under way."""
        self._line.cut()

    def rewrite(self, message: str, history: Sequence[Turn]) -> str:
        """Return the message as a question that stands alone, or an empty text where the model makes nothing of it."""
        last = history[-1]
        examples = [(_turn(*said), question) for said, question in _EXAMPLES]
        asked = _turn(last.searched, last.answer[:_ANSWER_EXCERPT], message)
        words = self._ask(prompt.load("desk")["rewrite"], asked, examples, max_tokens=60)
        question = words.splitlines()[0].strip().strip('"“”') if words else ""
        return question if len(question) <= 4 * len(message) + 200 else ""

    def talk(self, message: str) -> str:
        """Return a reply to small talk."""
        return self._ask(prompt.load("desk")["talk"], message, (), max_tokens=60)

    def _ask(self, instructions: str, message: str, examples: Sequence[tuple[str, str]], max_tokens: int) -> str:
        from agno.agent import Agent  # noqa: PLC0415 - loads late
        from agno.models.message import Message  # noqa: PLC0415
        from agno.run.base import RunStatus  # noqa: PLC0415

        mute()
        failed: list[Exception] = []
        model = _model(self._endpoint, self._line, max_tokens, failed.append)
        shown = [
            Message(role=role, content=text)
            for pair in examples
            for role, text in zip(("user", "assistant"), pair, strict=True)
        ]
        agent: Agent = Agent(
            model=model,
            system_message=instructions.strip(),
            additional_input=list(shown) or None,
            telemetry=False,
            retries=0,
        )
        self._tally.begin("\n".join([instructions, *(text for pair in examples for text in pair), message]))
        run: Any = agent.run(message)  # pyright: ignore[reportUnknownMemberType] - Agno leaves a parameter's type open
        if run.status == RunStatus.error:
            if failed and was_refused(failed[-1]):
                self._tally.refused()
            raise _failure(failed[-1] if failed else None, self._endpoint)
        self._tally.end(int(run.metrics.input_tokens or 0), int(run.metrics.output_tokens or 0))
        return str(run.content or "").strip()


def _model(endpoint: Endpoint, line: Line, max_tokens: int, failed: Callable[[Exception], None]) -> "OpenAILike":
    from agno.models.openai.like import OpenAILike  # noqa: PLC0415 - loads late

    class DeskModel(OpenAILike):
        """Agno's OpenAI client, which tells why it failed: Agno itself makes an answer of a failure."""

        def invoke(self, *args: Any, **more: Any) -> Any:  # noqa: ANN401 - passed on as they come
            try:
                return super().invoke(*args, **more)  # pyright: ignore[reportUnknownMemberType] - Agno's types are open
            except Exception as error:
                failed(error)
                raise

    return DeskModel(
        id=endpoint.model,
        base_url=endpoint.base_url,
        api_key=endpoint.api_key or "none",
        max_tokens=max_tokens,
        temperature=0,
        max_retries=0,
        http_client=line,
    )


def _failure(error: Exception | None, endpoint: Endpoint) -> ModelFailed:
    """Return what an error that Agno wrapped means for the reader."""
    cause = error.__cause__ if error is not None and isinstance(error.__cause__, Exception) else error
    return (model_failure(cause, endpoint) if cause is not None else None) or strange_answer(endpoint)


def _turn(question: str, answer: str, message: str) -> str:
    return prompt.render("desk", "turn", question=question, answer=answer, message=message).strip()
