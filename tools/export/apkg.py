"""Anki's package format: decks, note types and media in one file that its import reads."""

import hashlib
import json
import sqlite3
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final

# Version 11 of the collection: what every Anki since 2.0 reads, AnkiDroid and AnkiMobile too.
_SCHEMA: Final = """
CREATE TABLE col(id integer PRIMARY KEY, crt integer NOT NULL, mod integer NOT NULL, scm integer NOT NULL,
    ver integer NOT NULL, dty integer NOT NULL, usn integer NOT NULL, ls integer NOT NULL, conf text NOT NULL,
    models text NOT NULL, decks text NOT NULL, dconf text NOT NULL, tags text NOT NULL);
CREATE TABLE notes(id integer PRIMARY KEY, guid text NOT NULL, mid integer NOT NULL, mod integer NOT NULL,
    usn integer NOT NULL, tags text NOT NULL, flds text NOT NULL, sfld integer NOT NULL, csum integer NOT NULL,
    flags integer NOT NULL, data text NOT NULL);
CREATE TABLE cards(id integer PRIMARY KEY, nid integer NOT NULL, did integer NOT NULL, ord integer NOT NULL,
    mod integer NOT NULL, usn integer NOT NULL, type integer NOT NULL, queue integer NOT NULL, due integer NOT NULL,
    ivl integer NOT NULL, factor integer NOT NULL, reps integer NOT NULL, lapses integer NOT NULL,
    left integer NOT NULL, odue integer NOT NULL, odid integer NOT NULL, flags integer NOT NULL, data text NOT NULL);
CREATE TABLE revlog(id integer PRIMARY KEY, cid integer NOT NULL, usn integer NOT NULL, ease integer NOT NULL,
    ivl integer NOT NULL, lastIvl integer NOT NULL, factor integer NOT NULL, time integer NOT NULL,
    type integer NOT NULL);
CREATE TABLE graves(usn integer NOT NULL, oid integer NOT NULL, type integer NOT NULL);
CREATE INDEX ix_notes_usn ON notes(usn);
CREATE INDEX ix_cards_usn ON cards(usn);
CREATE INDEX ix_revlog_usn ON revlog(usn);
CREATE INDEX ix_cards_nid ON cards(nid);
CREATE INDEX ix_cards_sched ON cards(did, queue, due);
CREATE INDEX ix_revlog_cid ON revlog(cid);
CREATE INDEX ix_notes_csum ON notes(csum);
"""
_SEPARATOR: Final = "\x1f"  # of fields
_PRESET: Final[dict[str, Any]] = {
    "id": 1, "mod": 0, "usn": 0, "name": "Default", "maxTaken": 60, "autoplay": True, "timer": 0, "replayq": True,
    "dyn": False,
    "new": {"bury": False, "delays": [1, 10], "initialFactor": 2500, "ints": [1, 4, 7], "order": 1, "perDay": 20},
    "rev": {"bury": False, "ease4": 1.3, "ivlFct": 1, "maxIvl": 36500, "perDay": 200, "hardFactor": 1.2},
    "lapse": {"delays": [10], "leechAction": 1, "leechFails": 8, "minInt": 1, "mult": 0},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class NoteType:
    """How notes become cards: fields, and the templates of the front and the back. The id must never change."""

    id: int
    name: str
    fields: tuple[str, ...]
    front: str
    back: str
    css: str
    is_cloze: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A note with one card. Anki knows it again by its `guid`; tags hold no spaces, decks are nested by `::`."""

    guid: str
    type: NoteType
    deck: str
    fields: tuple[str, ...]  # HTML, in the order of the type's
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Package:
    """What goes into one file; `media` are files by the name under which fields speak of them."""

    notes: Sequence[Note]
    media: Mapping[str, bytes] = field(default_factory=dict[str, bytes])


def packed(package: Package, at: float) -> bytes:
    """Return a package as a file; `at` (seconds since 1970) is when its notes were changed last.

    Anki updates a note that it has only where it was changed later than Anki's own copy.
    """
    stored = BytesIO()
    with zipfile.ZipFile(stored, "w", zipfile.ZIP_DEFLATED) as archive:
        _put(archive, "collection.anki2", _collection(package.notes, at))
        for number, content in enumerate(package.media.values()):
            _put(archive, str(number), content)
        names = {str(number): name for number, name in enumerate(package.media)}
        _put(archive, "media", json.dumps(names, ensure_ascii=False).encode())
    return stored.getvalue()


def _put(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name)  # without the day, so that the same notes make the same file
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, content)


def _collection(notes: Sequence[Note], at: float) -> bytes:
    db = sqlite3.connect(":memory:")
    try:
        db.executescript(_SCHEMA)
        seconds, milliseconds = int(at), int(at * 1000)
        types = {str(note.type.id): _type_json(note.type, seconds) for note in notes}
        decks = {"1": _deck_json(1, "Default", seconds)}
        for name in dict.fromkeys(note.deck for note in notes):
            decks[str(deck_id(name))] = _deck_json(deck_id(name), name, seconds)
        db.execute(
            "INSERT INTO col VALUES (1, ?, ?, ?, 11, 0, 0, 0, '{}', ?, ?, ?, '{}')",
            (seconds, milliseconds, milliseconds, json.dumps(types), json.dumps(decks), json.dumps({"1": _PRESET})),
        )
        db.executemany(
            "INSERT INTO notes VALUES (?, ?, ?, ?, -1, ?, ?, ?, ?, 0, '')",
            [_note_row(note, milliseconds + place, seconds) for place, note in enumerate(notes)],
        )
        db.executemany(
            "INSERT INTO cards VALUES (?, ?, ?, 0, ?, -1, 0, 0, ?, 0, 0, 0, 0, 0, 0, 0, 0, '')",
            [
                (milliseconds + place, milliseconds + place, deck_id(note.deck), seconds, place + 1)
                for place, note in enumerate(notes)
            ],
        )
        db.commit()
        return db.serialize()
    finally:
        db.close()


def deck_id(name: str) -> int:
    """Return the id of a deck: always the same for a name, and no number that Anki would give."""
    return 10**12 + int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])


def _note_row(note: Note, number: int, seconds: int) -> tuple[object, ...]:
    checksum = int.from_bytes(hashlib.sha1(note.fields[0].encode(), usedforsecurity=False).digest()[:4])
    tags = f" {' '.join(note.tags)} " if note.tags else ""
    return number, note.guid, note.type.id, seconds, tags, _SEPARATOR.join(note.fields), note.fields[0], checksum


def _deck_json(number: int, name: str, seconds: int) -> dict[str, Any]:
    today = [0, 0]
    return {
        "id": number, "name": name, "mod": seconds, "usn": -1, "conf": 1, "desc": "", "dyn": 0, "collapsed": False,
        "browserCollapsed": False, "extendNew": 10, "extendRev": 50,
        "newToday": today, "revToday": today, "lrnToday": today, "timeToday": today,
    }  # fmt: skip


def _type_json(note_type: NoteType, seconds: int) -> dict[str, Any]:
    fields: list[dict[str, Any]] = [
        {"name": name, "ord": place, "font": "Arial", "size": 20, "rtl": False, "sticky": False, "media": []}
        for place, name in enumerate(note_type.fields)
    ]
    template = {
        "name": note_type.name, "ord": 0, "qfmt": note_type.front, "afmt": note_type.back,
        "did": None, "bqfmt": "", "bafmt": "", "bfont": "", "bsize": 0,
    }  # fmt: skip
    return {
        "id": note_type.id, "name": note_type.name, "type": int(note_type.is_cloze), "mod": seconds, "usn": -1,
        "sortf": 0, "did": None, "tmpls": [template], "flds": fields, "css": note_type.css,
        "latexPre": "", "latexPost": "", "latexsvg": False, "req": [[0, "any", [0]]], "tags": [], "vers": [],
    }  # fmt: skip
