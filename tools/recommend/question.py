"""The one question to ask back, where the answer hangs on what the task does not say."""

from collections.abc import Sequence
from typing import Final

from knowledge.vocabulary import Language
from tools.recommend.constraints import Constraints
from tools.recommend.scoring import Need, Score
from tools.recommend.wording import load, say

_CLOSE: Final = 0.75  # scores nearer than this may change places
_TELLING: Final = {
    "serve": {"many-users", "one-user", "no-gpu", "phone", "single-binary", "embed-in-program", "download", "easy"},
    "fine-tune": {"no-code", "online-rl", "one-gpu-training", "many-gpus", "images", "yaml-recipe"},
    "store": {"huge-collection", "in-process", "offline-vectors", "hybrid"},
    "track": {"data-inside", "team-tracking", "local-curves", "registry", "ascend", "chinese-users"},
    "trace": {"data-inside", "prompt-versions", "rag-debugging", "vendor-neutral"},
}


def question_back(
    goals: Sequence[str],
    constraints: Constraints,
    needs: Sequence[Need],
    lists: Sequence[Sequence[Score]],
    language: Language,
) -> str:
    """Return the question, empty where the task says enough or the best tool stands out."""
    told = {need.name for need in needs}
    on_hardware = bool(constraints.accelerators or constraints.cpu_only or constraints.device)
    for goal, scores in zip(goals, lists, strict=True):
        if f"ask_{goal}" not in load("reasons") or len(scores) < 2 or told & _TELLING[goal]:
            continue
        if goal in {"serve", "fine-tune"} and on_hardware:
            continue
        if goal in {"track", "trace"} and (constraints.place or constraints.offline):
            continue
        if scores[0].total - scores[1].total < _CLOSE:
            return say(f"ask_{goal}", language)
    return ""
