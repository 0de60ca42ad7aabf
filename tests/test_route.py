"""Messages find their way by rules: commands always, obvious cases without a model."""

import pytest

from agents.route import LONGEST_MESSAGE, Known, Route, clean, leans_on_history, route
from knowledge.errors import UserMistake


@pytest.mark.parametrize(
    ("message", "journey", "text"),
    [
        ("What is vLLM?", "learn", "What is vLLM?"),
        ("/ask hello", "learn", "hello"),
        ("/learn vLLM", "learn", "vLLM"),
        ("/CHECK vLLM is fast", "check", "vLLM is fast"),
        ("/check\nvLLM\nis fast", "check", "vLLM\nis fast"),
        ("/check大模型会产生幻觉", "check", "大模型会产生幻觉"),
        ("/search paged attention", "search", "paged attention"),
        ("/help", "help", ""),
        ("/help me", "help", "me"),
        ("hello", "talk", "hello"),
        ("Thanks a lot!", "talk", "Thanks a lot!"),
        ("  Hi there ~", "talk", "  Hi there ~"),
        ("你好！", "talk", "你好！"),
        ("谢谢你。", "talk", "谢谢你。"),
        ("hello world program in CUDA", "learn", "hello world program in CUDA"),
        ("thanks, and what is vLLM?", "learn", "thanks, and what is vLLM?"),
        ("Is it true that vLLM uses PagedAttention?", "check", "vLLM uses PagedAttention"),
        ("true or false: LoRA freezes weights", "check", "LoRA freezes weights"),
        ("判断对错：LoRA 会冻结权重？", "check", "LoRA 会冻结权重"),
        ("/v1/models returns 404", "learn", "/v1/models returns 404"),
        ("/usr/bin/python fails", "learn", "/usr/bin/python fails"),
        ("/", "learn", "/"),
        ("What does `/check` do?", "learn", "What does `/check` do?"),
        ("/recommend a vector store", "recommend", "a vector store"),
        ("/compare vLLM SGLang", "compare", "vLLM SGLang"),
        ("/fix Killed\nby the system", "fix", "Killed\nby the system"),
        ("which tool should I use to serve a model?", "recommend", "which tool should I use to serve a model?"),
        ("does qwen3-14b fit on a 4090?", "calculate", "does qwen3-14b fit on a 4090?"),
        ("Is it true that ValueError: x is raised?", "check", "ValueError: x is raised"),
        ("ValueError: what should I use for this?", "fix", "ValueError: what should I use for this?"),
    ],
)
def test_message_starts_its_journey(message: str, journey: str, text: str) -> None:
    found = route(message)
    assert (found.journey, found.text) == (journey, text)


def test_unknown_command_is_refused_with_the_known_ones() -> None:
    known = "/ask, /learn, /check, /search, /calc, /recommend, /compare, /fix, /guide, /quiz, /review, /progress, /path, /next"
    with pytest.raises(UserMistake, match=f"'/dance'.*There are {known}"):
        route("/dance now")


@pytest.mark.parametrize("command", ["/check", "/search  ", "/ask\n"])
def test_command_without_a_text_is_refused(command: str) -> None:
    with pytest.raises(UserMistake, match="needs a text"):
        route(command)


@pytest.mark.parametrize(
    ("message", "cleaned"),
    [
        ("  What is\tvLLM?\r\n", "What is\tvLLM?"),
        ("a\r\nb\rc", "a\nb\nc"),
        ("v\x00L\x1b[31mLM\x7f", "vL[31mLM"),
        ("v\u200bL\u2060L\ufeffM", "vLLM"),
        ("\u202eMLLv\u2069", "MLLv"),
        ("half \ud83d of a smile", "half  of a smile"),
        ("hidden \U000e0041\U000e0042 tags", "hidden  tags"),
        ("什么是　分页注意力", "什么是　分页注意力"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    ],
    ids=["spaces", "line ends", "control", "zero width", "direction", "surrogate", "tags", "chinese", "markup"],
)
def test_invisible_characters_are_taken_out(message: str, cleaned: str) -> None:
    assert clean(message) == cleaned


@pytest.mark.parametrize("message", ["", "   \n\t ", "\x00", "\u200b\u200b", "\ufeff"])
def test_message_of_nothing_is_refused(message: str) -> None:
    with pytest.raises(UserMistake, match="empty"):
        clean(message)


def test_longest_message_passes_and_a_longer_one_is_refused() -> None:
    assert len(clean("x" * LONGEST_MESSAGE)) == LONGEST_MESSAGE
    with pytest.raises(UserMistake, match="20,000 characters"):
        clean("x" * 20_000)


@pytest.mark.parametrize(
    ("message", "names_a_note", "leans"),
    [
        ("What is vLLM?", True, False),
        ("How does it differ from SGLang?", True, True),
        ("它和 SGLang 有什么区别？", True, True),
        ("Why?", False, True),
        ("为什么？", False, True),
        ("and the memory?", False, True),
        ("What about LoRA?", True, False),
        ("Explain attention in transformers", False, False),
        ("举例", False, True),
    ],
)
def test_follow_up_is_known_by_what_it_points_at(message: str, names_a_note: bool, leans: bool) -> None:
    assert leans_on_history(message, names_a_note=names_a_note) is leans


def test_what_the_notes_know_tells_tools_and_errors() -> None:
    known = Known(tools=lambda text: ["vllm", "sglang"] if "vLLM" in text else [], is_error=lambda text: "KV" in text)
    asked = ["vLLM or SGLang for chat?", "tea or coffee for breakfast?", "no KV cache blocks left", "What is vLLM?"]
    assert [route(message, known).journey for message in asked] == ["compare", "learn", "fix", "learn"]
    assert [route(message).journey for message in asked] == ["learn"] * 4


def test_only_a_log_may_be_longer_than_other_messages() -> None:
    log = "Traceback (most recent call last)\n" + "x" * LONGEST_MESSAGE
    assert route(log).text == log
    assert route(f"/fix {'x' * LONGEST_MESSAGE}").journey == "fix"
    for message in ("x" * (LONGEST_MESSAGE + 1), "/recommend " + "x" * LONGEST_MESSAGE):
        with pytest.raises(UserMistake, match=r"4,0.. characters"):
            route(message)


def test_route_is_a_value() -> None:
    assert route("hello") == Route("talk", "hello")
