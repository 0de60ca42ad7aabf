"""Plain words ask for advice on tools, and other questions that sound alike do not."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from quiz_material import material

from agents.advice_request import advice_request
from tools.recommend.reading import read

RECOMMEND = """
which tool should I use to serve Qwen3-14B to 100 users?
What should I use for tracking experiments on my own server?
recommend a vector database for 2 million documents
Can you recommend a framework for fine-tuning on one 4090?
which framework for fine-tuning a 7B model on a single GPU?
What is the best inference engine for many users?
I am looking for a tool to extract text from PDFs
I need a library that forces JSON output
is there a tool to trace what my agent does?
what tool can I use to count tokens?
Best vector database for 1M docs on one machine?
what do you recommend for evaluating a chat model?
Which open-source RAG framework should we choose?
what should we use to run a model on a laptop without a GPU?
What would you use to quantize a 70B model?
hi, which library should I use to train a tokenizer
用什么工具可以在笔记本上跑大模型？
推荐一个向量数据库，大约 200 万条数据
该用哪个框架微调 7B 模型，只有一张 4090
我想给公司 300 人部署 Qwen3-32B，应该选哪个推理引擎？
有什么工具可以跟踪训练实验？
用什么部署 Qwen3-32B 比较好
请推荐一款本地运行大模型的软件
哪个推理引擎适合高并发？
除了 vLLM 之外，有什么高吞吐的推理引擎？我们有 A100
评测模型用哪个工具比较好
需要一个能从 PDF 抽取文本的工具
该选哪个来做 RAG？
"""
COMPARE = """
vLLM or SGLang for multi-turn chat?
Should I use vLLM or SGLang?
vLLM or SGLang or Shimmy for one user on a laptop?
which is better for fine-tuning, Unsloth or Axolotl?
Chroma or Milvus for 50 million vectors?
compare vLLM, SGLang and Ollama
vLLM vs SGLang for structured output
is vLLM or Ollama better for one user?
LlamaIndex or LangChain for RAG on my own documents?
vLLM 和 SGLang 哪个适合多轮对话？
单卡微调用 Unsloth 还是 LLaMA-Factory？
Chroma 和 Milvus 该选哪个？
vLLM、SGLang、Ollama 哪个更适合个人电脑？
比较 vLLM 和 SGLang
W&B 还是 SwanLab，数据不能出公司
"""
NEITHER = """
What is vLLM?
What is the difference between vLLM and SGLang?
How do vLLM and SGLang differ?
vLLM 和 SGLang 有什么区别？
does qwen3-14b fit on a 4090?
What learning rate should I use for LoRA?
What rank should I use for LoRA?
which optimizer should I use for pretraining?
Which tools implement PagedAttention?
What does the vLLM engine do when it preempts?
How should I choose the chunk size for RAG?
What batch size should I use on an A100?
What should I learn next?
Does vLLM or SGLang support LoRA adapters?
Why is vLLM better than a plain server?
How does a vector database work?
do I need a vector database for ten thousand passages?
什么是向量数据库？
LoRA 的秩该用多少？
学习率应该用多少比较好
vLLM 是什么工具？
哪些工具实现了 PagedAttention？
AWQ 和 GPTQ 该选哪个
Recommend a book on transformers
推荐一篇关于注意力的论文
which GPU should I use for Qwen3-32B?
When should I use QLoRA instead of LoRA?
What are agents and which tools do they use?
"""


def lines(text: str) -> list[str]:
    return text.strip().splitlines()


def named(text: str) -> Sequence[str]:
    return read(text, material().library).named


@pytest.mark.parametrize("message", lines(RECOMMEND))
def test_wish_for_a_tool_asks_for_a_recommendation(message: str) -> None:
    found = advice_request(message, named)
    assert found is not None
    assert found.journey == "recommend"


@pytest.mark.parametrize("message", lines(COMPARE))
def test_choice_between_named_tools_asks_for_a_comparison(message: str) -> None:
    found = advice_request(message, named)
    assert found is not None
    assert found.journey == "compare"


@pytest.mark.parametrize("message", lines(NEITHER))
def test_other_question_asks_for_no_advice(message: str) -> None:
    assert advice_request(message, named) is None


def test_choice_of_what_is_no_tool_asks_for_no_comparison() -> None:
    assert advice_request("tea or coffee for breakfast?", named) is None


def test_wish_that_names_no_kind_of_tool_is_not_sure() -> None:
    unsure, sure = (
        advice_request("what should I use for my homework?", named),
        advice_request(lines(RECOMMEND)[0], named),
    )
    assert unsure is not None
    assert sure is not None
    assert (unsure.is_sure, sure.is_sure) == (False, True)


def test_questions_on_the_notes_are_left_to_the_tutor() -> None:
    file = Path(__file__).parents[1] / "evals" / "data" / "note_questions.jsonl"
    questions = [str(json.loads(line)["query"]) for line in file.read_text(encoding="utf-8").splitlines()]
    taken = [question for question in questions if advice_request(question, named)]
    assert len(taken) < 0.01 * len(questions)
