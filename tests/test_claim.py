"""Code alone tells what clashes between a claim and a passage, in English, in Chinese and across the two."""

import pytest

from tools.claim import best_sentence, check

PARALLEL = (
    "Tensor parallelism splits each weight matrix and stays inside one node, while pipeline parallelism assigns "
    "whole layers to stages and can cross nodes. A step of 8 micro-batches on 4 stages leaves 27% of the time idle. "
    "More micro-batches make the bubble smaller."
)
SERVING = (
    "Prefill is limited by compute, while decode is limited by memory bandwidth. The prefill workers send the KV "
    "cache to the decode workers. ServeFast is open source, is written in Rust and needs no GPU. It keeps 40 GB of "
    "weights in memory and answers in less than 20 ms."
)
EVALUATION = (
    "MMLU covers 57 subjects. First the passages are retrieved, then the answer is generated. The score is the "
    "number of supported claims divided by the number of all claims. A cross-encoder is slower than a bi-encoder. "
    "A judge model was proposed by Zheng in 2023."
)
ZH = (
    "模型权重占用 14 GB 显存。训练共使用 1.4 万亿个 token,耗时三周。该库完全开源,可以离线使用,不需要 GPU。"
    "先进行监督微调,再训练奖励模型。词表越大,序列越短。ClickHouse 存储追踪数据,PostgreSQL 存储事务数据。"
    "权重保存在本地。"
)

TRUE = {
    "same words": ("Pipeline parallelism can cross nodes.", PARALLEL),
    "other word for more": ("More micro-batches shrink the bubble.", PARALLEL),
    "share as percent": ("Of the time, 27 percent is idle.", PARALLEL),
    "compound for a phrase": ("Decode is memory-bound.", SERVING),
    "denial kept": ("ServeFast does not need a GPU.", SERVING),
    "unit converted": ("ServeFast answers in less than 0.02 s.", SERVING),
    "after for then": ("The answer is generated after the passages are retrieved.", EVALUATION),
    "passive": ("Zheng proposed a judge model.", EVALUATION),
    "faster for slower, sides turned": ("A bi-encoder is faster than a cross-encoder.", EVALUATION),
    "quotient in Chinese": ("得分等于被支持的论断数量除以全部论断数量。", EVALUATION),
    "Chinese scale": ("训练用了 14000 亿个 token。", ZH),
    "Chinese on English": ("解码受限于内存带宽。", SERVING),
    "English on Chinese": ("The weights take 14 GB of memory.", ZH),
    "English scale on Chinese": ("Training used 1.4 trillion tokens.", ZH),
    "denial across languages": ("The library works without a GPU.", ZH),
    "order across languages": ("Supervised fine-tuning comes before training the reward model.", ZH),
}
FALSE = {
    "other number": ("MMLU covers 75 subjects.", EVALUATION, "number"),
    "power of ten": ("Training used 1.4 billion tokens.", ZH, "number"),
    "Chinese power of ten": ("训练共使用 1.4 亿个 token。", ZH, "number"),
    "other unit": ("ServeFast keeps 40 MB of weights in memory.", SERVING, "number"),
    "number of another thing": ("A step of 4 micro-batches runs on 8 stages.", PARALLEL, "role"),
    "year": ("A judge model was proposed by Zheng in 2021.", EVALUATION, "number"),
    "name the passage lacks": ("ServeFast is written in TypeScript.", SERVING, "name"),
    "Chinese number word": ("训练耗时五周。", ZH, "number"),
    "denial added": ("Pipeline parallelism cannot cross nodes.", PARALLEL, "negation"),
    "denial dropped": ("ServeFast needs a GPU.", SERVING, "negation"),
    "denial dropped in Chinese": ("该库需要 GPU。", ZH, "negation"),
    "denial dropped across languages": ("The library needs a GPU.", ZH, "negation"),
    "opposite": ("ServeFast is closed source.", SERVING, "opposite"),
    "opposite across languages": ("该库是闭源的。", ZH, "opposite"),
    "cloud for local": ("权重保存在云端。", ZH, "opposite"),
    "less for more": ("More micro-batches make the bubble larger.", PARALLEL, "opposite"),
    "longer for shorter": ("词表越大,序列越长。", ZH, "opposite"),
    "inverted pair": ("Decode is limited by compute.", SERVING, "opposite"),
    "inverted pair across languages": ("预填充是内存受限的。", SERVING, "opposite"),
    "sender and receiver": ("The decode workers send the KV cache to the prefill workers.", SERVING, "role"),
    "two names exchanged": ("PostgreSQL 存储追踪数据,ClickHouse 存储事务数据。", ZH, "role"),
    "order of steps": ("First the answer is generated, then the passages are retrieved.", EVALUATION, "order"),
    "order of steps in Chinese": ("先训练奖励模型,再进行监督微调。", ZH, "order"),
    "quotient upside down": ("The score is all claims divided by the number of supported claims.", EVALUATION, "role"),
    "comparison turned": ("A bi-encoder is slower than a cross-encoder.", EVALUATION, "role"),
}


@pytest.mark.parametrize(("claim", "passage"), TRUE.values(), ids=TRUE)
def test_nothing_clashes_with_a_true_claim(claim: str, passage: str) -> None:
    found = check(claim, [passage])
    assert [clash for clash in found.clashes if clash.hard] == []
    assert found.score > 0.5


@pytest.mark.parametrize(("claim", "passage", "kind"), FALSE.values(), ids=FALSE)
def test_a_false_claim_clashes_and_the_reason_says_how(claim: str, passage: str, kind: str) -> None:
    found = check(claim, [passage])
    assert kind in {clash.kind for clash in found.clashes if clash.hard}
    assert all(found.reasons)
    assert found.score < 0.5
    assert found.hint != "supported"


def test_a_name_the_passages_lack_is_unknown_not_contradicted() -> None:
    assert check("LightServe offers tracing.", [EVALUATION]).hint == "unknown"


def test_a_reason_names_both_sides() -> None:
    assert check("MMLU covers 75 subjects.", [EVALUATION]).reasons == ("'75' is not in the passage, which says 57",)


def test_a_clash_is_told_on_the_passage_the_claim_speaks_of() -> None:
    assert check("Decode is limited by memory bandwidth.", [PARALLEL, ZH, SERVING]).hint == "supported"
    assert check("Decode is limited by compute.", [PARALLEL, ZH, SERVING]).hint == "contradicted"


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("The prefill workers send their KV cache.", "The prefill workers send the KV cache to the decode workers."),
        ("Rust 编写的 ServeFast 不需要 GPU。", "ServeFast is open source, is written in Rust and needs no GPU."),
        ("监督微调之后训练奖励模型。", "先进行监督微调,再训练奖励模型。"),
    ],
    ids=["English", "Chinese on English", "Chinese"],
)
def test_best_sentence_is_the_one_a_claim_rests_on(claim: str, words: str) -> None:
    passages = [PARALLEL, SERVING, ZH]
    place = best_sentence(claim, passages)
    assert place is not None
    assert passages[place.passage][place.start : place.end] == words


@pytest.mark.parametrize("passages", [[], [""], ["\n\n"]], ids=["none", "empty", "blank"])
def test_no_passage_supports_nothing(passages: list[str]) -> None:
    found = check("Decode is memory-bound.", passages)
    assert (found.hint, found.place, found.score > 0.5) == ("unknown", None, False)


@pytest.mark.parametrize("claim", ["", "...", "是的。", "\U0001f600", "a" * 5000, "(", "1e999 的 % --"])
def test_odd_claims_are_no_errors(claim: str) -> None:
    assert 0 <= check(claim, [SERVING]).score <= 1
