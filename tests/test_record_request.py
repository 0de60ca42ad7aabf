"""Plain words that ask for a quiz or for one's record, and words that only look like it."""

import pytest

from agents.route import route


@pytest.mark.parametrize(
    ("message", "journey", "text"),
    [
        ("quiz me on KV cache", "quiz", "KV cache"),
        ("Test me on vLLM and SGLang!", "quiz", "vLLM and SGLang"),
        ("test me", "quiz", ""),
        ("give me 5 questions about LoRA", "quiz", "5 questions LoRA"),
        ("考考我 KV 缓存", "quiz", "KV 缓存"),
        ("给我出5道关于注意力的题", "quiz", "5道 注意力"),
        ("测试一下我对 FSDP 的理解", "quiz", "FSDP"),
        ("what should I learn next?", "next", ""),
        ("我接下来该学什么？", "next", ""),
        ("what do I learn before vLLM", "path", "vLLM"),
        ("学会 vLLM 需要先学什么？", "path", "vLLM"),
        ("vLLM 的学习路径", "path", "vLLM"),
        ("my progress", "progress", ""),
        ("我的学习进度怎么样", "progress", ""),
        ("what is due today?", "review", ""),
        ("/quiz", "quiz", ""),
        ("/quiz lora", "quiz", "lora"),
        ("/review", "review", ""),
        ("/path vllm", "path", "vllm"),
    ],
)
def test_what_asks_for_the_record_starts_its_journey(message: str, journey: str, text: str) -> None:
    found = route(message)
    assert (found.journey, found.text) == (journey, text)


@pytest.mark.parametrize(
    "message",
    [
        "How do I test my model?",
        "测试集是什么",
        "what is a learning path in curriculum learning?",
        "出错的题目怎么处理",
        "which concepts do I need for vLLM in production, and why?",
        "How is progress measured in training?",
        "学习率是什么",
        "test-time compute",
    ],
)
def test_questions_that_only_look_like_it_are_learned(message: str) -> None:
    assert route(message).journey == "learn"
