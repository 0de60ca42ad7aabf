"""What is said after advice joins the task, takes the place of what it contradicts, or speaks of something else."""

import pytest
from quiz_material import material

from agents.consultation import Consultation, FollowUp, follow_up, kept, open_consultation
from agents.desk import Turn
from tools.recommend.reading import read
from tools.recommend.wording import say

TASK = "Which tool should I use to serve Qwen3-14B on two A100 80GB to 100 users?"
BEFORE = Consultation(TASK, "en", ("vllm", "sglang"))


def after(message: str, before: Consultation = BEFORE) -> FollowUp | None:
    return follow_up(message, before, material().library)


@pytest.mark.parametrize(
    ("message", "now"),
    [
        ("and if it has to be offline?", {"offline": True, "count": 2, "users": 100}),
        ("on a Mac instead", {"device": "apple-gpu", "count": 0, "users": 100}),
        ("for four GPUs", {"count": 4, "users": 100}),
        ("on a single RTX 4090", {"count": 1, "card": "RTX 4090", "users": 100}),
        ("we have no GPU", {"cpu_only": True, "count": 0}),
        ("just for me", {"count": 2, "users": 0}),
        ("with Qwen3-32B", {"model": "Qwen3-32B", "count": 2}),
        ("open source only", {"licence": ("open source",)}),
        ("but not vLLM", {"excluded": ("vllm",)}),
        ("换成 Mac 电脑", {"device": "apple-gpu", "count": 0}),
        ("必须开源", {"licence": ("open source",)}),
        ("四张卡呢？", {"count": 4}),
    ],
)
def test_what_is_added_takes_the_place_of_what_it_contradicts(message: str, now: dict[str, object]) -> None:
    found = after(message)
    assert found is not None
    assert found.compared == ()
    constraints = read(found.consultation.task, material().library)
    cards = constraints.accelerators
    seen: dict[str, object] = {
        "count": sum(card.count for card in cards), "card": cards[0].name if cards else "",
        **{name: getattr(constraints, name) for name in ("offline", "device", "users", "model", "licence", "excluded", "cpu_only")},
    }  # fmt: skip
    assert {name: seen[name] for name in now} == now


@pytest.mark.parametrize("message", ["what about Ollama?", "Why not Ollama?", "为什么不用 Ollama？", "那 Ollama 呢？"])
def test_another_tool_is_set_beside_the_one_advised(message: str) -> None:
    found = after(message)
    assert found is not None
    assert found.compared == ("vllm", "ollama")
    assert found.consultation.task == TASK


@pytest.mark.parametrize(
    "message",
    [
        "What is SGLang?", "how do I install it?", "why vLLM?", "and what is PagedAttention?", "does it support LoRA?",
        "thanks", "tell me more", "Explain PagedAttention", "The KV cache", "hint", "it need not be offline", "x" * 300,
        "什么是分页注意力？", "为什么 vLLM 更快？",
    ],
)  # fmt: skip
def test_other_messages_add_nothing(message: str) -> None:
    assert after(message) is None


def test_constraint_is_taken_back() -> None:
    before = Consultation("serve Qwen3-8B offline on a 4090", "en", ("vllm",))
    found = after("it need not be offline", before)
    assert found is not None
    assert not read(found.consultation.task, material().library).offline


@pytest.mark.parametrize(("answer", "place", "strength"), [("no", "own", "hard"), ("Yes.", "hosted", "soft")])
def test_yes_or_no_answers_where_data_may_go(answer: str, place: str, strength: str) -> None:
    asked = Consultation("What should I use to track experiments?", "en", ("mlflow",), say("ask_track", "en"))
    found = after(answer, asked)
    assert found is not None
    constraints = read(found.consultation.task, material().library)
    assert (constraints.place, constraints.said["place"].strength) == (place, strength)
    assert after(answer) is None


def test_answer_to_a_question_back_needs_no_word_that_leads_on() -> None:
    asked = Consultation("serve a chat model", "en", ("vllm",), say("ask_serve", "en"))
    found = after("an RTX 4090 and 5 users", asked)
    assert found is not None
    assert read(found.consultation.task, material().library).users == 5


def test_language_is_the_message_s_own_where_it_has_one() -> None:
    chinese = Consultation("部署 Qwen3-14B", "zh", ("vllm",))
    languages = [found and found.consultation.language for found in (after("2x A100", chinese), after("必须离线"))]
    assert languages == ["zh", "zh"]


def test_consultation_is_kept_with_the_turns_and_outlives_other_questions() -> None:
    turns = [Turn("1", "q", "q", "a", consultation=kept(BEFORE)), Turn("2", "What is vLLM?", "q", "a")]
    assert open_consultation(turns) == BEFORE
    assert open_consultation(turns[1:]) is None
