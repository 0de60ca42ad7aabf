"""One recommended tool as HTML: why, with its evidence, what to mind, its fit, and the first command."""

import re
from collections.abc import Sequence
from html import escape
from typing import Final
from urllib.parse import urlencode

from knowledge.citation import Citation
from knowledge.vocabulary import Language
from tools.recommend.advice import Recommendation
from tools.recommend.constraints import Constraints
from tools.recommend.fit import Fit
from tools.recommend.wording import say as advise
from ui.advice_messages import say
from ui.markdown import inline, web_link
from ui.quiz_card import words

_REASON: Final = re.compile(r"(.+?)\s*\[(\d+)\]\s*", re.DOTALL)
_PILLS: Final = {"fits": "ok", "does not fit": "bad", "size only": "plain-pill", "not computed": "plain-pill"}
_CONTEXT: Final = 8192  # tokens that a fit is computed for where the task names none
_PLANNED: Final = "vllm"
_CPU_FORMAT: Final = "Q4_K_M"  # and its weights where there is no GPU
_ADDRESS: Final = re.compile(r"https?://[^\s\"'<>]+")


def card_html(one: Recommendation, number: int, source: str, constraints: Constraints, language: Language) -> str:
    """Return the card of a tool; `source` is the address of its note's first source, or the note's file."""
    parts = [
        _head(one, number, source, language),
        _why(one, language),
        _section("caveats", _list(one.caveats), language) if one.caveats else "",
        _section("against", f"<p>{inline(one.trade_off)}</p>", language) if one.trade_off else "",
        _section("fit", _fit(one.fit, one, constraints, language), language) if one.fit else "",
        _command(one.first_command, language) if one.first_command else "",
        _evidence(one.evidence, language),
    ]
    return f'<article class="choose-card" aria-labelledby="choose-tool-{number}">{"".join(parts)}</article>'


def calculate_link(fit: Fit, goal: str, constraints: Constraints) -> str:
    """Return the query that opens a fit on the Calculate page; empty where there is nothing to change."""
    if fit.verdict == "not computed" or not constraints.model:
        return ""
    cards = constraints.accelerators[:1]
    given = {
        "model": constraints.model,
        "gpu": cards[0].name if cards else "",
        "gpus": str(cards[0].count) if cards else "",
    }
    if goal in {"serve", "quantize"}:
        given |= {"kind": "memory", "context": str(constraints.context or _CONTEXT)}
        given["quant"] = fit.format or ("" if cards else constraints.quant or _CPU_FORMAT)
    else:
        given |= {"kind": "train", "method": fit.method}
        given |= {"sequence": str(constraints.context)} if constraints.context else {}
    return "?" + urlencode({"place": "calculate", **given})


def plan_link(fit: Fit, tool: str, constraints: Constraints) -> str:
    """Return the query that opens the serving plan of a tool; empty where the calculator writes no command for it."""
    if tool != _PLANNED or fit.verdict not in {"fits", "does not fit"} or fit.method:
        return ""
    card = constraints.accelerators[0]
    given = {
        "kind": "serve", "model": constraints.model, "gpu": card.name, "gpus": str(card.count),
        "max_model_len": str(constraints.context or _CONTEXT), "quant": fit.format,
    }  # fmt: skip
    return "?" + urlencode({"place": "calculate", **given})


def title_html(title: str, source: str) -> str:
    """Return a tool's title as a link to its source, where that is an address."""
    if not _ADDRESS.fullmatch(source):
        return inline(title)
    return f'<a href="{escape(source)}" target="_blank" rel="noopener noreferrer">{inline(title)}</a>'


def _head(one: Recommendation, number: int, source: str, language: Language) -> str:
    goal = inline(advise(f"goal_{one.goal}", language))
    checked = ""
    if one.checked:
        flag = f' <b class="stale">{escape(say("stale", language))}</b>' if one.is_stale else ""
        checked = f'<p class="checked">{inline(say("checked", language, date=one.checked))}{flag}</p>'
    return (
        f'<header><span class="rank" aria-hidden="true">{number}</span>'
        f'<h3 id="choose-tool-{number}">{title_html(one.title, source)}</h3><span class="goal">{goal}</span>{checked}'
        "</header>"
    )


def _why(one: Recommendation, language: Language) -> str:
    cited = {citation.n: citation for citation in one.evidence}
    reasons = [(text, cited.get(int(n))) for text, n in _REASON.findall(one.why)] or [(one.why, None)]
    lines = "".join(
        f"<li>{words(text)}{_mark(citation, language) if citation else ''}</li>" for text, citation in reasons
    )
    return _section("why", f'<ul class="reasons">{lines}</ul>', language)


def _mark(citation: Citation, language: Language) -> str:
    told = inline(say("cite", language, n=citation.n, quote=citation.quote))
    return (
        f' <button type="button" class="cite" data-cite="{citation.n}" aria-label="{told}" title="{told}">'
        f"{citation.n}</button>"
    )


def _evidence(evidence: Sequence[Citation], language: Language) -> str:
    if not evidence:
        return ""
    lines = "".join(_quoted(citation, language) for citation in evidence)
    title = f"{escape(say('evidence', language))} ({len(evidence)})"
    return f'<details class="choose-evidence"><summary>{title}</summary><ol>{lines}</ol></details>'


def _quoted(citation: Citation, language: Language) -> str:
    place = citation.heading or say("summary", language)
    return (
        f'<li id="choose-evidence-{citation.n}" value="{citation.n}" tabindex="-1"><q>{words(citation.quote)}</q>'
        f'<span class="where"><b>{inline(citation.title)}</b> › {inline(place)} {web_link(citation.source)}</span></li>'
    )


def _fit(fit: Fit, one: Recommendation, constraints: Constraints, language: Language) -> str:
    pill = f'<span class="pill {_PILLS[fit.verdict]}">{escape(say(fit.verdict, language))}</span>'
    html = f"<p>{pill} {inline(fit.text.said_in(language))}</p>"
    if fit.derivation:
        title = escape(say("derivation", language))
        html += f"<details><summary>{title}</summary><code>{inline(fit.derivation)}</code></details>"
    ways = {"calculate": calculate_link(fit, one.goal, constraints), "plan": plan_link(fit, one.tool, constraints)}
    links = [
        f'<a class="{name}" href="{escape(address)}">{escape(say(name, language))}</a>'
        for name, address in ways.items()
        if address
    ]
    return html + (f'<p class="ways">{"".join(links)}</p>' if links else "")


def _command(command: str, language: Language) -> str:
    copy, copied = escape(say("copy", language)), escape(say("copied", language))
    return (
        f'<figure class="command"><figcaption><span>{escape(say("command", language))}</span>'
        f'<button type="button" class="copy" data-copied="{copied}">{copy}</button></figcaption>'
        f'<pre tabindex="0"><code>{escape(command)}</code></pre></figure>'
    )


def _section(key: str, html: str, language: Language) -> str:
    return f'<section class="{key}"><h4>{escape(say(key, language))}</h4>{html}</section>'


def _list(lines: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{words(line)}</li>" for line in lines) + "</ul>"
