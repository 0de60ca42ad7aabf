"""The judge: a model that says only yes or no to a claim, and the verdict that it and code reach together."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from agents.endpoint import Endpoint, Line, client, empty_answer, failures, strange_answer
from agents.events import ClaimCheck, Verdict
from agents.probe import Capabilities
from agents.prompt import render
from agents.tally import Tally, counted, tokens
from knowledge.errors import ModelFailed
from tools.claim import CodeCheck, Place, check

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletion

CHECK_SLOT: Final = 1  # of the embedded server: answers and checks each keep their own prompt in its cache
_YES: Final = frozenset(["yes", "y", "true", "是", "是的", "对", "有"])
_NO: Final = frozenset(["no", "n", "false", "否", "不", "不是", "没有", "没"])
_SURE: Final = 0.99  # a judge that only gives its word counts as no surer than this
# Log-odds at which a yes is as likely wrong as right: small judges lean towards yes (read off the development set).
_LEANING: Final = 0.5


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a model says of a claim: its probability of yes; `worded` where only its word was to be had."""

    probability: float
    worded: bool = False

    @property
    def log_odds(self) -> float:
        """The natural logarithm of the odds of yes."""
        p = min(_SURE, max(1 - _SURE, self.probability)) if self.worded else min(1 - 1e-6, max(1e-6, self.probability))
        return math.log(p / (1 - p))


@dataclass(frozen=True, slots=True)
class Finding:
    """The check of a claim, without citations, and the sentence it rests on, if any."""

    check: ClaimCheck
    place: Place | None


class Judge:
    """Asks a model about claims, one token each. `abort` ends a question under way, from any thread.

    `tally` counts the calls.
    """

    def __init__(self, endpoint: Endpoint, capabilities: Capabilities) -> None:
        self._endpoint, self._capabilities = endpoint, capabilities
        self._line = Line(endpoint)
        self.tally = Tally("checker", endpoint, "check", capabilities.tokenize)

    def abort(self) -> None:
        """Ends the question under way and refuses later ones."""
        self._line.cut()

    def ask(self, claim: str, passages: Sequence[str]) -> Judgement:
        """Returns how likely the model finds it that the passages say what the claim says.

        Raises ModelFailed where the endpoint is down, slow, or answers with neither yes nor no.
        """
        turn = render("judge", "turn", passage=_shared(passages), claim=claim).strip()
        system = render("judge", "system").strip()
        with failures(self._endpoint), counted(self.tally, f"{system}\n{turn}"):
            create: Any = client(self._endpoint, self._line).chat.completions.create  # its overloads ask for literals
            answer = create(
                model=self._endpoint.model,
                messages=[
                    {"role": "system", "content": system},
                    {"role": "user", "content": turn},
                ],
                temperature=0,
                **self._options(),
            )
            self.tally.end(*tokens(answer))
            return self._read(answer)

    def _options(self) -> dict[str, Any]:
        # A word needs room for a space or a quotation mark before it; a distribution needs one token.
        options: dict[str, Any] = {"max_tokens": 4}
        if self._capabilities.logprobs:
            options = {"max_tokens": 1, "logprobs": True, "top_logprobs": 20}
        if self._endpoint.rung == "embedded":
            options["extra_body"] = {"cache_prompt": True, "id_slot": CHECK_SLOT}
        return options

    def _read(self, answer: "ChatCompletion | str") -> Judgement:
        if (
            isinstance(answer, str) or not answer.choices
        ):  # openai hands over what is no JSON, and JSON that lacks parts
            raise strange_answer(self._endpoint)
        choice = answer.choices[0]
        if choice.logprobs and choice.logprobs.content and choice.logprobs.content[0].top_logprobs:
            top = choice.logprobs.content[0].top_logprobs
            probability = _probability((option.token, option.logprob) for option in top)
            if probability is not None:
                return Judgement(probability)
        word = (choice.message.content or "").strip()
        if not word:
            raise empty_answer(self._endpoint)
        said = _answer(word.split()[0])
        if said is None:
            raise ModelFailed(
                f"The model {self._endpoint.model!r} answered {word[:40]!r} where only yes or no was asked for.",
                "Use a model that follows instructions.",
            )
        return Judgement(1.0 if said else 0.0, worded=True)


def _shared(passages: Sequence[str]) -> str:
    return "\n\n".join(passage.strip() for passage in passages)


def _answer(token: str) -> bool | None:
    word = token.strip().strip("\"'“”‘’.,。，!！*:：▁Ġ ").lower()
    return True if word in _YES else False if word in _NO else None


def _probability(options: Iterable[tuple[str, float]]) -> float | None:
    """Returns P(yes) / (P(yes) + P(no)); None where neither is among the options."""
    yes = no = 0.0
    for token, logprob in options:
        said = _answer(token)
        if said is not None:
            yes, no = yes + said * math.exp(logprob), no + (not said) * math.exp(logprob)
    return yes / (yes + no) if yes + no > 0 else None


def verdict(claim: str, passages: Sequence[str], judge: Judge | None) -> Finding:
    """Returns what passages say of a claim, by code and, where there is one, by a judge.

    The judge's log-odds and what code takes for clashes add up, as for independent witnesses; without a judge, the
    share of the claim that the passages speak of stands in for it. Raises ModelFailed where the judge does.
    """
    code = check(claim, passages)
    if code.place is None:
        return Finding(ClaimCheck("not_found", 0.0, ("the passages say nothing of it",), scores={"code": 0.0}), None)
    if judge is None:
        return Finding(_checked(code, code.score, (), {"code": code.score}), code.place)
    judged = judge.ask(claim, passages)
    score = 1 / (1 + math.exp(_LEANING + code.penalty - judged.log_odds))
    reasons = ("the model gave a word only, no probability",) if judged.worded else ()
    return Finding(_checked(code, score, reasons, {"code": code.score, "model": judged.probability}), code.place)


def _checked(code: CodeCheck, score: float, more: tuple[str, ...], scores: dict[str, float]) -> ClaimCheck:
    found: Verdict = "supported" if score > 0.5 else "contradicted" if code.hint == "contradicted" else "not_found"
    return ClaimCheck(found, score, (*code.reasons, *more), scores=scores)
