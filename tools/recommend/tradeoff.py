"""What speaks for one tool against the next best, by their needs and by the edge between their notes."""

from knowledge.graph import Graph
from knowledge.vocabulary import Language
from tools.recommend.scoring import Score
from tools.recommend.wording import load, say


def trade_off(score: Score, rival: Score, graph: Graph, language: Language) -> str:
    """Return one or two sentences; the notes' own word on the pair goes last."""
    ours = [need.name for need in score.answers if need not in rival.answers]
    theirs = [need.name for need in rival.answers if need not in score.answers]
    title, other = score.note.title_in(language), rival.note.title_in(language)
    said = say(
        "against_next",
        language,
        other=other,
        ours=_side("ours", ours, title, language),
        theirs=_side("theirs", theirs, other, language),
    )
    edges = graph.edges_from(score.note.id, "alternative_to", "contrasts_with")
    remark = next((edge.note for edge in edges if edge.target == rival.note.id and edge.note), "")
    if not remark:
        return said
    gap = " " if language == "en" else ""
    return f"{said}{gap}{say('edge_note', language, tool=title, other=other, note=remark)}"


def _side(key: str, names: list[str], tool: str, language: Language) -> str:
    if not names:
        return say(f"{key}_plain", language, tool=tool)
    labels = (
        "“" + (", " if language == "en" else "、").join(str(load("needs")[name][language]) for name in names) + "”",
    )
    return say(f"{key}_needs", language, tool=tool, needs=labels[0])
