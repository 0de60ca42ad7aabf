"""The quiz master accepts an item only where code, judge and blind solver agree, and stops at once."""

import json
import random
import threading
import time
from dataclasses import replace

import pytest
from quiz_material import material
from scripted_model import Request, ScriptedModel

from agents import weights
from agents.embedded import CAPABILITIES, EmbeddedServer
from agents.judge import CHECK_SLOT
from agents.probe import Capabilities
from agents.prompt import load
from agents.quiz_master import DRAFTS, QuizMaster, Written
from agents.quiz_oracle import Oracle
from agents.quiz_solver import solve
from agents.team import ANSWER_SLOT
from knowledge.errors import ModelFailed
from knowledge.vocabulary import Language
from tools.quiz.draft import Inspection
from tools.quiz.draft_focus import focuses
from tools.quiz.item import Item, key_of

ABLE = Capabilities(reachable=True, json_schema=True, logprobs=True)
KEY = "two small matrices"
SEED = next(  # with which the first sentence drawn is the one that the drafts below are on
    seed
    for seed in range(1000)
    if KEY in next(focuses(material(), "lora", "en", None, random.Random(seed))).sentence.text
)
GOOD = {
    "correct": KEY,
    "question": "What does LoRA train beside each chosen weight matrix?",
    "wrong_1": "one large adapter",
    "wrong_2": "a second tokenizer",
    "wrong_3": "four sparse tensors",
    "wrong_4": "every bias",
    "wrong_5": "the positions",
}
LETTERS = "ABCD"


def of_quiz_master(request: Request) -> bool:
    return "You are Quiz master" in request.prompt


def of_judge(request: Request) -> bool:
    return request.is_check() and "Claim:" in request.prompt


def of_solver(request: Request) -> bool:
    return request.is_check() and "Letter of the right option" in request.prompt


def drafts(model: ScriptedModel, *written: dict[str, str]) -> None:
    for one in written:
        model.reply(json.dumps(one), when=of_quiz_master)


def judges(model: ScriptedModel, yes: float = 0.05, times: int | None = None) -> None:
    model.reply(probabilities={"yes": yes, "no": 1 - yes}, when=of_judge, times=times)


def solves(model: ScriptedModel, option: str = KEY, certainty: float = 0.94) -> None:
    """Scripts a solver that finds an option wherever it stands."""
    for letter in LETTERS:
        shares = {one: certainty if one == letter else (1 - certainty) / 3 for one in LETTERS}

        def stands_here(request: Request, letter: str = letter) -> bool:
            return of_solver(request) and f"{letter}. {option}".lower() in request.user.lower()

        model.reply(probabilities=shares, when=stands_here, times=None)


def master(model: ScriptedModel, seen: list[Inspection] | None = None) -> QuizMaster:
    return QuizMaster(replace(model.endpoint, rung="embedded"), ABLE, material(), ([] if seen is None else seen).append)


def written(quiz_master: QuizMaster, concept: str = "lora", language: Language = "en") -> Item | None:
    return quiz_master.item(concept, language, random.Random(SEED))


def test_accepted_item_carries_its_key_its_citation_and_every_check(model: ScriptedModel) -> None:
    drafts(model, GOOD)
    judges(model)
    solves(model)
    asked = master(model)
    item = written(asked)
    assert item is not None
    assert (key_of(item), item.stem, item.origin) == ("Two small matrices", GOOD["question"], "model")
    assert KEY in item.citations[0].quote
    assert item.checks["solver"] == pytest.approx(0.94)
    assert item.checks["judge"] == pytest.approx(0.05)
    report = asked.report
    assert (report.accepted, report.rejected.total()) == (1, 0)
    assert (report.usage.calls, report.usage.checks) == (1, 5)
    assert report.usage.prompt_tokens > 0 < report.usage.completion_tokens


def test_model_is_asked_under_a_schema_that_takes_the_key_first(model: ScriptedModel) -> None:
    drafts(model, GOOD)
    judges(model)
    solves(model)
    written(master(model))
    request = model.requests[0]
    assert request.schema is not None
    assert list(request.schema["properties"]) == list(Written.model_fields)
    assert next(iter(Written.model_fields)) == "correct"
    assert request.body["id_slot"] == ANSWER_SLOT
    assert {check.body["id_slot"] for check in model.requests[1:]} == {CHECK_SLOT}


def test_fixed_part_of_the_prompt_stands_first_whatever_the_concept(model: ScriptedModel) -> None:
    drafts(model, *[{**GOOD, "correct": "nowhere"}] * 4)
    asked = master(model)
    assert [written(asked), written(asked, "vllm")] == [None, None]
    first, other = model.requests[0].user, model.requests[2].user
    head = first.partition("Sentence from the note on")[0]
    assert other.startswith(head)
    assert len(head) > 0.8 * len(first)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_prompts_name_every_field_of_the_schema(language: Language) -> None:
    assert all(f'"{name}"' in load("quiz_master")[f"task_{language}"] for name in Written.model_fields)


def test_solver_sees_evidence_stem_and_options_but_no_key(model: ScriptedModel) -> None:
    drafts(model, GOOD)
    judges(model)
    solves(model)
    written(master(model))
    asked = [request for request in model.requests if of_solver(request)]
    assert len(asked) == 2
    options = [
        [line for line in request.user.splitlines() if line[:2] in {"A.", "B.", "C.", "D."}] for request in asked
    ]
    assert sorted(line[3:] for line in options[0]) == sorted(line[3:] for line in options[1])
    assert not set(options[0]) & set(options[1])  # no option stands twice at one letter
    assert all("keeps the pretrained weights frozen" in request.user for request in asked)
    assert asked[0].user.partition(GOOD["question"])[0] == asked[1].user.partition(GOOD["question"])[0]


def test_solver_that_always_takes_one_letter_finds_nothing(model: ScriptedModel) -> None:
    model.reply(probabilities={"A": 0.97, "B": 0.01, "C": 0.01, "D": 0.01}, times=2)
    shares = solve(Oracle(model.endpoint, ABLE), "Which?", ["one", "two", "three", "four"], "Text.", random.Random(1))
    assert max(shares) < 0.5
    assert sum(shares) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("fault", "yes", "option"),
    [("judge", 0.7, KEY), ("solver", 0.05, "one large adapter")],
    ids=["a wrong option is supported", "the solver takes another option"],
)
def test_draft_that_the_model_itself_doubts_is_made_once_more_then_given_up(
    model: ScriptedModel, fault: str, yes: float, option: str
) -> None:
    drafts(model, GOOD, {**GOOD, "correct": "nowhere to be found"})
    judges(model, yes)
    if fault == "solver":
        solves(model, option)
    seen: list[Inspection] = []
    asked = master(model, seen)
    assert written(asked) is None
    assert [inspection.fault for inspection in seen] == [fault, "key"]
    assert asked.report.rejected == {fault: 1, "key": 1}
    assert asked.report.usage.calls == DRAFTS == 2
    assert model.requests[0].user != model.requests[-1].user  # on another sentence


def test_draft_outside_of_the_schema_is_a_rejected_one(model: ScriptedModel) -> None:
    model.reply("I would rather not.", when=of_quiz_master, times=2)
    asked = master(model)
    assert written(asked) is None
    assert asked.report.rejected == {"nonsense": 2}


def test_draft_without_an_end_is_a_rejected_one(model: ScriptedModel) -> None:
    model.reply(json.dumps(GOOD)[:90], finish_reason="length", when=of_quiz_master, times=2)
    asked = master(model)
    assert written(asked) is None
    assert asked.report.rejected == {"nonsense": 2}


def test_sentences_and_stems_of_items_to_avoid_are_not_asked_again(model: ScriptedModel) -> None:
    drafts(model, GOOD, {**GOOD, "correct": "nowhere"}, {**GOOD, "correct": "nowhere"})
    judges(model)
    solves(model)
    asked = master(model)
    (item,) = asked.write(["lora", "lora"], "en", random.Random(SEED))
    prompts = [request.user for request in model.requests if of_quiz_master(request)]
    assert len(prompts) == 3
    assert sum(item.citations[0].quote in prompt for prompt in prompts) == 1


def test_note_without_a_fit_sentence_in_the_language_costs_no_call(model: ScriptedModel) -> None:
    short = next(n.id for n in material().notes if not any(focuses(material(), n.id, "zh", None, random.Random(0))))
    assert written(master(model), short, "zh") is None
    assert model.requests == []


@pytest.mark.parametrize("status", [500, 404])
def test_model_that_is_down_is_the_callers_to_handle(model: ScriptedModel, status: int) -> None:
    model.fail(status)
    with pytest.raises(ModelFailed):
        written(master(model))


@pytest.mark.parametrize("at", ["draft", "judge", "solver"])
def test_abort_frees_the_model_whatever_it_is_asked(model: ScriptedModel, at: str) -> None:
    if at == "draft":
        model.reply(json.dumps(GOOD), when=of_quiz_master, hang_after=3)
    else:
        drafts(model, GOOD)
        if at == "solver":
            judges(model)
        model.reply(hang=True, when=of_judge if at == "judge" else of_solver)
    asked = master(model)
    requests = {"draft": 1, "judge": 2, "solver": 5}[at]
    stopper = threading.Thread(target=lambda: (model.wait_for_requests(requests, 30.0), time.sleep(0.1), asked.abort()))
    stopper.start()
    with pytest.raises(ModelFailed):
        written(asked)
    stopper.join()
    model.wait_for_disconnect(timeout_s=1.0)
    with pytest.raises(ModelFailed):
        written(asked)
    assert len(model.requests) == requests


@pytest.mark.model
def test_the_embedded_model_writes_only_what_the_notes_say() -> None:
    path = weights.locate(weights.SMALL, weights.default_cache_dir())
    if path is None:
        pytest.skip("the small model is not installed")
    server = EmbeddedServer(weights.SMALL, path)
    seen: list[Inspection] = []
    try:
        quiz_master = QuizMaster(server.start(), CAPABILITIES, material(), seen.append)
        items = list(quiz_master.write(["vllm", "lora"], "en", random.Random(5)))
    finally:
        server.close()
    report = quiz_master.report
    assert report.usage.calls == len(seen) == report.accepted + report.rejected.total()
    assert len(items) == report.accepted
    assert all(key_of(item).lower() in item.citations[0].quote.lower() for item in items)
