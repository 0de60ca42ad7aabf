"""What the Fix page shows, as HTML: everything of a log or a note is text, nothing of it runs or loads."""

import re
from functools import cache
from html.parser import HTMLParser

import pytest
from quiz_material import material

from knowledge.errors import UserMistake
from knowledge.vocabulary import Language
from tools.fault.casebook import Casebook
from tools.fault.fault import Diagnosis, diagnose, told
from ui.fix_log import log_html
from ui.fix_messages import _MESSAGES, say  # pyright: ignore[reportPrivateUsage] - the table itself is looked at
from ui.fix_prose import prose_html
from ui.fix_result import address, diagnosis_html, hint_html, pitfall_html, problem_html

OOM = "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB"
HOSTILE = """<script>alert(1)</script>
<img src=x onerror=alert(1)> & "quotes" 'single'
[link](javascript:alert(1)) ![p](https://evil.example/p.png) **bold** $x$
\x1b[31mred\x1b[0m \x00\x07\u202e\u200b tab\there"""


@cache
def casebook() -> Casebook:
    return Casebook(material().library)


def found(log: str) -> Diagnosis:
    return diagnose(log, casebook(), lambda _text, _k: ())


class Tags(HTMLParser):
    """Collects the tags and attributes of a page, and checks that they are closed in order."""

    VOID = frozenset({"br", "hr", "img", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def harmless(html: str) -> Tags:
    tags = Tags(html)
    assert tags.open == []
    assert not tags.names & {"script", "img", "iframe", "style", "object", "svg", "math"}
    assert not [name for name, _ in tags.attributes if name.startswith("on")]
    links = [value for name, value in tags.attributes if name in {"href", "src"}]
    assert all(link.startswith(("https://", "http://", "?", "data:text/markdown;")) for link in links), links
    return tags


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_match_shows_line_cause_fix_check_and_source(language: Language) -> None:
    html = diagnosis_html(found(f"starting\n{OOM}\nbye"), language, {})
    tags = harmless(html)
    for key in ("cause", "fix", "check", "source", "evidence"):
        assert say(key, language) in tags.words
    assert f"<mark>{OOM}</mark>" in html
    assert say("line", language, n=2) in tags.words
    assert f"{say('sure', language)} · 99%" in tags.words
    assert '<button type="button" class="copy"' in html
    assert 'data-state="found"' in html


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_hostile_log_is_text(language: Language) -> None:
    for log in (f"{HOSTILE}\n{OOM}\n{HOSTILE}", HOSTILE, f"{HOSTILE}\nFrobError: {HOSTILE}"):
        html = diagnosis_html(found(log), language, {})
        tags = harmless(html)
        assert "\x1b" not in html
        assert "\u202e" not in html
        assert "<script>alert(1)</script>" in tags.words or "OutOfMemory" not in log


def test_a_hostile_note_is_text() -> None:
    markdown = (
        f"{HOSTILE}\n\n```bash\n{HOSTILE}\n```\n\n<div onclick=x>\n\n# big\n\n[ok](https://ok.example) [no](/etc/x) <b>"
    )
    html = prose_html(markdown, "en")
    tags = harmless(html)
    assert "h1" not in tags.names
    assert ("href", "https://ok.example") in tags.attributes
    assert ("rel", "noopener noreferrer") in tags.attributes
    assert "<div onclick=x>" in tags.words


def test_a_command_can_be_copied_as_it_is() -> None:
    html = prose_html("Run:\n\n```bash\npip install 'a<2' && b > c\n```\n", "en")
    assert "pip install 'a<2' && b > c" in harmless(html).words
    assert html.count('class="copy"') == 1


def test_masked_secrets_are_counted_by_kind() -> None:
    html = diagnosis_html(found(f"password=hunter2 password=swordfish sk-{'a1' * 20}\n{OOM}"), "en", {})
    assert "3 secrets masked: openai-key, password × 2" in Tags(html).words
    assert "hunter2" not in html


def test_what_is_not_known_says_so_and_shows_the_error_and_what_is_nearest() -> None:
    diagnosis = found("Error: connect ECONNREFUSED 127.0.0.1:5432 (postgres)")
    html = diagnosis_html(diagnosis, "en", {})
    words = harmless(html).words
    assert "Not known here" in words
    assert "<mark>Error: connect ECONNREFUSED 127.0.0.1:5432 (postgres)</mark>" in html
    assert "Doubtful" in words
    assert "%" not in words.split("Nearest")[0]
    assert 'data-fix="form"' in html


def test_other_matches_are_folded_behind_the_first() -> None:
    html = diagnosis_html(found(f"{OOM}\nOSError: [Errno 28] No space left on device"), "en", {})
    assert html.index("Other pitfalls") > html.index("CUDA out of memory")
    assert "<details><summary><b>No space left on device</b>" in html


def test_a_pitfall_alone_has_its_error_texts_and_no_grade() -> None:
    case = casebook().cases["cuda-out-of-memory"]
    html = pitfall_html(told(case), [s.text for s in case.signatures], "en", {})
    tags = harmless(html)
    assert "CUDA out of memory. Tried to allocate" in tags.words
    assert "%" not in tags.words[:60]
    assert "fix-log" not in html


def test_one_of_ones_own_can_be_saved_and_removed() -> None:
    case = casebook().cases["disk-full"]
    html = pitfall_html(told(case), [], "en", {"disk-full": '---\nid: x\n---\n"quoted" <b>\n'})
    tags = harmless(html)
    assert ("download", "disk-full.md") in tags.attributes
    assert 'data-fix="remove" data-pitfall="disk-full"' in html
    assert 'data-fix="remove"' not in pitfall_html(told(case), [], "en", {})


def test_the_log_is_folded_around_the_error_and_cut_where_it_is_long() -> None:
    rows = [f"row {n}" for n in range(1, 1001)]
    rows[499] = OOM
    rows[500] = "w" * 5000
    diagnosis = found("\n".join(rows))
    html = log_html(diagnosis.log, diagnosis.matches[0].lines, "en")
    tags = harmless(html)
    numbers = [int(n) for n in re.findall(r'<i aria-hidden="true">(\d+)</i>', html)]
    assert numbers == list(range(438, 563))
    assert html.count("<details>") == 2
    assert "left out: 437" in tags.words
    assert "w" * 700 not in html
    assert len(html) < 20_000


@pytest.mark.parametrize(
    "log", ["x\r\ny\r\n" + OOM + "\r\n", OOM, "\n\n" + OOM + "\n\n\n"], ids=["crlf", "one line", "blank lines"]
)
def test_the_marked_line_is_the_one_that_was_pasted(log: str) -> None:
    diagnosis = found(log)
    assert f"<mark>{OOM}</mark>" in log_html(diagnosis.log, diagnosis.matches[0].lines, "en")


def test_the_address_names_a_pitfall_and_never_a_log() -> None:
    assert address() == "?place=fix"
    assert address('a&b="') == "?place=fix&pitfall=a%26b%3D%22"


def test_a_problem_and_a_hint_are_told_as_text() -> None:
    assert "&lt;x&gt; do &lt;y&gt;" in problem_html(UserMistake("<x>", "do <y>"), "en")
    assert 'role="alert"' in problem_html(UserMistake("a", "b"), "zh")
    assert 'data-state="waiting"' in hint_html("waiting", "zh", "waiting")


@pytest.mark.parametrize("key", sorted(_MESSAGES))
def test_each_message_says_the_same_in_both_languages(key: str) -> None:
    english, chinese = _MESSAGES[key]
    assert sorted(re.findall(r"\{(\w+)\}", english)) == sorted(re.findall(r"\{(\w+)\}", chinese))
    assert re.search("[\u4e00-\u9fff]", chinese) or key in {"keys", "log_hint"}
