"""What an answer is made of, as typed events in the order in which a reader meets them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from knowledge.citation import Citation
from knowledge.errors import AtlasError
from knowledge.evidence import Evidence
from knowledge.vocabulary import Language
from tools.calculators.calculation import Calculation

Rung = Literal["endpoint", "embedded", "notes"]
Verdict = Literal["supported", "contradicted", "not_found"]


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call of a team member to a model; the tokens are those that the server told of, 0 where it told of none.

    Of a call that was cut before its end the server tells nothing: they are those that were sent and seen.
    """

    agent: str
    model: str
    rung: Rung
    kind: Literal["write", "check"]
    began: float  # seconds on the clock of `time.perf_counter`
    seconds: float
    first_token_s: float | None = None  # since it began; None where the answer came as a whole
    prompt_tokens: int = 0
    completion_tokens: int = 0
    is_cut: bool = False  # stopped by the reader, or broken off by the server


@dataclass(frozen=True, slots=True)
class Usage:
    """Model calls that wrote text, their tokens, and one-token checks, which are counted apart.

    `spent` tells of each call of either kind who made it. A call that was cut counts like the others.
    """

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    checks: int = 0
    spent: tuple[ModelCall, ...] = field(default=(), compare=False)  # their times are never twice the same

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.checks + other.checks,
            self.spent + other.spent,
        )


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds since the question arrived; None where a thing did not happen."""

    evidence_s: float | None = None
    first_token_s: float | None = None
    total_s: float | None = None


@dataclass(frozen=True, slots=True)
class Opens:
    """A place of the page where an answer can be changed, or looked at further."""

    place: Literal["choose", "fix"]
    subject: str = ""  # the task, or the pitfall's id; empty where an error is not known
    tools: tuple[str, ...] = ()  # ids of those that are compared


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer; `text` is Markdown with `[n]` marks."""

    text: str
    citations: tuple[Citation, ...]
    evidence: tuple[Evidence, ...]
    abstained: bool
    rung: Rung
    language: Language
    unsupported: tuple[str, ...] = ()
    next: tuple[str, ...] = ()
    usage: Usage = Usage()
    timings: Timings = Timings()
    notices: tuple[str, ...] = ()  # what the reader should know: a rung that failed, a partial answer
    id: str = ""
    calculation: Calculation | None = None  # whose figures stand in the text
    opens: Opens | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of one team member. A step with the same `id` replaces the one before it."""

    id: str
    agent: str  # "desk", "researcher", "calculator", "advisor", "mender", "tutor", "checker"
    title: str
    status: Literal["running", "done", "failed"]
    seconds: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class EvidenceFound:
    """The passages the answer will rest on, before any model is asked; empty where nothing was found."""

    evidence: tuple[Evidence, ...]
    question: str  # as it was searched: rewritten to stand alone
    language: Language
    seconds: float


@dataclass(frozen=True, slots=True)
class Calculated:
    """A calculator has answered; all words that follow begin with `head`, and the answer ends with `derivation`."""

    calculation: Calculation
    head: str  # Markdown: the answer in words, its figures, what was assumed
    derivation: str  # Markdown: how they were reached
    language: Language


@dataclass(frozen=True, slots=True)
class Marks:
    """The words that follow carry marks from the start, since no model says them; `citations` are what they rest on."""

    citations: tuple[Citation, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """The next words of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """One sentence has been checked: `text` is the whole answer so far, with the marks it has earned."""

    text: str
    sentence: str
    verdict: Verdict
    citations: tuple[Citation, ...]  # all citations so far


@dataclass(frozen=True, slots=True)
class Done:
    """The answer is complete."""

    answer: Answer


@dataclass(frozen=True, slots=True)
class Failed:
    """A rung of the ladder failed; unless `final`, a lower rung goes on and earlier words are void."""

    error: AtlasError
    rung: Rung
    final: bool = False


Event = EvidenceFound | Step | Calculated | Marks | Token | Cited | Done | Failed


@dataclass(frozen=True, slots=True)
class ClaimCheck:
    """What the notes, or the given text, say of a claim; `score` is the probability that they support it."""

    verdict: Verdict
    score: float
    reasons: tuple[str, ...] = ()
    citations: tuple[Citation, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict[str, float])  # by method: "code", "model"
