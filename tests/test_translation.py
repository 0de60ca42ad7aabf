"""The Chinese of what goes wrong: every sentence that a reader can meet has it, and no sentence is left over."""

import ast
import re
import time
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from knowledge.errors import SetupMissing, UserMistake
from knowledge.translation import entries, in_chinese, told, translated

ROOT = Path(__file__).parent.parent
TREES = {
    str(path.relative_to(ROOT)): ast.parse(path.read_text(encoding="utf-8"))
    for package in ("knowledge", "learner", "tools", "agents", "ui")
    for path in sorted((ROOT / package).rglob("*.py"))
}
# Met only at the command line, which speaks English, before there is a page, or by a program over MCP.
COMMAND_LINE = {
    "agents/weights.py", "tools/export/file.py", "tools/export/quiz_file.py", "ui/advice_cli.py", "ui/app.py",
    "ui/auth.py", "ui/batch.py", "ui/calculation_command.py", "ui/cli.py", "ui/export_cli.py", "ui/fix_cli.py",
    "ui/mcp_http.py", "ui/mcp_server.py", "ui/notes_cli.py", "ui/record_cli.py", "ui/settings.py",
}  # fmt: skip
# What is made elsewhere: in the item's or reader's language already, or of sentences that are seen where they are made.
MADE_ELSEWHERE = {
    ("agents/journey.py", "problem"),
    ("knowledge/frontmatter.py", "f'{field}: {message}'"),
    ("agents/ladder.py", "known.reason"),
    ("agents/mending.py", "*_BUSY"),
    ("knowledge/note_file.py", "read[0].message"),
    ("knowledge/note_file.py", "read[0].remedy"),
    ("tools/calculators/tensor.py", "reason"),
    ("tools/calculators/unit.py", "_bytes_remedy(spelled)"),
    ("tools/calculators/unit.py", "_bytes_remedy(key)"),
    ("tools/fault/own_pitfall.py", "head[0].remedy"),
    ("tools/quiz/response.py", "message"),
    ("tools/quiz/response.py", "say('grading', f'{key}_remedy', item.language)"),
    ("tools/quiz/response_number.py", "message"),
    ("tools/quiz/response_number.py", "say('grading', f'{key}_remedy', language, example=f'12.5 {unit}'.strip())"),
    ("ui/limits.py", "say('at_once', language, n=self._at_once)"),
    ("ui/limits.py", "say('too_fast', language, seconds=ceil(wait_s))"),
    ("ui/progress_record.py", "say('too_large', language, mib=MOST_MIB)"),
}
# Where the message and the remedy stand among the arguments of what a reader is told of.
PLACES = {"AtlasError": (0, 1), "Problem": (2, 3), "Fault": (1, 2), "MermaidError": (1, 2), "_fail": (0, 1)}


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        pytest.param("Split it.", "请拆分后重试。", id="as it stands"),
        pytest.param("'a.md' is empty.", "'a.md' 是空的。", id="with a value"),
        pytest.param("the log is empty.", "日志是空的。", id="the sentence with the most fixed words"),
        pytest.param("'a is empty.' is empty.", "'a is empty.' 是空的。", id="a value that looks like a sentence"),
        pytest.param("the folder '/x' cannot be read: Permission denied.", "文件夹 '/x' 无法读取：没有权限。", id="a reason"),
        pytest.param(
            "the diagram does not parse: Line 3 of the diagram: expected a node, found 'x'.",
            "图无法解析：图的第 3 行：此处应为节点，实际是 'x'。", id="a reason within a reason",
        ),
        pytest.param("title.en: Input should be a valid string", "title.en：应为文本", id="behind a field"),
        pytest.param(
            "Nothing answers at http://x. Start the model server, or correct --base-url.",
            "http://x 没有响应。请启动模型服务，或改正 --base-url。", id="with its remedy",
        ),
        pytest.param("'a' is not a known 'b'.", "", id="unknown"),
        pytest.param("", "", id="nothing"),
    ],
)  # fmt: skip
def test_says_in_chinese_what_a_message_says(english: str, chinese: str) -> None:
    assert in_chinese(english) == chinese
    assert translated(english, "zh") == (chinese or english)
    assert translated(english, "en") == english


def test_an_error_is_told_with_its_remedy_in_the_readers_language() -> None:
    error = UserMistake("'a.md' is empty.", "Choose another file.")
    assert (error.told("en"), error.told("zh")) == (str(error), "'a.md' 是空的。请选择其他文件。")
    assert SetupMissing("the log is empty.", "Sing.").told("zh") == "日志是空的。Sing."
    assert UserMistake("It sings.", "Split it.").told("zh") == "It sings. Split it."
    assert UserMistake("the log is empty.", zh="没有日志。").told("zh") == "没有日志。"
    assert told("is not there.", "Remove it.", "en") == "is not there. Remove it."


@pytest.mark.parametrize(
    "text", ["line 1: " * 100_000, "a.b: " * 100_000, "a is b. " * 100_000, "'x' is empty. " * 140, "line 1: " * 245]
)
def test_hostile_text_neither_takes_long_nor_nests_without_end(text: str) -> None:
    began = time.process_time()
    translated(text, "zh")
    assert time.process_time() - began < 1


@pytest.mark.parametrize("path", [path for path in TREES if path not in COMMAND_LINE])
def test_what_a_reader_of_the_page_is_told_has_its_chinese(path: str) -> None:
    known = {_shape(english) for english, _ in _catalogue()}
    lacking = [f"line {line}: {text}" for line, text in _said(path) if _shape(text) not in known]
    assert not lacking, "add it to knowledge/translation.toml, or name where it comes from"


def test_every_entry_is_a_sentence_of_the_code_and_keeps_its_values() -> None:
    shapes = {_shape(text) for path in TREES for text in _texts(TREES[path])}
    for english, chinese in _catalogue(("system",)):
        assert _shape(english) in shapes, f"the code does not say {english!r} any more"
        assert set(_names(chinese)) <= set(_names(english)), english
        assert re.search(r"[一-鿿]", chinese), english
        assert not re.search(r"[一-鿿][,;:?!]|[,;?!][一-鿿]", chinese), f"half-width punctuation in {chinese!r}"


def test_no_two_entries_are_the_same_sentence() -> None:
    shapes = [_shape(english) for english, _ in _catalogue()]
    assert sorted(shapes) == sorted(set(shapes))
    assert len(entries()) == len(shapes)


# --- what the code says ---------------------------------------------------------------------------------------------


def _said(path: str) -> Iterator[tuple[int, str]]:
    """Return every message and remedy that a module makes, with its line."""
    classes = _errors()
    for call in (node for node in ast.walk(TREES[path]) if isinstance(node, ast.Call)):
        name = call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")
        places = PLACES.get("AtlasError" if name in classes and name not in PLACES else name)
        is_elsewhere = name in {"Problem", "Fault"} and not path.startswith("knowledge/")  # another class
        if places is None or is_elsewhere or _has_chinese(call, name):
            continue
        for place in places:
            for argument in call.args[place : place + 1]:
                yield from ((call.lineno, text) for text in _resolved(path, argument, call))


@cache
def _errors() -> set[str]:
    """Return the errors that are made of a message and a remedy."""
    found = {"AtlasError"}
    for _ in range(3):  # as deep as the tree of errors
        for tree in TREES.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef) and found & {getattr(base, "id", "") for base in node.bases}:
                    found.add(node.name)
    return found - {"NotAFlowchart", "NameTakenError"}  # made of their subject alone


def _has_chinese(call: ast.Call, name: str) -> bool:
    return (name == "AtlasError" or name not in PLACES) and (
        len(call.args) > 2 or any(one.arg == "zh" for one in call.keywords)
    )


def _resolved(path: str, node: ast.expr, call: ast.Call) -> list[str]:
    """Return the texts that an argument may be; a name is what was last assigned to it above."""
    if (path, ast.unparse(node)) in MADE_ELSEWHERE:
        return []
    text = _text(node)
    if text is not None:
        return [text] if text else []
    if isinstance(node, ast.IfExp):
        return [*_resolved(path, node.body, call), *_resolved(path, node.orelse, call)]
    if isinstance(node, ast.Name):
        given = [value for line, value in _assigned(path, node.id) if line <= call.lineno]
        if given:
            return _resolved(path, given[-1], call)
    if isinstance(node, ast.Attribute) and node.attr in {"message", "remedy"}:
        return []  # of another fault
    if isinstance(node, ast.Name) and node.id in {"message", "remedy"}:
        return []  # handed on by a function that is found by its own name
    return [f"<{ast.unparse(node)}>"]


def _assigned(path: str, name: str) -> list[tuple[int, ast.expr]]:
    found: list[tuple[int, ast.expr]] = []
    for node in ast.walk(TREES[path]):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if isinstance(node, ast.Assign | ast.AnnAssign) and value is not None:
            found += [(node.lineno, value) for target in targets if getattr(target, "id", "") == name]
    return sorted(found, key=lambda one: one[0])


def _texts(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        text = _text(node)
        if text:
            yield text


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{x}" for part in node.values)
    return None


def _catalogue(without: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    read = tomllib.loads((ROOT / "knowledge" / "translation.toml").read_text(encoding="utf-8"))
    return [pair for name, section in read.items() if name not in without for pair in section.items()]


def _names(text: str) -> list[str]:
    return re.findall(r"\{(\w+)\}", text)


def _shape(text: str) -> str:
    return re.sub(r"\{\w+\}", "{}", text)
