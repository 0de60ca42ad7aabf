"""A claim is checked by code and by the judge, and rests on an exact sentence."""

import pytest
from scripted_model import ScriptedModel
from small_atlas import FALSE, OFF_NOTES, PARAPHRASE, VERBATIM, judge

from agents.judge import Judge
from agents.probe import Capabilities
from agents.verification import verify
from knowledge.errors import ModelFailed
from knowledge.evidence import Evidence
from knowledge.vocabulary import Language

TEXT = f"{VERBATIM} PagedAttention wastes less than 4 percent of the cache memory."


def passage(text: str, note: str = "paged-attention", start: int = 50, language: Language = "en") -> Evidence:
    return Evidence(note, note, "How it works", text, start, start + len(text), language, 1.0, "src", f"{note}.md")


EVIDENCE = [passage("vLLM serves models.", "vllm"), passage(TEXT)]


def asking(model: ScriptedModel) -> Judge:
    return Judge(model.endpoint, Capabilities(True, logprobs=True))


@pytest.mark.parametrize(
    "claim",
    [VERBATIM, VERBATIM.rstrip("."), "**PagedAttention** stores the  KV cache in fixed blocks of 16 tokens. [1]"],
    ids=["verbatim", "without its full stop", "with markup"],
)
def test_sentence_of_the_notes_is_supported_without_asking(model: ScriptedModel, claim: str) -> None:
    found = verify(claim, EVIDENCE, asking(model))
    assert (found.check.verdict, found.check.score, found.asked) == ("supported", 1.0, False)
    assert [citation.quote for citation in found.check.citations] == [VERBATIM]
    assert model.requests == []


def test_chinese_sentence_of_the_notes_is_supported_without_asking(model: ScriptedModel) -> None:
    evidence = [passage("LoRA 冻结权重矩阵。LoRA 只训练低秩矩阵。", "lora", language="zh")]
    found = verify("LoRA只训练低秩矩阵", evidence, asking(model))
    assert (found.check.verdict, found.asked) == ("supported", False)
    assert found.check.citations[0].quote == "LoRA 只训练低秩矩阵。"


def test_judge_sees_the_one_passage_that_speaks_of_the_claim(model: ScriptedModel) -> None:
    judge(model)
    found = verify(PARAPHRASE, EVIDENCE, asking(model))
    assert (found.check.verdict, found.asked) == ("supported", True)
    assert found.check.score > 0.5
    (citation,) = found.check.citations
    assert (citation.n, citation.note, citation.quote) == (1, "paged-attention", VERBATIM)
    assert TEXT[citation.start - 50 : citation.end - 50] == VERBATIM
    assert TEXT in model.requests[0].prompt
    assert "vLLM serves models" not in model.requests[0].prompt


def test_judge_that_says_no_leaves_a_claim_unsupported(model: ScriptedModel) -> None:
    judge(model, 0.02)
    found = verify(PARAPHRASE, EVIDENCE, asking(model))
    assert (found.check.verdict, found.check.citations) == ("not_found", ())
    assert found.check.score < 0.5


def test_wrong_number_is_contradicted_though_the_judge_leans_to_yes(model: ScriptedModel) -> None:
    judge(model, 0.7)
    found = verify(FALSE, EVIDENCE, asking(model))
    assert found.check.verdict == "contradicted"
    assert "64" in " ".join(found.check.reasons)
    assert [citation.quote for citation in found.check.citations] == [VERBATIM]


@pytest.mark.parametrize(
    ("claim", "verdict"),
    [(VERBATIM, "supported"), (PARAPHRASE, "supported"), (FALSE, "contradicted"), (OFF_NOTES, "not_found")],
    ids=["verbatim", "paraphrase", "false", "off the notes"],
)
def test_code_judges_alone_where_there_is_no_model(claim: str, verdict: str) -> None:
    found = verify(claim, EVIDENCE, None)
    assert (found.check.verdict, found.asked) == (verdict, False)
    assert "model" not in found.check.scores


def test_claim_without_evidence_is_not_found_and_nobody_is_asked(model: ScriptedModel) -> None:
    found = verify(PARAPHRASE, [], asking(model))
    assert (found.check.verdict, found.check.score, found.place) == ("not_found", 0.0, None)
    assert model.requests == []


def test_failing_judge_is_the_models_failure(model: ScriptedModel) -> None:
    model.fail(500)
    with pytest.raises(ModelFailed, match="HTTP 500"):
        verify(PARAPHRASE, EVIDENCE, asking(model))
