"""Evidence: a passage of a note, with the exact place where it stands."""

from dataclasses import dataclass

from knowledge.vocabulary import Language


@dataclass(frozen=True, slots=True)
class Evidence:
    """A retrieved passage.

    `start` and `end` are character offsets into the text of the file at `path`: `file_text[start:end] == text`.
    `score` is comparable within one result list and across queries: about 0 for unrelated, above 1 for a sure hit.
    """

    note: str
    title: str
    heading: str  # heading path, joined with " > "; empty before the first heading
    text: str
    start: int
    end: int
    language: Language
    score: float
    source: str  # the first source of the note, else its file
    path: str
    own: bool = False  # from the reader's notes, not the built-in ones
    ground: float = 1.0  # how near the notes as a whole come to the question; the same for all passages of a search
    checked: str = ""  # ISO date on which the note's facts were last checked
