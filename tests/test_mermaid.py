import json
import re
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import UserMistake
from knowledge.mermaid import MAX_EDGES, Edge, MermaidError, NotAFlowchart, parse, plain

# Both files say where their answers come from under "origin".
DATA = Path(__file__).parent / "data"
FIRST, MORE = (json.loads((DATA / name).read_text("utf-8")) for name in ("mermaid_cases.json", "mermaid_more.json"))


def by_id(cases: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(case, id=case["id"]) for case in cases]


@pytest.mark.parametrize("case", by_id(FIRST["cases"] + MORE["cases"]))
def test_a_flowchart_is_read_as_mermaid_reads_it(case: dict[str, Any]) -> None:
    chart = parse(case["source"])
    assert dict(chart.nodes) == case["nodes"]
    assert [[edge.source, edge.target, edge.label] for edge in chart.edges] == case["edges"]
    assert {id_: sorted(box.members) for id_, box in chart.subgraphs.items()} == case["subgraphs"]
    if "titles" in case:
        assert {id_: box.title for id_, box in chart.subgraphs.items()} == case["titles"]
        assert [[edge.style, edge.arrow] for edge in chart.edges] == case["styles"]


@pytest.mark.parametrize("case", by_id(MORE["rejected"]))
def test_what_mermaid_refuses_is_reported(case: dict[str, Any]) -> None:
    with pytest.raises(MermaidError) as caught:
        parse(case["source"])
    assert not isinstance(caught.value, NotAFlowchart)
    assert caught.value.remedy


@pytest.mark.parametrize("case", by_id(MORE["other"]))
def test_another_kind_of_diagram_is_named(case: dict[str, Any]) -> None:
    with pytest.raises(NotAFlowchart) as caught:
        parse(case["source"])
    assert caught.value.diagram == case["kind"]


@pytest.mark.parametrize(
    ("source", "nodes", "links"),
    [
        pytest.param(
            'graph LR\n A["in direction TB"] --> B', {"A": "in direction TB", "B": "B"}, 1, id="direction-word"
        ),
        pytest.param("graph LR\n A[me@b.org] --> B", {"A": "me@b.org", "B": "B"}, 1, id="e-mail"),
        pytest.param("graph LR\n direction LR; A --> B", {"A": "A", "B": "B"}, 1, id="direction-then-link"),
        pytest.param("graph LR\n %%\n A", {"A": "A"}, 0, id="empty-comment"),
        pytest.param("graph LR\n call --> href", {"call": "call", "href": "href"}, 1, id="soft-keywords"),
        pytest.param("graph LR\n 1end", {"1end": "1end"}, 0, id="digit-before-keyword"),
        pytest.param("graph LR\n A -->|x|  B", {"A": "A", "B": "B"}, 1, id="two-spaces-after-text"),
        pytest.param('graph LR\n A@{ icon: "fa:bell" }', {"A": "A"}, 0, id="icon-without-label"),
        pytest.param("graph LR\n A@{ shape: of-tomorrow, label: x }", {"A": "x"}, 0, id="unknown-shape"),
        pytest.param("graph LR\n A-->B\n linkStyle 0 stroke:#ff3;", {"A": "A", "B": "B"}, 1, id="colour-semicolon"),
        pytest.param("graph LR\n style A fill:#f9f; stroke:#333", {"A": "A"}, 0, id="style-in-semicolons"),
        pytest.param("\n\n---\ntitle: t\n---\ngraph LR\n A", {"A": "A"}, 0, id="front-matter-after-blank-lines"),
        pytest.param("\ufeffgraph LR\n A", {"A": "A"}, 0, id="byte-order-mark"),
    ],
)
def test_plain_intent_is_read_where_mermaid_stumbles(source: str, nodes: dict[str, str], links: int) -> None:
    chart = parse(source)
    assert dict(chart.nodes) == nodes
    assert len(chart.edges) == links


def test_a_title_with_spaces_around_it_still_names_its_subgraph() -> None:
    chart = parse('graph LR\n subgraph S  \n  A\n end  \n subgraph T["t"] \n  B\n end')
    assert {id_: box.members for id_, box in chart.subgraphs.items()} == {"S": ("A",), "T": ("B",)}


def test_what_is_inside_a_subgraph_includes_what_is_nested() -> None:
    chart = parse("graph LR\n subgraph a\n x\n subgraph b\n subgraph c\n y\n end\n z\n end\n end\n w")
    assert chart.inside("a") == {"x", "b", "c", "y", "z"}
    assert chart.inside("b") == {"c", "y", "z"}
    assert chart.inside("w") == frozenset()


def test_a_subgraph_that_contains_its_own_name_is_walked_once() -> None:
    assert parse("graph LR\n subgraph a\n a --> x\n end").inside("a") == {"a", "x"}


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("Weights &amp; Biases", "Weights & Biases"),
        ("first<br/>second<br>third", "first second third"),
        ("<b>bold</b> and **bold**", "bold and bold"),
        ("fa:fa-bell Bell", "Bell"),
        ("two\n lines\\nthree", "two lines\\nthree"),
        ("one\\nTwo", "one Two"),
        ("1 < 2 > 0", "1 < 2 > 0"),
    ],
)
def test_a_label_becomes_plain_text(label: str, text: str) -> None:
    assert plain(label) == text


@pytest.mark.parametrize(
    ("source", "line"),
    [
        pytest.param("", 1, id="nothing"),
        pytest.param("\n\n[[[[", 3, id="no-header"),
        pytest.param("graph LR\n A\n\n B C", 4, id="after-blank-lines"),
        pytest.param("---\ntitle: t\n---\ngraph LR\n%% note\n A )", 6, id="after-front-matter-and-comment"),
        pytest.param('%%{init: {\n"a": 1}\n}%%\r\ngraph LR\r\n A )', 5, id="after-directive-and-windows-lines"),
        pytest.param("graph LR\n A[never closed\n B --> C\n D", 2, id="unclosed-label"),
        pytest.param("graph LR\n A -- never closed\n B\n C", 2, id="unclosed-link"),
        pytest.param("graph LR\n A -->\n\n", 2, id="no-target"),
        pytest.param("graph LR\n subgraph a\n subgraph b\n x\n end", 2, id="unclosed-subgraph"),
        pytest.param("graph LR\n A\n end", 3, id="surplus-end"),
    ],
)
def test_an_error_names_the_line_where_the_mistake_begins(source: str, line: int) -> None:
    with pytest.raises(MermaidError) as caught:
        parse(source)
    assert caught.value.line == line
    assert str(caught.value).startswith(f"Line {line} of the diagram: ")
    assert isinstance(caught.value, UserMistake)


def test_two_long_groups_do_not_fill_the_memory() -> None:
    group = " & ".join(f"n{i}" for i in range(1000))
    with pytest.raises(MermaidError, match=f"more than {MAX_EDGES} links"):
        parse(f"graph LR\n {group} --> {group}")


@pytest.mark.parametrize(
    "unit",
    [
        "A-->",
        "[[[[",
        "A[",
        "A & ",
        "A -- ",
        "A -->|",
        " ",
        "\n",
        "<a ",
        "%%{",
        "---\n",
        "A@{",
        "subgraph a\n",
        ".",
        "e@",
    ],
)
@pytest.mark.parametrize("start", ["", "graph LR\n", "graph LR\nA -- "], ids=["bare", "header", "in-link"])
def test_a_megabyte_of_hostile_text_ends_soon(start: str, unit: str) -> None:
    began = time.perf_counter()
    with suppress(MermaidError):
        parse(start + unit * (1_000_000 // len(unit)))
    assert time.perf_counter() - began < 20  # quadratic reading takes many minutes


def test_deep_nesting_is_no_recursion() -> None:
    depth = 20_000
    chart = parse("graph LR\n" + "".join(f"subgraph s{i}\n" for i in range(depth)) + "A\n" + "end\n" * depth)
    assert len(chart.inside("s0")) == depth


def test_a_code_of_five_thousand_digits_stays_text() -> None:
    code = f"#{'1' * 5000};"
    assert parse(f'graph LR\n A["{code}"]').nodes["A"] == code


IDS = st.from_regex(r"n[a-zA-Z0-9_模型é]{0,8}", fullmatch=True)
QUOTED = st.text(st.characters(exclude_characters='"`\r', exclude_categories=["Cs"]), min_size=1).filter(
    lambda text: text.strip() and not any(mark in text for mark in ("%%", "#", "="))
)
BARE = st.from_regex(r"[a-zA-Z0-9模型 ,.:;+]{1,20}", fullmatch=True).filter(str.strip)
SHAPES = ["[{}]", "({})", "([{}])", "[[{}]]", "[({})]", "(({}))", ">{}]", "{{{}}}", "{{{{{}}}}}", "((({})))"]
LINKS = {
    "-->": ("normal", "forward"),
    "---": ("normal", "none"),
    "-.->": ("dotted", "forward"),
    "==>": ("thick", "forward"),
}
MARKS = 'graph LR\n subgraph end -->-.-===x--o<--> &|"`[](){}@:;%%{}#1;style A classDef click direction ~~~\\/模\u3000'
PIECES = re.findall(
    "[^,]+",
    'graph LR,graph TD;,A,x,文,-->, -- ,-.,.->,==,|, & ,[,],([,{{,},",`,@{,subgraph s;,subgraph t[,end;,%%,%%{,}%%,---'
    ",\n,:::,#quot;,style A ,click ,;,label: ,~~~,\\,/, e1@-->",
)


@given(st.dictionaries(IDS, st.tuples(st.sampled_from(SHAPES), st.one_of(QUOTED.map('"{}"'.format), BARE)), min_size=1))
def test_labels_of_every_shape_come_back(nodes: dict[str, tuple[str, str]]) -> None:
    chart = parse("flowchart TD\n" + "\n".join(id_ + shape.format(text) for id_, (shape, text) in nodes.items()))
    assert {id_: " ".join(label.split()) for id_, label in chart.nodes.items()} == {
        id_: " ".join(text.strip('"').split()) for id_, (_, text) in nodes.items()
    }


@given(IDS, st.lists(st.tuples(st.sampled_from(sorted(LINKS)), BARE, st.booleans(), IDS), min_size=1))
def test_chains_come_back(first: str, steps: list[tuple[str, str, bool, str]]) -> None:
    source, at, expected = f"graph LR\n {first}", first, list[Edge]()
    for link, text, labelled, target in steps:
        source += f" {link}|{text}| {target}" if labelled else f" {link} {target}"
        expected.append(Edge(at, target, text.strip() if labelled else "", *LINKS[link]))
        at = target
    assert list(parse(source).edges) == expected


@given(
    st.one_of(
        st.text(),
        st.text(MARKS).map("graph LR\n".__add__),
        st.lists(st.sampled_from(PIECES), max_size=40).map(lambda pieces: "graph LR\n" + "".join(pieces)),
    )
)
def test_no_text_raises_anything_else(source: str) -> None:
    try:
        chart = parse(source)
    except MermaidError as error:
        assert 1 <= error.line <= len(source.splitlines()) + 1
    else:
        known = {*chart.nodes, *chart.subgraphs}
        assert all(member in known for box in chart.subgraphs.values() for member in box.members)
