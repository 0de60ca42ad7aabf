from collections.abc import Callable
from datetime import date

import pytest

from knowledge import library, reader
from knowledge.library import Library, audit, build
from knowledge.note import Document, Relation
from knowledge.reader import Folder

Build = Callable[[], Library]


@pytest.fixture
def built(folder: Folder) -> Build:
    """Build the library of what was written so far."""

    def build_now() -> Library:
        readings = [reader.read(path, folder) for path in reader.files(folder)]
        return build([reading.document for reading in readings if reading.document])

    return build_now


def messages(found: Library) -> list[str]:
    return [f"{problem.path.name}:{problem.line}: {problem.message} {problem.remedy}" for problem in found.problems]


def note(**fields: object) -> str:
    return "---\n" + "".join(f"{name}: {value}\n" for name, value in fields.items()) + "---\nText.\n"


def test_a_note_is_joined_from_its_files(folder: Folder, write, built: Build) -> None:
    write("kv.md", note(id="kv-cache", title="{en: KV cache, zh: 键值缓存}"))
    write("kv.zh.md", "正文。")
    found = built()
    assert [document.language for document in found.notes["kv-cache"].documents] == ["en", "zh"]
    assert set(found.note_of_path.values()) == {"kv-cache"}
    assert found.notes["kv-cache"].title_in("zh") == "键值缓存"
    assert not found.problems


def test_two_notes_with_one_written_id_are_a_problem_and_the_first_stays(write, built: Build) -> None:
    write("a.md", note(id="same", title="First"))
    write("b.md", note(id="same", title="Second"))
    found = built()
    assert found.notes["same"].title_in("en") == "First"
    assert "b.md:0: has the id 'same' of" in messages(found)[0]
    assert "Give it another id." in messages(found)[0]


def test_ids_from_file_names_give_way_by_their_folder(write, built: Build) -> None:
    write("one/index.md", "Text.")
    write("Part two/index.md", "Text.")
    write("z/index.md", note(id="index"))
    found = built()
    assert set(found.notes) == {"index", "one-index", "part-two-index"}
    assert found.notes["index"].documents[0].path.endswith("z/index.md")
    assert not found.problems


def test_a_built_in_note_keeps_its_id() -> None:
    own = Document(path="/own/vllm.md", own=True, language="en", id="vllm", derived_id=True)
    built_in = Document(path="/z/vllm.md", own=False, language="en", id="vllm")
    found = build([own, built_in])
    assert not found.notes["vllm"].own
    assert found.notes["own-vllm"].own


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        pytest.param({"prerequisites": "[vlm]"}, "prerequisite 'vlm' is not a note. Did you mean 'vllm'?", id="near"),
        pytest.param({"prerequisites": "[zzz]"}, "'zzz' is not a note. Write that note, or remove", id="like none"),
        pytest.param(
            {"relations": "[{type: uses, target: vlm}]"}, "target of a relation 'vlm' is not a note.", id="relation"
        ),
        pytest.param({"prerequisites": "[a]"}, "the prerequisite 'a' is the note itself.", id="itself"),
    ],
)
def test_a_dangling_edge_is_left_out_with_its_line(fields: dict[str, str], message: str, write, built: Build) -> None:
    write("vllm.md", note(id="vllm"))
    write("a.md", note(id="a", title="T", **fields))
    found = built()
    assert not found.notes["a"].prerequisites
    assert not found.notes["a"].relations
    (only,) = messages(found)
    assert message in only
    assert only.startswith(("a.md:4:", "a.md:2:"))


def test_a_cycle_of_prerequisites_is_cut_at_one_edge_and_reported(write, built: Build) -> None:
    for name, needs in {"a": "b", "b": "c", "c": "a", "d": "a"}.items():
        write(f"{name}.md", note(id=name, prerequisites=f"[{needs}]"))
    found = built()
    assert messages(found) == ["c.md:3: prerequisites form a cycle: a -> b -> c -> a. Remove one."]
    assert {name: each.prerequisites for name, each in found.notes.items()} == {
        "a": ("b",), "b": ("c",), "c": (), "d": ("a",),
    }  # fmt: skip


def test_a_long_chain_of_prerequisites_is_no_deeper_than_memory(built: Build) -> None:
    documents = [
        Document(
            path=f"/n{i}.md", own=True, language="en", id=f"n{i}", prerequisites=(f"n{i + 1}",) if i < 4999 else ()
        )
        for i in range(5000)
    ]
    assert not build(documents).problems


def test_wiki_links_are_relations_in_both_directions_once(write, built: Build) -> None:
    write("a.md", "See [[B title]], [[b]] and [[nowhere]].")
    write("b.md", note(title="B title", aliases="[bee]"))
    write("c.md", note(relations="[{type: uses, target: b}]") + "[[bee]]")
    found = built()
    assert found.notes["a"].relations == (Relation(type="works_with", target="b"),)
    assert found.notes["b"].relations == (Relation(type="works_with", target="a"),)
    assert [relation.type for relation in found.notes["c"].relations] == ["uses"]
    assert not found.problems


def test_symmetric_relations_hold_in_both_directions_with_their_note(write, built: Build) -> None:
    write("a.md", note(id="a", relations="[{type: alternative_to, target: b, note: often}, {type: uses, target: b}]"))
    write("b.md", note(id="b"))
    assert built().notes["b"].relations == (Relation(type="alternative_to", target="a", note="often"),)


def test_names_find_notes_whatever_the_case_and_a_title_wins(write, built: Build) -> None:
    write("a.md", note(title="{en: KV cache, zh: 键值缓存}", aliases="[cache]"))
    write("b.md", note(title="Cache"))
    found = built()
    expected = {"kv CACHE": "a", "键值缓存": "a", " a ": "a", "cache": "b", "none": None}
    assert {name: getattr(found.named(name), "id", None) for name in expected} == expected


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ("what is the KV cache?", {"kv"}),
        ("what is a cache?", {"cache"}),
        ("is the KV cache a cache?", {"kv", "cache"}),
        ("键值缓存是什么", {"kv"}),
        ("caches", set()),
        ("kvcache", set()),
        ("", set()),
    ],
)
def test_the_longest_name_in_a_question_wins(question: str, expected: set[str], write, built: Build) -> None:
    write("kv.md", note(title="{en: KV cache, zh: 键值缓存}"))
    write("cache.md", note(title="Cache", aliases="[缓存]"))
    assert set(built().mentioned(question)) == expected


def complete(**changes: object) -> Document:
    fields: dict[str, object] = {
        "path": "/notes/inference/vllm.md", "own": False, "language": "en", "id": "vllm", "kind": "concept",
        "stage": "inference", "title": {"en": "vLLM", "zh": "vLLM"}, "summary": {"en": "A.", "zh": "一。"},
        "sources": ("https://docs.vllm.ai",), "checked": date(2026, 1, 1),
        "prerequisites": ("neural-network",),
    }  # fmt: skip
    return Document.model_validate(fields | changes)


def root() -> Document:
    """The one note that needs no prerequisites; checked late, so that it is never stale here."""
    return complete(
        path="/notes/inference/neural-network.md", id="neural-network", prerequisites=(), checked=date(2026, 6, 1),
        title={"en": "Neural network", "zh": "神经网络"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({"title": {"en": "vLLM"}}, "lacks title (zh).", id="a Chinese title"),
        pytest.param({"summary": {}}, "lacks summary (en).", id="a summary"),
        pytest.param(
            {"summary": {"en": "A cut", "zh": "一。"}}, "lacks a whole sentence as summary (en).", id="its end"
        ),
        pytest.param({"sources": ()}, "lacks sources.", id="sources"),
        pytest.param({"checked": None}, "lacks checked.", id="the day of its check"),
        pytest.param({"kind": "tool"}, "lacks tool.", id="what a tool is for"),
        pytest.param({"kind": "pitfall"}, "lacks pitfall.", id="what a failure is recognized by"),
        pytest.param({"prerequisites": ()}, "lacks prerequisites.", id="what to learn first"),
        pytest.param({"path": "/notes/inference/other.md"}, "stands in the wrong place", id="its name"),
        pytest.param({"path": "/notes/application/vllm.md"}, "stands in the wrong place", id="its folder"),
        pytest.param({"checked": date(2025, 1, 1)}, "was last checked on 2025-01-01.", id="a recent check"),
        pytest.param({"own": True, "title": {}, "sources": ()}, None, id="nothing, being the reader's own"),
    ],
)
def test_the_audit_says_what_a_built_in_note_lacks(changes: dict[str, object], message: str | None) -> None:
    found = [problem.message for problem in audit(build([complete(**changes), root()]), date(2026, 6, 1))]
    assert bool(found) == bool(message)
    assert message is None or message in found[0]


def test_a_note_is_stale_after_a_year() -> None:
    found = build([complete(), root()])
    assert not audit(found, date(2026, 1, 1) + library.STALE_AFTER)
    (stale,) = audit(found, date(2027, 1, 2))
    assert stale.severity == "warning"


def test_an_alias_of_a_built_in_note_may_not_name_another_one() -> None:
    found = build([
        complete(aliases=("engine",)),
        complete(path="/notes/inference/engine.md", id="engine", title={"en": "Engine", "zh": "引擎"}),
        root(),
    ])  # fmt: skip
    assert [problem.message for problem in found.problems] == ["the alias 'engine' also names 'engine'."]
