"""An oracle: a model that answers with one of a few words, and how likely each of them is."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agents.endpoint import Endpoint, Line, client, empty_answer, failures, strange_answer
from agents.judge import CHECK_SLOT
from agents.probe import Capabilities
from agents.tally import Tally, counted, tokens
from knowledge.errors import ModelFailed

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion

_MARKS: Final = " \n\t\"'“”‘’.,。，、!！?？*:：;；()（）[]▁Ġ"


@dataclass(frozen=True, slots=True)
class Saying:
    """The probability of each word, adding up to 1; `worded` where only the word itself was to be had."""

    probabilities: Mapping[str, float]
    worded: bool = False

    @property
    def word(self) -> str:
        """The likeliest word."""
        return max(self.probabilities, key=self.probabilities.__getitem__)


class Oracle:
    """Asks a model for one word out of a few. `abort` ends a question under way, from any thread.

    `tally` counts the questions asked.
    """

    def __init__(self, endpoint: Endpoint, capabilities: Capabilities, member: str = "quiz master") -> None:
        self._endpoint, self._capabilities = endpoint, capabilities
        self._line = Line(endpoint)
        self.tally = Tally(member, endpoint, "check", capabilities.tokenize)

    def abort(self) -> None:
        """Ends the question under way and refuses later ones."""
        self._line.cut()

    def ask(self, system: str, turn: str, words: Mapping[str, Sequence[str]]) -> Saying:
        """Returns how likely the model finds each of `words`, which stand with the spellings that count as them.

        Raises ModelFailed where the endpoint is down, slow, or answers with none of the words.
        """
        with failures(self._endpoint), counted(self.tally, f"{system}\n{turn}"):
            create: Any = client(self._endpoint, self._line).chat.completions.create  # its overloads ask for literals
            answer = create(
                model=self._endpoint.model,
                messages=[{"role": "system", "content": system}, {"role": "user", "content": turn}],
                temperature=0,
                **self._options(),
            )
            self.tally.end(*tokens(answer))
            return self._read(answer, words)

    def _options(self) -> dict[str, Any]:
        # A word needs room for a space or a quotation mark before it; a distribution needs one token.
        options: dict[str, Any] = {"max_tokens": 4}
        if self._capabilities.logprobs:
            options = {"max_tokens": 1, "logprobs": True, "top_logprobs": 20}
        if self._endpoint.rung == "embedded":
            options["extra_body"] = {"cache_prompt": True, "id_slot": CHECK_SLOT}
        return options

    def _read(self, answer: "ChatCompletion | str", words: Mapping[str, Sequence[str]]) -> Saying:
        if isinstance(answer, str) or not answer.choices:  # openai hands over what is no JSON, or lacks parts
            raise strange_answer(self._endpoint)
        choice = answer.choices[0]
        if choice.logprobs and choice.logprobs.content and choice.logprobs.content[0].top_logprobs:
            top = choice.logprobs.content[0].top_logprobs
            shares = _shares(((option.token, option.logprob) for option in top), words)
            if shares is not None:
                return Saying(shares)
        said = (choice.message.content or "").strip()
        if not said:
            raise empty_answer(self._endpoint)
        word = _word(said.split()[0], words)
        if word is None:
            raise ModelFailed(
                f"The model {self._endpoint.model!r} answered {said[:40]!r}, not one of {', '.join(words)}.",
                "Use a model that follows instructions.",
            )
        return Saying({one: float(one == word) for one in words}, worded=True)


def _word(token: str, words: Mapping[str, Sequence[str]]) -> str | None:
    token = token.strip(_MARKS).casefold()
    return next((word for word, spellings in words.items() if token in spellings), None)


def _shares(options: Iterable[tuple[str, float]], words: Mapping[str, Sequence[str]]) -> dict[str, float] | None:
    """Returns the probability of each word among all of them; None where none is among the options."""
    found = dict.fromkeys(words, 0.0)
    for token, logprob in options:
        word = _word(token, words)
        if word is not None:
            found[word] += math.exp(logprob)
    total = sum(found.values())
    return {word: share / total for word, share in found.items()} if total > 0 else None
