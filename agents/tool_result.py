"""What the tools return, as their readers see it: the fields of each result with their meaning."""

from typing import Any, Literal

from pydantic import Field

from agents.events import Rung, Verdict
from agents.tool import Result
from knowledge.vocabulary import Language


class Cited(Result):
    """A sentence of a note; `n` is its mark [n] in the text."""

    n: int
    note: str = Field(description="Id: atlas://notes/{id} is the note.")
    title: str
    heading: str
    quote: str
    source: str


class Passage(Result):
    """A passage of a note."""

    note: str = Field(description="Id: atlas://notes/{id} is the note.")
    title: str
    heading: str
    text: str
    language: Language
    score: float = Field(description="About 0 for unrelated, above 1 for a sure hit.")
    source: str


class Passages(Result):
    """What the notes say on a query, the best passage first."""

    query: str
    results: list[Passage]


class Explanation(Result):
    """A cited answer."""

    answer: str = Field(description="Markdown with marks [n].")
    citations: list[Cited]
    abstained: bool = Field(description="True where the notes do not know.")
    rung: Rung = Field(description='Who wrote it: "notes" are the words of the notes themselves.')
    language: Language
    unsupported: list[str] = Field(description="Sentences that the notes do not support.")
    next: list[str] = Field(description="Questions to go on with.")
    notices: list[str] = Field(description="What the reader should know, as of a partial answer.")


class Checked(Result):
    """What is found of a claim."""

    verdict: Verdict
    score: float = Field(description="The probability that it is supported.")
    reasons: list[str]
    citations: list[Cited]


class Understood(Result):
    """A constraint as it was understood."""

    value: Any
    words: str = Field(description="What it was read from; empty for a correction.")
    strength: Literal["hard", "soft"]


class Recommended(Result):
    """A tool that fits."""

    tool: str
    title: str
    score: float
    why: str = Field(description="With marks [n] of `evidence`.")
    evidence: list[Cited]
    caveats: list[str]
    trade_off: str = Field(description="Against the next best.")
    fit: dict[str, Any] | None = Field(description="Whether it fits the hardware, computed; null where it cannot be.")
    first_command: str
    checked: str = Field(description="The day its facts were checked.")


class RuledOut(Result):
    """A tool that a hard constraint rules out."""

    tool: str
    title: str
    reason: str


class Advised(Result):
    """Advice on a task."""

    constraints: dict[str, Understood]
    recommendations: list[Recommended]
    ruled_out: list[RuledOut]
    together: list[str] = Field(description="How the recommended tools work together.")
    question: str = Field(description="What to ask the person back; empty where the advice does not hang on it.")
    abstained: bool = Field(description="True where the task lies outside the notes.")


class Column(Result):
    """A tool that is compared."""

    tool: str
    title: str


class Row(Result):
    """A criterion, with one cell for each tool."""

    criterion: str
    label: str
    cells: list[dict[str, Any]]


class Compared(Result):
    """Tools side by side."""

    tools: list[Column]
    rows: list[Row]


class QuizItem(Result):
    """A question with its proven key."""

    id: str
    type: str
    concept: str
    level: int
    stem: str
    options: list[str]
    key: Any = Field(description="The answer: an option, options in order, pairs, a number or a text.")
    explanation: str
    misconceptions: dict[str, str] = Field(description="Why someone gives a wrong answer.")
    citations: list[Cited]


class Quizzed(Result):
    """A quiz."""

    quiz: str
    topic: str
    items: list[QuizItem]
    notices: list[str]


class Failure(Result):
    """A known failure: why it happens and how it is mended."""

    pitfall: str
    title: str
    cause: str
    fix: str = Field(description="Markdown, with commands.")
    score: float = Field(description="How sure it is, from 0 to 1.")
    source: str


class Diagnosed(Result):
    """What a log shows."""

    matches: list[Failure]
    nearest: list[Failure] = Field(description="Guesses, where nothing matches.")
    abstained: bool
    masked: dict[str, int] = Field(description="Secrets that were masked, by kind.")
