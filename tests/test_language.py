import pytest

from knowledge.language import content_terms, mentions, question_language, terms, text_language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("What is vLLM?", "en"),
        ("vLLM 是什么", "zh"),
        ("什", "zh"),
        ("", "en"),
        ("🙂", "en"),
        ("ＲＡＧ", "en"),
    ],
)
def test_one_chinese_character_makes_a_question_chinese(text: str, language: str) -> None:
    assert question_language(text) == language


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("PagedAttention stores the KV cache in blocks (中文: 分页).", "en"),
        ("vLLM 用 PagedAttention 管理键值缓存，减少显存碎片。", "zh"),
        ("", "en"),
        ("123 456", "en"),
    ],
)
def test_a_longer_text_is_in_the_language_of_most_of_it(text: str, language: str) -> None:
    assert text_language(text) == language


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Paged Attention", ["paged", "attention"], id="words"),
        pytest.param("Qwen2.5-Coder", ["qwen2.5-coder", "qwen2", "5", "coder"], id="a compound and its parts"),
        pytest.param("c++", ["c++"], id="a name that ends in signs"),
        pytest.param("np.float", ["np.float", "np", "float"], id="a dotted name"),
        pytest.param("分词器", ["分词", "词器"], id="Chinese bigrams"),
        pytest.param("词", ["词"], id="one Chinese character"),
        pytest.param("用vLLM部署", ["vllm", "用", "部署"], id="both in one run"),
        pytest.param("ＲＡＧ", ["rag"], id="full-width letters"),
        pytest.param("!?* ()", [], id="signs only"),
    ],
)
def test_terms(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("What is the KV cache and how does the cache grow?", ["kv", "cache", "grow"]),
        ("how does it do that", []),
        ("什么是分词", ["分词", "是分"]),
        ("怎么", []),
    ],
)
def test_content_terms_leave_out_how_something_is_asked(question: str, expected: list[str]) -> None:
    assert sorted(content_terms(question)) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("rag", "what is rag?", True),
        ("rag", "storage", False),
        ("rag", "storage for rag", True),
        ("rag", "用rag做问答", True),
        ("分词", "中文分词器", True),
        ("roofline 模型", "讲讲roofline 模型", True),
        ("c++", "in c++ code", True),
        ("lora", "qlora", False),
    ],
)
def test_a_name_is_mentioned_as_a_whole_word(name: str, text: str, found: bool) -> None:
    assert mentions(name, text) is found
