"""Mermaid flowcharts: what a picture in a note says, as nodes, edges and subgraphs.

The tokens and their order follow mermaid's own grammar, flow.jison of version 11: what is read is what mermaid draws.
Where mermaid stumbles over plain intent, the intent is read: a label may contain "direction TB" or an e-mail address.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NoReturn

from knowledge.errors import UserMistake

Style = Literal["normal", "dotted", "thick", "invisible"]
Arrow = Literal["none", "forward", "both"]

# The product of two long `A & B & ...` groups must not fill the memory; mermaid's own limit is 500.
MAX_EDGES: Final = 10_000


class MermaidError(UserMistake):
    """The diagram cannot be read; `line` is the 1-based line inside the diagram."""

    def __init__(self, line: int, message: str, remedy: str) -> None:
        super().__init__(f"Line {line} of the diagram: {message}", remedy)
        self.line = line


class NotAFlowchart(MermaidError):
    """The diagram is of another kind, named by `diagram`; a caller may pass over it."""

    def __init__(self, line: int, diagram: str) -> None:
        super().__init__(line, f"{diagram!r} is not a flowchart.", "Begin it with 'flowchart TD' if it should be one.")
        self.diagram = diagram


@dataclass(frozen=True, slots=True)
class Edge:
    """A line between two nodes; either end may also be the id of a subgraph."""

    source: str
    target: str
    label: str
    style: Style = "normal"
    arrow: Arrow = "forward"


@dataclass(frozen=True, slots=True)
class Subgraph:
    """A box; `members` are the ids that stand directly in it, those of nested subgraphs included.

    A node belongs to the first subgraph that ends after mentioning it.
    """

    title: str
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flowchart:
    """A diagram as drawn: node id to label, edges in order with repeats, subgraph id to subgraph.

    A subgraph that is an end of an edge, or is styled, is also in `nodes`, with its id for a label.
    """

    nodes: Mapping[str, str]
    edges: tuple[Edge, ...]
    subgraphs: Mapping[str, Subgraph]

    def inside(self, subgraph: str) -> frozenset[str]:
        """Return all that stands in a subgraph, directly or in one nested in it."""
        found: set[str] = set()
        waiting = [subgraph]
        while waiting:
            box = self.subgraphs.get(waiting.pop())
            fresh = set(box.members) - found if box else set[str]()
            found |= fresh
            waiting.extend(fresh)
        return frozenset(found)


def plain(label: str) -> str:
    """Return a label as one line of plain text: without tags, icons, bold marks and HTML entities."""
    spaced = re.sub(r"<br\s*+/?>|\\n(?![a-z])|\bfa[a-z]?:fa-[\w-]++", " ", label)
    return " ".join(html.unescape(re.sub(r"</?+[A-Za-z][^<>]*+>|\*\*|`", "", spaced)).split())


def parse(source: str) -> Flowchart:
    """Read a flowchart.

    Raises NotAFlowchart for another kind of diagram, MermaidError for a malformed one.
    """
    text = _cleaned(source)
    header = _HEADER.match(text)
    if header is None:
        raise _not_begun(text)
    return _Reader(text, header.end()).read()


def _not_begun(text: str) -> MermaidError:
    word = _FIRST_WORD.match(text)
    line = text.count("\n", 0, word.end() if word else 0) + 1
    if word is None:
        return MermaidError(line, "there is nothing in it.", "Begin with 'flowchart TD'.")
    if word[1] in _KINDS:
        return MermaidError(line, f"only a direction may follow {word[1]!r}.", "Begin with a line 'flowchart TD'.")
    if not word[1][0].isalpha():
        return MermaidError(line, f"a diagram cannot begin with {word[1]!r}.", "Begin with 'flowchart TD'.")
    return NotAFlowchart(line, word[1])


# Every pattern takes a run of characters possessively or once, so that hostile text costs linear time.
_KINDS: Final = ("graph", "flowchart", "flowchart-elk")
_HEADER: Final = re.compile(
    r"\s*+(?:graph|flowchart(?:-elk)?)(?:[^\S\n]++(?:LR|RL|TB|BT|TD|BR|[<>^v]))?[^\S\n]*+(?:;|\n|\Z)"
)
_FIRST_WORD: Final = re.compile(r"\s*+([\w-]{1,40}|\S)")
_FRONT_MATTER: Final = re.compile(r"\s*+---[^\S\n]*+\n(?:(?!---)[^\n]*+\n)*+---[^\S\n]*+(?:\n|\Z)")
_DIRECTIVE: Final = re.compile(r"%%\{(?:(?!\}%%).)*+(?:\}%%)?", re.DOTALL)
_COMMENT: Final = re.compile(r"^[^\S\n]*+%%[^\n]*+", re.MULTILINE)
_TAG: Final = re.compile(r"<[A-Za-z0-9_]++[^<>]*+>")
_ENTITY: Final = re.compile(r"#(\w{1,32});", re.ASCII)

_LINK_MARK: Final = r"[xo<]?(?:--|==|-?\.++-|-\.|~~~)"
_LINK_AHEAD: Final = re.compile(rf"\s*+(?={_LINK_MARK})")
_LINK: Final = re.compile(r"[xo<]?(?:--+[-xo>]|==+[=xo>]|-?\.+-[xo>]?|~~~+)\s*+")
_LINK_OPENING: Final = re.compile(r"[xo<]?(?:--|==|-\.)\s*+")
_LINK_TEXT: Final[dict[Style, re.Pattern[str]]] = {
    "normal": re.compile(r'(?:[^-"]|-(?!-))*+'),
    "thick": re.compile(r'[^="]*+'),
    "dotted": re.compile(r'[^."]*+'),
}
_STRING: Final = re.compile(r'"(?:`([^`"]++)`|([^"`][^"]*+))"')
_TEXT: Final = re.compile(r'[^\[\](){}|"]++')

# A keyword is one only where an id begins, and a link's marks end an id: `x--` is an arrow with a cross.
_ID_PIECE: Final = (
    rf'(?!"|{_LINK_MARK})'
    r"(?:[0-9]++|[,*#&]|:(?!::)|(?:[A-Za-z0-9!\"#$%&'*+.`?\\_/]|-(?=[^>\-.]))++|-|[^\W\x00-\x7f])"
)
_KEYWORD: Final = r"(?:style|linkStyle|classDef|class|click|graph|flowchart|subgraph|end)(?![A-Za-z0-9_])"
_ID: Final = re.compile(rf"(?!{_KEYWORD})(?:{_ID_PIECE})++")
_EDGE_ID: Final = re.compile(rf'[^\S\n]++([^\s"@\[\](){{}}|;&]++)@\s*+(?={_LINK_MARK})')
_CLASS: Final = re.compile(rf":::{_ID.pattern}")
_SHAPE_DATA: Final = re.compile(r'@\{((?:"[^"]*+"|[^}"])*+)\}')
_END: Final = re.compile(r"end(?![A-Za-z0-9_])")
_SUBGRAPH: Final = re.compile(r"subgraph[^\S\n]++")
_SUBGRAPH_NAME: Final = re.compile(r'(?!")[^\[\](){}|<>\n;@=~]++')
_STYLING: Final = re.compile(rf"(style|linkStyle|classDef|class|click)[^\S\n]++({_ID.pattern})[^\S\n]++")
# A semicolon before `property:` belongs to the style; any other ends it.
_STYLING_REST: Final = re.compile(r'(?:"[^"]*+"|[^"\n;]|;(?=[^\S\n]*+[a-z-]++:[^:]))++')
_ASIDE: Final = re.compile(
    r"direction[^\S\n]++(?:TB|TD|BT|RL|LR)(?![A-Za-z0-9_])[^\n;]*+"
    r"|acc(?:Title|Descr)[^\S\n]*+:[^\n]*+|accDescr[^\S\n]*+\{[^}]*+\}"
)

_SLANTED: Final = re.compile(r'(?!")(?:[^\\\[\](){}/]|[\\/](?!\]))++')
_ELLIPSE: Final = re.compile(r'(?:(?![-/]\))[^\[\](){}"])++')
# What opens a label -> what its text may be, what closes it. A longer opening stands before its own beginning.
_SHAPES: Final[dict[str, tuple[re.Pattern[str], re.Pattern[str]]]] = {
    opening: (text, re.compile(closing))
    for opening, text, closing in (
        ("(((", _TEXT, r"\)\)\)"),
        ("((", _TEXT, r"\)\)"),
        ("([", _TEXT, r"\]\)"),
        ("(-", _ELLIPSE, r"[-/)]\)"),
        ("[[", _TEXT, r"\]\]"),
        ("[(", _TEXT, r"\)\]"),
        ("[/", _SLANTED, r"[/\\]\]"),
        ("[\\", _SLANTED, r"[/\\]\]"),
        ("{{", _TEXT, r"\}\}"),
        ("(", _TEXT, r"\)"),
        ("[", _TEXT, r"\]"),
        ("{", _TEXT, r"\}"),
        (">", _TEXT, r"\]"),
    )
}
_OPENING: Final = re.compile("|".join(re.escape(opening) for opening in _SHAPES))
_FLOW_ENTRY: Final = re.compile(r"""(?<![\w-])([\w-]++)\s*+:\s*+("[^"]*+"|'[^']*+'|[^,]*+)""")
_BLOCK_ENTRY: Final = re.compile(r"""(?<![\w-])([\w-]++)[^\S\n]*+:[^\S\n]*+("[^"]*+"|'[^']*+'|[^\n]*+)""")

_BLANKS: Final = re.compile(r"[^\S\n]*+")
_SPACE: Final = re.compile(r"\s*+")
_SEPARATORS: Final = re.compile(r"[\s;]*+")
_STATEMENT_END: Final = re.compile(r"[^\S\n]*+(?:[\n;]|\Z)")
_AND: Final = re.compile(r"[^\S\n]++&[^\S\n]++")
_PIPE: Final = re.compile(r"\|")
_BRACKET: Final = re.compile(r"\[")
_NODE_REMEDY: Final = "Give it a plain id and put its text into quotes: A[\"text\"]. The keyword 'end' is no id."
_TEXT_REMEDY: Final = 'Put the whole text into quotes: A["text"].'
_LINE_REMEDY: Final = 'Put text with spaces or brackets into quotes: A["text"]. A comment needs a line of its own.'
_LINK_REMEDY: Final = "Write: A -- text --> B, A == text ==> B, A -. text .-> B, or A -->|text| B."


def _cleaned(source: str) -> str:
    """Blank out front matter, directives and comments, keeping every line's number."""
    text = re.sub(r"\r\n?", "\n", source).lstrip("\ufeff")
    text = _TAG.sub(lambda tag: re.sub(r'="([^"]*+)"', r"='\1'", tag[0]), text)
    if front := _FRONT_MATTER.match(text):
        text = _only_newlines(front) + text[front.end() :]
    return _COMMENT.sub("", _DIRECTIVE.sub(_only_newlines, text))


def _only_newlines(match: re.Match[str]) -> str:
    return "\n" * match[0].count("\n")


def _label(text: str) -> str:
    """Return a label without its padding, with mermaid's `#quot;` and `#35;` turned into characters."""
    text = re.sub(r'^"(.*)"$', r"\1", text.strip(), flags=re.DOTALL)
    return _ENTITY.sub(_character, text)


def _character(entity: re.Match[str]) -> str:
    reference = f"&#{entity[1]};" if entity[1].isdigit() else f"&{entity[1]};"
    return html.unescape(reference).replace(reference, entity[0])


def _label_in(data: str) -> str | None:
    """Return the label in the YAML between `@{` and `}`; a block, with one entry a line, may have commas in it."""
    data = re.sub(r'"[^"]*+"', lambda string: re.sub(r"\n\s*+", "<br/>", string[0]), data)
    text = dict(re.findall(_BLOCK_ENTRY if "\n" in data else _FLOW_ENTRY, data)).get("label", "").strip()
    text = text[1:-1] if text[:1] in ("'", '"') else text
    return _label(text) if text else None


def _style(link: str) -> Style:
    return "dotted" if "." in link else "thick" if "=" in link else "invisible" if "~" in link else "normal"


def _arrow(opening: str, link: str) -> Arrow:
    """Return the direction that the marks of a link give; `opening` is what precedes its text, if it has one."""
    end = link[-1].replace(">", "<")
    if opening[:1] in ("x", "o", "<"):
        return "both" if opening[0] == end else "forward"
    if end not in "xo<":
        return "none"
    return "both" if link[0] == end else "forward"


@dataclass(slots=True)
class _Box:
    """A subgraph that is still open; it gets its id when it ends if it was not given one."""

    id: str
    title: str
    at: int
    members: dict[str, None] = field(default_factory=dict[str, None])


class _Reader:
    """Reads one cleaned text from the end of its header; positions are offsets into the text."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.nodes: dict[str, str] = {}
        self.edges: list[Edge] = []
        self.edge_ids: set[str] = set()
        self.open: list[_Box] = []
        self.closed: dict[str, tuple[str, list[str]]] = {}
        self.closings = 0
        self.boxed: set[str] = set()

    def read(self) -> Flowchart:
        while self._take(_SEPARATORS) and self.at < len(self.text):
            self._statement()
        if self.open:
            box = self.open[-1]
            self._fail(f"the subgraph {_shortened(box.title)} is never closed.", "Add a line 'end'.", box.at)
        subgraphs = {id_: Subgraph(title, tuple(members)) for id_, (title, members) in self.closed.items()}
        return Flowchart(self.nodes, tuple(self.edges), subgraphs)

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()
        return match

    def _need(self, pattern: re.Pattern[str], what: str, remedy: str, begun: int | None = None) -> re.Match[str]:
        """Take what must come next; without it, blame the line at `begun`, where the unfinished thing begins."""
        match = self._take(pattern)
        if match is None:
            found = self.text[self.at : self.at + 40].split("\n", 1)[0]
            found = _shortened(found) if found else "the end of the line"
            self._fail(f"expected {what}, found {found}.", remedy, self.at if begun is None else begun)
        return match

    def _fail(self, message: str, remedy: str, at: int) -> NoReturn:
        before = self.text[:at]
        read = before.rstrip() if at == len(self.text) else before
        raise MermaidError(read.count("\n") + 1, message, remedy)

    def _statement(self) -> None:
        if self._take(_END):
            self._close()
            return
        at = self.at
        if self._take(_SUBGRAPH):
            self._open(at)
        elif styling := self._take(_STYLING):
            self._need(_STYLING_REST, f"more after {styling[1]!r}", f"Write '{styling[1]} {styling[2]} ...'.")
            if styling[1] == "style":
                self.nodes.setdefault(styling[2], styling[2])
        elif not self._take(_ASIDE):
            self._chain()
        self._need(_STATEMENT_END, "a link or a new line", _LINE_REMEDY)

    def _open(self, at: int) -> None:
        string = self._take(_STRING)
        name = string or self._need(_SUBGRAPH_NAME, "the name of a subgraph", 'Write: subgraph id ["title"].')
        title = _label(name[name.lastindex or 0])
        id_ = "" if re.search(r"\s", title) else title
        if self._take(_BRACKET):
            id_, title = title, self._text(_TEXT, _SHAPES["["][1])
        self.open.append(_Box(id_, title, at))

    def _close(self) -> None:
        if not self.open:
            self._fail("'end' closes no subgraph.", "Take it away, or write 'End' if it is a node.", self.at)
        box = self.open.pop()
        id_ = box.id or f"subGraph{self.closings}"
        self.closings += 1
        fresh = [member for member in box.members if member not in self.boxed]
        self.boxed.update(fresh)
        self.closed.setdefault(id_, (box.title, []))[1].extend(fresh)
        if self.open:
            self.open[-1].members[id_] = None

    def _chain(self) -> None:
        sources = self._group()
        while link := self._link():
            targets = self._group()
            if len(self.edges) + len(sources) * len(targets) > MAX_EDGES:
                self._fail(f"there are more than {MAX_EDGES} links.", "Split the diagram.", self.at)
            self.edges.extend(Edge(source, target, *link) for source in sources for target in targets)
            sources = targets

    def _group(self) -> list[str]:
        ids = [self._node()]
        while self._take(_AND):
            ids.append(self._node())
        return ids

    def _node(self) -> str:
        id_ = self._need(_ID, "a node", _NODE_REMEDY)[0]
        opening = self._take(_OPENING)
        label = self._text(*_SHAPES[opening[0]]) if opening else None
        self._take(_CLASS)
        data = self._take(_SHAPE_DATA)
        renamed = _label_in(data[1]) if data else None
        if id_ in self.edge_ids:
            return id_
        self.nodes.setdefault(id_, id_)
        for text in (label, renamed):
            if text is not None:
                self.nodes[id_] = text
        if self.open:
            self.open[-1].members[id_] = None
        return id_

    def _text(self, text: re.Pattern[str], closing: re.Pattern[str]) -> str:
        begun = self.at
        found = self._take(_STRING) or self._need(text, "a text", _TEXT_REMEDY)
        self._need(closing, "the end of the text", _TEXT_REMEDY, begun)
        return _label(found[found.lastindex or 0])

    def _link(self) -> tuple[str, Style, Arrow] | None:
        """Read a link with its text, where one follows; a link may stand on the next line, an edge's id may not."""
        if not self._take(_LINK_AHEAD):
            named = self._take(_EDGE_ID)
            if named is None:
                return None
            self.edge_ids.add(named[1])
        link = self._take(_LINK)
        if link is None:
            return self._link_around_text(self._need(_LINK_OPENING, "a link", _LINK_REMEDY)[0])
        label = self._text(_TEXT, _PIPE) if self._take(_PIPE) else ""
        self._take(_BLANKS)
        return label, _style(link[0]), _arrow("", link[0].rstrip())

    def _link_around_text(self, opening: str) -> tuple[str, Style, Arrow]:
        style = _style(opening)
        start = self.at
        string = self._take(_STRING)
        self._take(_SPACE if string else _LINK_TEXT[style])
        if string is None:
            # The closing link begins in what looks like text: with the dash of `-.->`, with the mark of `x-->`.
            self.at -= style == "dotted" and self.text[start : self.at].endswith("-")
            self.at -= self.text[start : self.at].endswith(("x", "o", "<"))
        label = _label(string[string.lastindex or 0] if string else self.text[start : self.at])
        link = self._need(_LINK, "the end of the link", _LINK_REMEDY, start)[0].rstrip()
        if _style(link) != style or not (label or string):
            self._fail(f"the link {_shortened(opening.strip())} is not closed.", _LINK_REMEDY, start)
        return label, style, _arrow(opening, link)


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "...")
