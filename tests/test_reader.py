import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge import reader
from knowledge.errors import UserMistake
from knowledge.note import Document
from knowledge.reader import Folder, Reading, files, main_file, read


def document(reading: Reading) -> Document:
    assert reading.document is not None, reading.problems
    return reading.document


def problem(path: Path, folder: Folder) -> str:
    reading = read(path, folder)
    assert reading.document is None
    (only,) = reading.problems
    assert only.remedy
    return str(only).replace(str(path), "FILE")


def test_files_are_found_below_a_folder_in_order(folder: Folder, write) -> None:
    for name in ["b.md", "a/z.markdown", "a/y.MD", ".hidden.md", ".obsidian/x.md", "node_modules/x.md", "note.txt"]:
        write(name, "x")
    assert [str(path.relative_to(folder.path)) for path in files(folder)] == ["b.md", "a/y.MD", "a/z.markdown"]


def test_a_folder_that_is_none_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="not a folder of notes"):
        list(files(Folder(tmp_path / "none", own=True)))


def test_a_note_without_a_head_is_named_by_its_file_and_heading(folder: Folder, write) -> None:
    found = document(read(write("My Note (2).md", "# Heading\n\nText with [[Other|words]] and #tag."), folder))
    assert (found.id, found.derived_id, found.title, found.language) == ("my-note-2", True, {"en": "Heading"}, "en")
    assert [link.target for link in found.links] == ["Other"]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        pytest.param("a.MD", "Text.", ("a", {"en": "a"}, "en"), id="no heading, upper-case ending"),
        pytest.param("分词.md", "分词器把文本切成词元。", ("分词", {"zh": "分词"}, "zh"), id="a Chinese name"),
        pytest.param("x.en.md", "中文", ("x", {"en": "x"}, "en"), id="a language in the name"),
        pytest.param("empty.md", "", ("empty", {"en": "empty"}, "en"), id="an empty file"),
        pytest.param("bom.md", "\ufeff", ("bom", {"en": "bom"}, "en"), id="only a BOM"),
        pytest.param("crlf.md", "---\r\ntitle: T\r\n---\r\nx", ("crlf", {"en": "T"}, "en"), id="CR LF"),
        pytest.param("cr.md", "---\rtitle: T\r---\rx", ("cr", {"en": "T"}, "en"), id="CR"),
        pytest.param("head.md", "\ufeff# T\n\nx", ("head", {"en": "T"}, "en"), id="a BOM before a heading"),
    ],
)
def test_a_note_of_ones_own(name: str, text: str, expected: tuple[object, ...], folder: Folder, write) -> None:
    found = document(read(write(name, text), folder))
    assert (found.id, found.title, found.language) == expected


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        pytest.param("[[KV cache]] and [[a#h|b]]", ["KV cache", "a"], id="plain, heading, words"),
        pytest.param("[[folder/deep/a]] [[b.md]]", ["a", "b"], id="a path"),
        pytest.param("| [[a\\|b]] |\n|---|", ["a"], id="in a table"),
        pytest.param("![[image.png]] [[#here]]", [], id="an embedded file, a place in the same note"),
        pytest.param("```\n[[a]]\n```\n[[b]]", ["b"], id="not in code"),
        pytest.param("~~~\n[[a]]\n```\n~~~\n[[b]]", ["b"], id="not in a tilde fence"),
        pytest.param("```x``` [[a]]\n\n[[b]]", ["a", "b"], id="after inline code of three quotes"),
        pytest.param("[[a]] [[a]]", ["a"], id="once"),
        pytest.param("\ufeff[[a]]\r\n\r\n```\r\n[[b]]\r\n```\r\n[[c]]", ["a", "c"], id="CR LF"),
    ],
)
def test_wiki_links(text: str, targets: list[str], folder: Folder, write) -> None:
    assert [link.target for link in document(read(write("x.md", text), folder)).links] == targets


def test_a_diagram_becomes_links_between_its_labels(folder: Folder, write) -> None:
    text = "Text.\n\n```mermaid\ngraph TD\n  A[KV cache] -->|feeds| B[Attention]\n```\n"
    (link,) = document(read(write("x.md", text), folder)).links
    assert (link.source, link.target, link.label) == ("KV cache", "Attention", "feeds")


def test_a_broken_diagram_is_a_warning_with_its_line_and_the_note_still_loads(folder: Folder, write) -> None:
    reading = read(write("x.md", "Text.\n\n```mermaid\ngraph TD\n  A --> B\n  A[open --> B\n```\n"), folder)
    assert document(reading)
    (found,) = reading.problems
    assert (found.line, found.severity) == (6, "warning")


def test_a_diagram_of_another_kind_is_left_alone(folder: Folder, write) -> None:
    reading = read(write("x.md", '```mermaid\npie\n  "a": 1\n```\n'), folder)
    assert not reading.problems
    assert not document(reading).links


def test_a_translation_takes_its_head_from_the_file_beside_it(folder: Folder, write) -> None:
    write("vllm.md", "---\ntitle: {en: vLLM, zh: 推理引擎}\nsummary: S.\n---\nEnglish.")
    reading = read(write("vllm.zh.md", "这是正文，讲推理引擎。"), folder)
    found = document(reading)
    assert (found.id, found.sibling, found.language) == ("vllm", True, "zh")
    assert found.path.endswith("vllm.zh.md")
    assert [(excerpt.text, excerpt.lookup) for excerpt in reading.excerpts] == [
        ("这是正文，讲推理引擎。", "推理引擎. 这是正文，讲推理引擎。")
    ]


def test_a_translation_whose_main_file_is_broken_stands_alone(folder: Folder, write) -> None:
    write("vllm.md", "---\nkind: tol\n---\n")
    found = document(read(write("vllm.zh.md", "正文。"), folder))
    assert (found.id, found.sibling) == ("vllm", False)


@pytest.mark.parametrize(
    ("name", "main"),
    [("a.zh.md", "a.md"), ("a.ZH.md", None), ("a.md", None), ("b.zh.md", None), ("v1.2.zh.md", "v1.2.md")],
)
def test_main_file(name: str, main: str | None, folder: Folder, write) -> None:
    write("a.md", "x")
    write("v1.2.md", "x")
    assert main_file(folder.path / name) == (folder.path / main if main else None)


def test_a_summary_is_the_entry_and_is_found_by_all_names(folder: Folder, write) -> None:
    text = "---\ntitle: {en: KV cache, zh: 键值缓存}\naliases: [kv]\nsummary: {en: It stores keys.}\n---\n# KV\n\nBody."
    entry, body = read(write("kv.md", text), folder).excerpts
    assert (entry.entry, entry.text, entry.language) == (True, "It stores keys.", "en")
    assert entry.lookup == "KV cache (键值缓存, kv). It stores keys."
    assert (body.entry, body.lookup) == (False, "KV cache. Body.")


def test_without_a_summary_the_first_passage_is_the_entry_too(folder: Folder, write) -> None:
    entry, body = read(write("a.md", "# A\n\nFirst."), folder).excerpts
    assert (entry.entry, body.entry) == (True, False)
    assert (entry.start, entry.end) == (body.start, body.end)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"ok\nbad \xff", "FILE:2: is not UTF-8 (byte 7). Save it as UTF-8.", id="not UTF-8"),
        pytest.param("中文".encode("gb18030"), "FILE:1: is not UTF-8", id="GB 18030"),
        pytest.param("hello".encode("utf-16"), "FILE:1: is not UTF-8", id="UTF-16"),
        pytest.param(b"a\nb\0c", "FILE:2: holds a NUL byte.", id="NUL"),
        pytest.param(b"---\nkind: tol\n---\n", "FILE:2: kind: 'tol' is not a known kind; did you", id="kind"),
        pytest.param(b"---\na: b: c\n---\n", "FILE:2: the YAML head does not parse", id="broken YAML"),
        pytest.param(b"---\ntitle: x\n", "FILE:1: the YAML head has no end.", id="no end"),
        pytest.param(b"x" * (reader.LARGEST_FILE + 1), "FILE: has 4,000,001 bytes; the limit is 4,000,000.", id="size"),
    ],
)  # fmt: skip
def test_a_bad_file_is_a_problem_with_place_and_remedy(data: bytes, message: str, folder: Folder) -> None:
    path = folder.path / "bad.md"
    path.write_bytes(data)
    assert problem(path, folder).startswith(message)


def test_a_link_out_of_the_folder_is_refused(folder: Folder, tmp_path: Path) -> None:
    (tmp_path / "secret.md").write_text("secret")
    (folder.path / "a.md").symlink_to(tmp_path / "secret.md")
    assert "leads out of the notes folder" in problem(folder.path / "a.md", folder)


def test_a_link_within_the_folder_is_read(folder: Folder, write) -> None:
    (folder.path / "b.md").symlink_to(write("a.md", "Text."))
    assert document(read(folder.path / "b.md", folder)).id == "b"


@pytest.mark.parametrize("target", ["none.md", "a.md"], ids=["dangling", "to itself"])
def test_a_link_to_nothing_is_a_problem(target: str, folder: Folder) -> None:
    (folder.path / "a.md").symlink_to(folder.path / target)
    assert "FILE: cannot be read" in problem(folder.path / "a.md", folder)


def test_a_pipe_is_a_problem_and_is_never_waited_for(folder: Folder) -> None:
    os.mkfifo(folder.path / "a.md")
    assert "is not a regular file" in problem(folder.path / "a.md", folder)


def test_a_file_name_that_is_no_text_is_a_problem(folder: Folder) -> None:
    path = Path(os.fsdecode(os.fsencode(folder.path) + b"/caf\xe9.md"))
    path.write_text("x")
    (listed,) = files(folder)
    assert "caf\\xe9.md: has a name that is not UTF-8. Rename it." in problem(listed, folder)


def test_what_may_not_be_read_is_a_problem(unprivileged: Path) -> None:
    folder = Folder(unprivileged, own=True)
    secret = unprivileged / "secret.md"
    secret.write_text("x")
    secret.chmod(0)
    closed = unprivileged / "closed"
    closed.mkdir(mode=0)
    found = list(files(folder))
    assert found == [secret, closed]
    assert ["FILE: cannot be read: Permission denied" in problem(path, folder) for path in found] == [True, True]
    closed.chmod(0o700)


MARKDOWN = st.lists(
    st.one_of(
        st.sampled_from(
            ["# T", "## H", "- a\n- b", "```\nx\n```", "| a |\n|---|\n| b |", "一句。", "<!-- x -->", "[[a]]"]
        ),
        st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60),
    ),
    max_size=8,
).map("\n\n".join)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from(
        ["", "---\ntitle: T\nsummary: {en: One 🙂., zh: '一句。'}\n---\n", "\ufeff---\nsummary: S\n---\n"]
    ),
    body=MARKDOWN,
    ending=st.sampled_from(["\n", "\r\n", "\r"]),
)
def test_each_excerpt_stands_in_the_file_where_it_says(
    head: str, body: str, ending: str, folder: Folder, write
) -> None:
    path = write("x.md", (head + body).replace("\n", ending))
    reading = read(path, folder)
    text = path.read_bytes().decode()
    assert reading.document is not None or body.startswith("---"), reading.problems
    assert all(text[excerpt.start : excerpt.end] == excerpt.text for excerpt in reading.excerpts)
    assert all(excerpt.text.strip() for excerpt in reading.excerpts)
