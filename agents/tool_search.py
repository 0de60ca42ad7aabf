"""The search of the notes as a tool."""

from collections.abc import Callable, Sequence

from pydantic import Field

from agents.tool import Arguments, Call, Tool
from agents.tool_result import Passage, Passages
from knowledge.evidence import Evidence


class Query(Arguments):
    """What is looked for."""

    query: str = Field(description="A few words or a question, in English or Chinese.")
    k: int = Field(5, ge=1, le=20, description="How many passages at most.")


def search_notes(search: Callable[[str, int, Call], Sequence[Evidence]]) -> Tool[Query]:
    """Return the tool; `search` takes a query and how many passages it is to find."""

    def found(asked: Query, call: Call) -> dict[str, object]:
        passages = search(asked.query, asked.k, call)
        return {"query": asked.query, "results": [_told(passage) for passage in passages]}

    return Tool("search_notes", "Search the notes", Query, Passages, found)


def _told(passage: Evidence) -> dict[str, object]:
    """Return what a reader elsewhere can use of a passage: no place on this machine."""
    return {name: getattr(passage, name) for name in Passage.model_fields}
