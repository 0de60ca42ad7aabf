"""Which task a text means that speaks of it in everyday words: by its nearness to phrases of each task."""

from typing import Final

from knowledge.asking import Asking
from tools.recommend.task import Meaning, goal_of

# Read off the half that was tuned on: below these, texts from outside begin to be taken for tasks.
_NEAR: Final = 0.33
_MARGIN: Final = 0.08  # over what is outside
_CLEAR: Final = 0.2  # a margin that leaves no doubt
_SAME: Final = 0.06  # tasks of one goal that come so near are all meant


def meaning(text: str, asking: Asking) -> Meaning:
    """Return what a text means."""
    near = asking.nearness(text)
    (best, highest), *others = near.tasks
    margin = highest - near.outside
    if margin < 0:
        return Meaning((), is_outside=True, is_clear=-margin >= _CLEAR)
    if highest < _NEAR or margin < _MARGIN:
        return Meaning(())
    same = [task for task, score in others if goal_of(task) == goal_of(best) and highest - score <= _SAME]
    rival = next((score for task, score in others if goal_of(task) != goal_of(best)), 0.0)
    return Meaning((best, *same), is_clear=margin >= _CLEAR and highest - rival >= _MARGIN)
