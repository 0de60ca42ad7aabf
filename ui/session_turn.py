"""A turn of the chat made again from what was kept of it."""

from collections.abc import Mapping
from typing import Final

from agents.kept import Kept
from learner.feedback import Thumb
from ui.chat import Turn

_ID: Final = 12  # characters of a turn's id, as the chat gives them


def restored(kept: Kept, thumbs: Mapping[str, Thumb]) -> Turn:
    """Return a turn as it stood when it was complete; `thumbs` are the reader's, by answer."""
    return Turn(
        id=kept.id[:_ID],
        question=kept.question,
        steps=kept.steps,
        evidence=kept.answer.evidence,
        searched=kept.searched,
        calculated=kept.calculated,
        text=kept.answer.text,
        citations=kept.answer.citations,
        checked=True,
        answer=kept.answer if kept.is_whole else None,
        outcome="done",
        thumb=thumbs.get(kept.answer.id),
    )
