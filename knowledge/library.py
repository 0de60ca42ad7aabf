"""The notes as a whole: joined from their files, and checked against each other."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from knowledge.language import mentions
from knowledge.note import Document, Note, Problem, Relation
from knowledge.vocabulary import LANGUAGES, ROOTS, SYMMETRIC

_STOPS: Final = frozenset(".!?。！？)）")
STALE_AFTER: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Library:
    """All notes by id, which note each file belongs to, and what is wrong with any of them."""

    notes: Mapping[str, Note]
    note_of_path: Mapping[str, str]
    problems: tuple[Problem, ...] = ()
    names: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]]
    )  # lower-case name -> note ids

    def named(self, name: str) -> Note | None:
        """Return the note of this title, alias or id, whatever the case."""
        ids = self.names.get(name.strip().lower(), ())
        return self.notes[ids[0]] if ids else None

    def mentioned(self, text: str) -> dict[str, str]:
        """Return the notes that `text` names, each with the longest name it goes by there.

        A name inside a longer name that matched does not count: "KV cache" is no mention of "cache".
        """
        rest = text.lower()
        found: dict[str, str] = {}
        for name in sorted((name for name in self.names if len(name) > 1 and name in rest), key=len, reverse=True):
            if mentions(name, rest):
                rest = rest.replace(name, "\n")
                for note_id in self.names[name]:
                    found.setdefault(note_id, name)
        return found


def build(documents: Sequence[Document]) -> Library:
    """Join the files of each note; report clashes of ids, dangling relations and cycles, and leave just those out."""
    problems: list[Problem] = []
    groups, note_of_path = _grouped(documents, problems)
    drafts = {note_id: _merged(note_id, group) for note_id, group in groups.items()}
    names = _names(drafts.values())
    notes = {note_id: _resolved(draft, drafts, names, problems) for note_id, draft in drafts.items()}
    notes = _mirrored(_acyclic(notes, problems))
    return Library(notes, note_of_path, tuple(problems), names)


def audit(library: Library, today: date) -> list[Problem]:
    """Return what the built-in notes lack beyond being readable: fields, either language, a recent check."""
    problems: list[Problem] = []
    for note in library.notes.values():
        if note.own:
            continue
        path = Path(note.documents[0].path)
        missing = [
            f"{field_name} ({language})"
            for field_name in ("title", "summary")
            for language in LANGUAGES
            if language not in getattr(note, field_name)
        ]
        missing += [name for name in ("stage", "sources", "checked") if not getattr(note, name)]
        missing += [
            f"a whole sentence as summary ({lang})" for lang, text in note.summary.items() if text[-1] not in _STOPS
        ]
        if note.kind in {"tool", "platform"} and note.tool is None:
            missing.append("tool")
        if note.kind == "pitfall" and note.pitfall is None:
            missing.append("pitfall")
        if not note.prerequisites and note.id not in ROOTS:
            missing.append("prerequisites")
        problems += [
            Problem(path, 0, f"lacks {name}.", "Built-in notes carry every field of the format.") for name in missing
        ]
        if path.stem != note.id or path.parent.name != note.stage:
            problems.append(
                Problem(path, 0, f"stands in the wrong place for {note.stage}/{note.id}.", "Rename or move the file.")
            )
        if note.checked and today - note.checked > STALE_AFTER:
            problems.append(
                Problem(path, 0, f"was last checked on {note.checked}.", "Check its facts again.", "warning")
            )
    return problems


def _grouped(
    documents: Sequence[Document], problems: list[Problem]
) -> tuple[dict[str, list[Document]], dict[str, str]]:
    groups: dict[str, list[Document]] = {}
    note_of_path: dict[str, str] = {}
    mains = [document for document in documents if not document.sibling]
    # Built-in notes keep their ids, and an id that was written down goes before one made of a file's name.
    for document in sorted(mains, key=lambda d: (d.own, d.derived_id)):
        note_id = document.id
        if note_id in groups and document.derived_id:
            note_id = f"{Path(document.path).parent.name.lower().replace(' ', '-')}-{note_id}"
        if note_id in groups:
            other = groups[note_id][0].path
            problems.append(
                Problem(Path(document.path), 0, f"has the id {note_id!r} of {other}.", "Give it another id.")
            )
            continue
        groups[note_id] = [document]
        note_of_path[document.path] = note_id
    for document in documents:
        if document.sibling:
            path = Path(document.path)  # vllm.zh.md stands beside vllm.md
            note_id = note_of_path.get(str(path.with_suffix("").with_suffix(path.suffix)))
            if note_id is not None:
                groups[note_id].append(document)
                note_of_path[document.path] = note_id
    return groups, note_of_path


def _merged(note_id: str, group: list[Document]) -> Note:
    main = group[0]
    return Note(
        id=note_id,
        title=main.title,
        kind=main.kind,
        stage=main.stage,
        aliases=main.aliases,
        summary=main.summary,
        prerequisites=main.prerequisites,
        relations=main.relations,
        tool=main.tool,
        pitfall=main.pitfall,
        sources=main.sources,
        checked=main.checked,
        own=main.own,
        documents=tuple(group),
    )


def _names(notes: Iterable[Note]) -> dict[str, tuple[str, ...]]:
    names: dict[str, list[str]] = defaultdict(list)
    for rank in ("title", "aliases"):  # a title wins over another note's alias
        for note in notes:
            own = note.title.values() if rank == "title" else [*note.aliases, note.id, note.id.replace("-", " ")]
            for name in own:
                if note.id not in names[name.lower()]:
                    names[name.lower()].append(note.id)
    return {name: tuple(ids) for name, ids in names.items()}


def _resolved(
    note: Note, notes: Mapping[str, Note], names: Mapping[str, tuple[str, ...]], problems: list[Problem]
) -> Note:
    """Drop edges to notes that do not exist, each with a problem."""
    path = Path(note.documents[0].path)

    def exists(target: str, what: str) -> bool:
        if target in notes and target != note.id:
            return True
        near = get_close_matches(target, notes, 1)
        remedy = f"Did you mean {near[0]!r}?" if near else "Write that note, or remove the edge."
        message = (
            f"the {what} {target!r} is the note itself."
            if target == note.id
            else f"the {what} {target!r} is not a note."
        )
        problems.append(Problem(path, _line_of(path, target), message, remedy, "warning" if note.own else "error"))
        return False

    for name in note.aliases:
        holders = [other for other in names.get(name.lower(), ()) if other != note.id]
        if holders and not note.own:
            problems.append(
                Problem(
                    path, _line_of(path, name), f"the alias {name!r} also names {holders[0]!r}.", "Keep it in one note."
                )
            )
    linked = tuple(
        Relation(type="works_with", target=ids[0])
        for document in note.documents
        for link in document.links
        if not link.source and (ids := names.get(link.target.lower(), ())) and ids[0] != note.id
    )
    known = {relation.target for relation in note.relations}
    relations = tuple(relation for relation in note.relations if exists(relation.target, "target of a relation"))
    relations += tuple(link for link in dict.fromkeys(linked) if link.target not in known)
    prerequisites = tuple(target for target in note.prerequisites if exists(target, "prerequisite"))
    return replace(note, relations=relations, prerequisites=prerequisites)


def _line_of(path: Path, word: str) -> int:
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return 0  # gone since it was read; the message names the file
    return next((number for number, line in enumerate(lines, 1) if word in line), 0)


def _acyclic(notes: dict[str, Note], problems: list[Problem]) -> dict[str, Note]:
    """Cut each cycle of prerequisites at the edge that closes it, and report the cycle."""
    result = dict(notes)
    state: dict[str, int] = {}
    for start in sorted(notes):
        stack = [(start, iter(result[start].prerequisites))] if start not in state else []
        state.setdefault(start, 1)
        while stack:
            note_id, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                state[note_id] = 2
                stack.pop()
            elif state.get(target) == 1:
                cycle = [name for name, _ in stack]
                cycle = [*cycle[cycle.index(target) :], target]
                path = Path(result[note_id].documents[0].path)
                problems.append(
                    Problem(
                        path,
                        _line_of(path, target),
                        f"prerequisites form a cycle: {' -> '.join(cycle)}.",
                        "Remove one.",
                    )
                )
                kept = tuple(p for p in result[note_id].prerequisites if p != target)
                result[note_id] = replace(result[note_id], prerequisites=kept)
            elif target not in state:
                state[target] = 1
                stack.append((target, iter(result[target].prerequisites)))
    return result


def _mirrored(notes: dict[str, Note]) -> dict[str, Note]:
    """Give symmetric relations their other direction."""
    extra: dict[str, dict[Relation, None]] = defaultdict(dict)
    for note in notes.values():
        for relation in note.relations:
            there = {(r.type, r.target) for r in notes[relation.target].relations}
            if relation.type in SYMMETRIC and (relation.type, note.id) not in there:
                extra[relation.target][Relation(type=relation.type, target=note.id, note=relation.note)] = None
    return {i: replace(n, relations=(*n.relations, *extra[i])) if i in extra else n for i, n in notes.items()}
