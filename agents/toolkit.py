"""All tools over the façade, each described once for every framework that offers it."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import Field, create_model
from pydantic.json_schema import SkipJsonSchema

from agents import record
from agents import tool_result as results
from agents.events import Done, Step, Token
from agents.phrases import say
from agents.tool import Arguments, Call, Tool
from agents.tool_calculator import calculators
from agents.tool_search import search_notes
from knowledge.errors import AtlasError
from knowledge.language import question_language
from knowledge.vocabulary import Language
from learner.attempt import ME
from tools.quiz.item import ItemType, Level
from tools.quiz.item import record as item_record
from tools.quiz.wish import Wish
from tools.recommend.constraints import CHOICES
from tools.recommend.record import cited, tabled
from tools.recommend.record import record as advice_record

if TYPE_CHECKING:
    from agents.atlas import Atlas
    from tools.fault.fault import Match

Opened = Callable[[Call], "Atlas"]
_MOST_ITEMS: Final = 20
_WORDS: Final = 20  # between two reports of an answer that is being written
_LONGEST_TEXT: Final = 20_000  # characters against which a claim is checked
# What a task is read for, and what a person may correct; the closed ones are `CHOICES`.
_CORRECTIONS: Final[Mapping[str, tuple[Any, str]]] = {
    "gpu": (str, 'The GPUs, as in "2x RTX 4090".'),
    "model": (str, "The model it is to be done with."),
    "device": (str, "The kind of accelerator, where no GPU is named."),
    "cpu_only": (bool, "There is no accelerator."),
    "system": (str, "The operating system."),
    "licence": (str, "What the licence has to be."),
    "place": (str, "On one's own machines, or hosted."),
    "offline": (bool, "Nothing may leave the machine."),
    "budget": (str, "Whether it may cost."),
    "skill": (str, "What the person can do."),
    "format": (str, "The format of the weights."),
    "users": (int, "People or requests at one time."),
    "context": (int, "Tokens of each request."),
}


class Question(Arguments):
    """What is asked."""

    question: str = Field(description="A question in English or Chinese that stands alone.")


class Claim(Arguments):
    """What is claimed."""

    claim: str = Field(description="One statement.")
    evidence: str | SkipJsonSchema[None] = Field(
        None, max_length=_LONGEST_TEXT, description="Check against this text instead of the notes."
    )


class Names(Arguments):
    """What is compared."""

    tools: list[str] = Field(min_length=2, max_length=6, description='Names, as in ["vLLM", "SGLang"].')
    task: str = Field("", description="What they are compared for.")


class QuizWish(Arguments):
    """What a learner wants to be asked."""

    topic: str = Field("", max_length=200, description="A concept, a tool, a stage, or free words; empty for anything.")
    n: int = Field(5, ge=1, le=_MOST_ITEMS, description="How many items.")
    types: list[ItemType] = Field(default_factory=list[ItemType], description="Kinds of items; empty for a mixture.")
    level: Level | SkipJsonSchema[None] = Field(None, description="1 recall, 2 apply, 3 analyse; left out for all.")
    language: Language | SkipJsonSchema[None] = Field(None, description="Left out, it is that of the topic.")
    seed: int | SkipJsonSchema[None] = Field(None, description="Makes the same quiz again.")


class Log(Arguments):
    """What a program said when it failed."""

    log: str = Field(description="The error with the lines around it.")
    language: Language = Field("en", description="The language of the fix.")


def toolkit(opened: Opened, learner: str = ME) -> tuple[Tool[Any], ...]:
    """Return all tools; `opened` gives the team, and may wait for it."""
    return (
        search_notes(lambda query, k, call: opened(call).search(query, k)),
        Tool("explain", "Explain", Question, results.Explanation, lambda a, call: _explained(a, call, opened(call))),
        Tool("check_claim", "Check a claim", Claim, results.Checked, lambda a, call: _checked(a, call, opened(call))),
        Tool(
            "recommend_tools",
            "Recommend tools",
            _task(),
            results.Advised,
            lambda a, call: _advised(a, call, opened(call)),
        ),
        Tool("compare_tools", "Compare tools", Names, results.Compared, lambda a, call: _compared(a, opened(call))),
        Tool("make_quiz", "Make a quiz", QuizWish, results.Quizzed, lambda a, call: _quiz(a, opened(call), learner)),
        Tool("fix_error", "Fix an error", Log, results.Diagnosed, lambda a, call: _diagnosed(a, opened(call))),
        *calculators(),
    )


def _explained(asked: Question, call: Call, atlas: "Atlas") -> Mapping[str, Any]:
    events = atlas.ask(asked.question)
    call.stop.aborts(events.close)
    title, words = "", 0
    for event in events:
        if isinstance(event, Step):
            title = event.title
            call.say(_progress(event))
        elif isinstance(event, Token):
            words += 1
            if words % _WORDS == 0:
                call.say(f"{title}: {words} tokens")
        elif isinstance(event, Done):
            answer = event.answer
            return {
                "answer": answer.text,
                "citations": [cited(citation) for citation in answer.citations],
                "abstained": answer.abstained,
                "rung": answer.rung,
                "language": answer.language,
                "unsupported": answer.unsupported,
                "next": answer.next,
                "notices": answer.notices,
                "usage": asdict(answer.usage),
                "timings": asdict(answer.timings),
            }
    raise AtlasError("the answer was stopped.", "Ask again.")


def _progress(step: Step) -> str:
    """Say what a member of the team is doing, in the words of its step; a running one tells each second."""
    if step.status == "running" and step.seconds:
        return f"{step.title}: {int(step.seconds)} s"
    return f"{step.title}: {step.detail}" if step.detail else step.title


def _checked(asked: Claim, call: Call, atlas: "Atlas") -> Mapping[str, Any]:
    found = atlas.check(asked.claim, asked.evidence, call.stop)
    return record.check_json(found) | {"citations": [cited(citation) for citation in found.citations]}


def _task() -> type[Arguments]:
    """Return the arguments of a recommendation: a task, and what may be corrected of what is read from it."""
    fields: dict[str, Any] = {
        "task": (str, Field(description="What is to be done, with all constraints in words.")),
        "limit": (int, Field(3, ge=1, le=5, description="How many tools at most.")),
    }
    for name, (kind, meaning) in _CORRECTIONS.items():
        extra: dict[str, Any] = {"enum": list(CHOICES[name])} if name in CHOICES else {}
        fields[name] = (
            Annotated[kind | SkipJsonSchema[None], Field(description=meaning, json_schema_extra=extra or None)],
            None,
        )
    return create_model("Task", __base__=Arguments, **fields)


def _advised(asked: Arguments, call: Call, atlas: "Atlas") -> Mapping[str, Any]:
    changes = asked.model_dump(exclude_none=True)
    task, limit = changes.pop("task"), changes.pop("limit")
    advice = atlas.recommender.recommend(task, changes, limit=limit)
    if not advice.is_sure:
        call.say(say("step_reread", advice.language))
        advice = atlas.recommender.reread(task, changes, limit=limit, stop=call.stop) or advice
    return advice_record(advice, atlas.graph)


def _compared(asked: Names, atlas: "Atlas") -> Mapping[str, Any]:
    return tabled(atlas.recommender.compare(asked.tools, asked.task))


def _quiz(asked: QuizWish, atlas: "Atlas", learner: str) -> Mapping[str, Any]:
    language = asked.language or question_language(asked.topic)
    wish = Wish(asked.topic, n=asked.n, types=tuple(asked.types), level=asked.level, language=language, seed=asked.seed)
    made = atlas.examiner.quiz(wish, learner)
    items = [item_record(item) | {"citations": [cited(one) for one in item.citations]} for item in made.items]
    return {"quiz": made.id, "topic": made.topic, "items": items, "notices": made.notices}


def _diagnosed(asked: Log, atlas: "Atlas") -> Mapping[str, Any]:
    found = atlas.mender.diagnose(asked.log, asked.language)
    told = {"matches": [_failure(one) for one in found.matches], "nearest": [_failure(one) for one in found.nearest]}
    return record.diagnosis_json(found) | told


def _failure(match: "Match") -> Mapping[str, Any]:
    return asdict(match) | {"citations": [cited(citation) for citation in match.citations]}
