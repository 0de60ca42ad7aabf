"""A probe: what an endpoint can do, found out by a few tiny requests instead of by its model's name."""

import json
import math
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated, Any, TypeVar

import httpx
from annotated_types import MinLen
from pydantic import BaseModel, ValidationError

from agents.endpoint import Endpoint, Line, failures, strange_answer
from knowledge.errors import ModelFailed

PROBE_TIMEOUT_S = 20.0  # for each request; a large model may have to wake up
WIDE_TOKENS = 1.5  # a Chinese character costs 0.7 to 1.5 tokens, depending on the tokenizer
LETTERS_PER_TOKEN = 3.0  # English prose has about 4 letters to a token; a digit or a sign may be one by itself
REFUSED_OPTION = (400, 422, 501)  # what servers answer to an option they don't know


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a probe found; `reason` says why an endpoint cannot be used, and is empty where it can."""

    reachable: bool
    tools: bool = False
    json_schema: bool = False
    logprobs: bool = False
    tokenize: bool = False
    context_tokens: int | None = None
    reason: str = ""


class _Function(BaseModel):
    name: str = ""
    arguments: str = ""


class _Call(BaseModel):
    function: _Function = _Function()


class _Message(BaseModel):
    content: str | None = None
    tool_calls: list[_Call] | None = None


class _Position(BaseModel):
    top_logprobs: list[Any] | None = None


class _Logprobs(BaseModel):
    content: list[_Position] | None = None


class _Choice(BaseModel):
    message: _Message
    logprobs: _Logprobs | None = None


class _Completion(BaseModel):
    choices: Annotated[list[_Choice], MinLen(1)]


class _Model(BaseModel):
    id: str
    max_model_len: int | None = None  # vLLM's and SGLang's


class _Models(BaseModel):
    data: list[_Model]


class _Tokens(BaseModel):
    tokens: list[Any]


class _Settings(BaseModel):
    n_ctx: int


class _Props(BaseModel):
    default_generation_settings: _Settings  # llama.cpp's


_Shape = TypeVar("_Shape", bound=BaseModel)


def named(endpoint: Endpoint) -> Endpoint:
    """Returns the endpoint with the first model that its server offers, unless a model is named already.

    Raises ModelFailed where the server cannot be asked or offers none.
    """
    if endpoint.model:
        return endpoint
    asked = _impatient(endpoint)
    with Line(asked) as line, failures(asked):
        response = line.get(f"{endpoint.base_url}/models").raise_for_status()
    offered = _parsed(_Models, response)
    if offered is None:
        raise strange_answer(endpoint)
    if not offered.data:
        raise ModelFailed(
            f"The server at {endpoint.base_url} offers no model.", "Load one there, or name it with --model."
        )
    return replace(endpoint, model=offered.data[0].id)


def probe(endpoint: Endpoint) -> Capabilities:
    """Finds out what an endpoint can do, by up to eight short requests; a failure becomes the reason.

    The caller keeps the result: nothing is cached here.
    """
    try:
        endpoint = _impatient(named(endpoint))
        with Line(endpoint) as line, failures(endpoint):
            return Capabilities(
                reachable=True,
                logprobs=_gives_logprobs(line, endpoint),
                json_schema=_keeps_schema(line, endpoint),
                tools=_calls_tools(line, endpoint),
                tokenize=_tokenized(line, endpoint, "a b") is not None,
                context_tokens=_context_tokens(line, endpoint),
            )
    except ModelFailed as failure:
        return Capabilities(reachable=False, reason=str(failure))


def count_tokens(endpoint: Endpoint, text: str, *, tokenize: bool = True) -> int:
    """Returns the tokens of a text by the server's tokenizer, or an estimate that is rather too high.

    `tokenize` is what the probe found; without it no request is made.
    """
    counted = None
    if tokenize:
        # A dead server shows itself in the call that matters; here the estimate is as good.
        with suppress(httpx.HTTPError), Line(_impatient(endpoint)) as line:
            counted = _tokenized(line, endpoint, text)
    return estimate_tokens(text) if counted is None else counted


def estimate_tokens(text: str) -> int:
    """Returns an upper estimate of the tokens of a text for any tokenizer, Chinese counted by the character."""
    wide = sum(not character.isascii() for character in text)
    letters = sum(character.isascii() and (character.isalpha() or character.isspace()) for character in text)
    return math.ceil(wide * WIDE_TOKENS + letters / LETTERS_PER_TOKEN + (len(text) - wide - letters))


def _impatient(endpoint: Endpoint) -> Endpoint:
    return replace(endpoint, timeout_s=min(PROBE_TIMEOUT_S, endpoint.timeout_s))


def _gives_logprobs(line: Line, endpoint: Endpoint) -> bool:
    choice = _choice(line, endpoint, "Say yes.", 1, {"logprobs": True, "top_logprobs": 5})
    if choice is None:  # the options were refused; a plain call tells whether the endpoint works at all
        _choice(line, endpoint, "Say yes.", 1, {})
        return False
    positions = (choice.logprobs.content if choice.logprobs else None) or []
    return bool(positions and positions[0].top_logprobs)


def _keeps_schema(line: Line, endpoint: Endpoint) -> bool:
    """Asks for prose under a schema: only a server that enforces the schema answers in it."""
    properties = {"colour": {"type": "string", "enum": ["red", "blue"]}}
    schema = {"type": "object", "properties": properties, "required": ["colour"], "additionalProperties": False}
    wanted = {"type": "json_schema", "json_schema": {"name": "colour", "strict": True, "schema": schema}}
    choice = _choice(line, endpoint, "Name a colour.", 32, {"response_format": wanted})
    try:
        answer = json.loads((choice and choice.message.content) or "")
    except ValueError:
        return False
    return answer in ({"colour": "red"}, {"colour": "blue"})


def _calls_tools(line: Line, endpoint: Endpoint) -> bool:
    """Offers one tool for a question that needs it: small models print the call as text, which nothing can run."""
    parameters = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
    tool = {"name": "weather", "description": "Returns the weather in a city now.", "parameters": parameters}
    offer = {"tools": [{"type": "function", "function": tool}]}
    choice = _choice(line, endpoint, "What is the weather in Paris now? Use the tool.", 128, offer)
    calls = (choice and choice.message.tool_calls) or [_Call()]
    try:
        arguments = json.loads(calls[0].function.arguments)
    except ValueError:
        return False
    return calls[0].function.name == "weather" and isinstance(arguments, dict) and "city" in arguments


def _choice(line: Line, endpoint: Endpoint, words: str, max_tokens: int, options: dict[str, Any]) -> _Choice | None:
    """Returns the first choice, or None where the server refuses the options; raises for every other failure."""
    body = {"model": endpoint.model, "messages": [{"role": "user", "content": words}], "max_tokens": max_tokens}
    response = line.post(f"{endpoint.base_url}/chat/completions", json={**body, "temperature": 0, **options})
    if options and response.status_code in REFUSED_OPTION:
        return None
    completion = _parsed(_Completion, response.raise_for_status())
    if completion is None:
        raise strange_answer(endpoint)
    return completion.choices[0]


def _tokenized(line: Line, endpoint: Endpoint, text: str) -> int | None:
    """Returns the number of tokens by the server's own tokenizer, or None where it shows none."""
    body = {"content": text, "model": endpoint.model, "prompt": text}  # llama.cpp reads the first, vLLM the others
    answer = _parsed(_Tokens, line.post(f"{endpoint.root_url}/tokenize", json=body))
    return len(answer.tokens) if answer else None


def _context_tokens(line: Line, endpoint: Endpoint) -> int | None:
    """Returns the tokens that one request may hold, as vLLM or llama.cpp tell it, or None."""
    offered = _parsed(_Models, line.get(f"{endpoint.base_url}/models"))
    for model in offered.data if offered else []:
        if model.id == endpoint.model and model.max_model_len is not None:
            return model.max_model_len
    props = _parsed(_Props, line.get(f"{endpoint.root_url}/props"))
    return props.default_generation_settings.n_ctx if props else None


def _parsed(shape: type[_Shape], response: httpx.Response) -> _Shape | None:
    """Returns the body of a successful response in its shape, or None where it has another."""
    try:
        return shape.model_validate_json(response.content) if response.is_success else None
    except ValidationError:
        return None
