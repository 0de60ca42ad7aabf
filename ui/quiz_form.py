"""What a link to the Quiz page says: a wish for a quiz, or the quiz that is being taken."""

import re
from typing import Final, get_args
from urllib.parse import parse_qs, urlencode

from knowledge.vocabulary import Language
from tools.quiz.item import LEVELS, TYPES, ItemType, Level
from tools.quiz.wish import MOST, Source, Wish

NUMBERS: Final = (3, 5, 10, 20)
USUAL: Final = 5
_LONGEST: Final = 300  # characters of a topic in a link


def sitting_named(query: str) -> str:
    """Return the id of the quiz that a link leads back to, or an empty text."""
    named = _given(query).get("quiz", "")
    return named if re.fullmatch("[0-9a-f]{32}", named) else ""


def begins(query: str) -> bool:
    """Tell whether a link asks for a quiz at once, rather than for the form."""
    given = _given(query)
    return "topic" in given or given.get("source") in get_args(Source)


def wish_of(query: str, language: Language) -> Wish:
    """Return the wish that a link describes; what it leaves out, or what is no choice at all, is as usual."""
    given = _given(query)
    number = given.get("n", "")
    level: Level | None = next((known for known in LEVELS if str(known) == given.get("level")), None)
    source: Source = next((known for known in get_args(Source) if known == given.get("source")), "topic")
    return Wish(
        topic=given.get("topic", "")[:_LONGEST].strip(),
        source=source,
        n=min(max(int(number), 1), MOST) if re.fullmatch("[0-9]{1,3}", number) else USUAL,
        types=types_of(given.get("type", "").split(",")),
        level=level,
        language=language,
    )


def query_of(wish: Wish) -> str:
    """Return the query of the link to a quiz like this; what is as usual is left out."""
    pairs: list[tuple[str, str]] = [("place", "quiz")]
    pairs += [("topic", wish.topic)] if wish.source == "topic" else [("source", wish.source)]
    if wish.n != USUAL:
        pairs.append(("n", str(wish.n)))
    if wish.level is not None:
        pairs.append(("level", str(wish.level)))
    if wish.types:
        pairs.append(("type", ",".join(wish.types)))
    return "?" + urlencode(pairs, safe=",")


def types_of(names: list[str]) -> tuple[ItemType, ...]:
    """Return the types among these names, in our order; none where all are named."""
    chosen: tuple[ItemType, ...] = tuple(known for known in TYPES if known in names)
    return () if len(chosen) == len(TYPES) else chosen


def _given(query: str) -> dict[str, str]:
    """Return what a query says; of a name that is repeated, all values joined by commas."""
    try:
        parsed = parse_qs(query.removeprefix("?"), keep_blank_values=True, max_num_fields=50)
    except ValueError:  # more fields than any link of ours has
        return {}
    return {name: ",".join(values) if name == "type" else values[-1] for name, values in parsed.items()}
