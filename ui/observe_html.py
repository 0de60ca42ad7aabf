"""What answers took, as HTML: figures, agents, the slowest answers, what readers said of them, and one trace."""

from collections import Counter
from collections.abc import Sequence
from datetime import tzinfo
from html import escape
from typing import Final

from agents.trace import Price, Span, Trace
from agents.trace_figures import AgentSpent, Spent
from knowledge.vocabulary import Language
from learner.feedback import Feedback
from ui import messages
from ui.observe_messages import say

_SHOWN: Final = 8  # answers in a list
_SESSION: Final = 32  # characters of a conversation of the page; others have no address
_LONGEST: Final = 90  # characters of a question in a list


def figures_html(columns: Sequence[tuple[str, Spent]], price: Price, language: Language) -> str:
    """Return the table of what answers took in spans of time, each with its name."""
    rows = [
        ("answers", [f"{spent.answers:,}" for _, spent in columns]),
        ("calls", [f"{spent.calls:,}" for _, spent in columns]),
        ("checks", [f"{spent.checks:,}" for _, spent in columns]),
        ("prompt", [f"{spent.prompt_tokens:,}" for _, spent in columns]),
        ("completion", [f"{spent.completion_tokens:,}" for _, spent in columns]),
        ("seconds", [seconds(spent.model_seconds) for _, spent in columns]),
        ("median", [seconds(spent.median_s) for _, spent in columns]),
        ("first_token", [seconds(spent.median_first_token_s) for _, spent in columns]),
    ]
    is_priced = price != Price()
    if is_priced:
        rows.append(("cost", [_money(spent.cost) for _, spent in columns]))
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name, _ in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(say(key, language))}</th>{"".join(f"<td>{value}</td>" for value in values)}</tr>'
        for key, values in rows
    )
    prices = {"prompt": _money(price.prompt), "completion": _money(price.completion)}
    said = say("price_set", language, **prices) if is_priced else say("price_none", language)
    return f'<table class="figures"><thead><tr><td></td>{head}</tr></thead><tbody>{body}</tbody></table>{_hint(said)}'


def agents_html(agents: Sequence[AgentSpent], price: Price, language: Language) -> str:
    """Return the table of what each agent spent at each model."""
    if not agents:
        return ""
    is_priced = price != Price()
    names = ["agent", "model", "calls", "checks", "prompt", "completion", "seconds", *(["cost"] if is_priced else [])]
    head = "".join(f'<th scope="col">{escape(say(name, language))}</th>' for name in names)
    rows: list[str] = []
    for agent in agents:
        spent = agent.spent
        rung = escape(say(f"rung_{agent.rung}", language))
        cells = [
            f'{escape(agent.model or "–")} <span class="rung">{rung}</span>', f"{spent.calls:,}", f"{spent.checks:,}",
            f"{spent.prompt_tokens:,}", f"{spent.completion_tokens:,}", seconds(spent.model_seconds),
            *([_money(spent.cost)] if is_priced else []),
        ]  # fmt: skip
        cells_html = "".join(f"<td>{cell}</td>" for cell in cells)
        rows.append(f'<tr><th scope="row">{escape(agent_name(agent.agent, language))}</th>{cells_html}</tr>')
    title = escape(say("by_agent", language))
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    return f'<section><h3>{title}</h3><div class="wide">{table}</div></section>'


def answers_html(traces: Sequence[Trace], zone: tzinfo | None, language: Language) -> str:
    """Return the slowest and the latest answers, each with a link to its trace; `traces` are the newest first."""
    slowest = sorted(traces, key=lambda trace: -trace.seconds)[:_SHOWN]
    parts: list[str] = []
    for key, few in (("slowest", slowest), ("latest", traces[:_SHOWN])):
        rows = "".join(_answer(trace, zone, language) for trace in few)
        parts.append(f"<section><h3>{escape(say(key, language))}</h3><ul>{rows}</ul></section>")
    return "".join(parts)


def feedback_html(feedback: Sequence[Feedback], traces: Sequence[Trace], language: Language) -> str:
    """Return the thumbs on these answers: how many of each kind, with their reasons, and the answers found wanting."""
    by_id = {trace.id: trace for trace in traces}
    given = [thumb for thumb in feedback if thumb.answer in by_id]
    if not given:
        body = f'<p class="none">{escape(say("no_feedback", language))}</p>'
    else:
        counts = Counter((thumb.thumb, thumb.reason) for thumb in given)
        pills = "".join(
            f'<span class="pill {thumb}">{escape(_reason(thumb, reason, language))} <b>{n}</b></span>'
            for (thumb, reason), n in counts.most_common()
        )
        bad = [thumb for thumb in given if thumb.thumb == "down"][-_SHOWN:]
        rows = "".join(
            f'<li><a href="?place=observe&amp;answer={thumb.answer}">{_question(by_id[thumb.answer], language)}</a>'
            f"<span>{escape(_reason(thumb.thumb, thumb.reason, language))}</span></li>"
            for thumb in reversed(bad)
        )
        body = f'<p class="pills">{pills}</p><ul>{rows}</ul>'
    return f"<section><h3>{escape(say('feedback', language))}</h3>{body}</section>"


def keeping_html(count: int, language: Language, *, keeps_texts: bool) -> str:
    """Return the switch for texts, and the button that deletes all traces."""
    checked = " checked" if keeps_texts else ""
    words = {key: escape(say(key, language)) for key in ("texts", "texts_hint", "delete", "yes", "no")}
    disabled = "" if count else " disabled"
    return (
        f'<section class="keeping"><label><input type="checkbox" data-do="texts"{checked}> {words["texts"]}</label>'
        f'<p class="hint">{words["texts_hint"]}</p>'
        f'<button type="button" data-ask-first{disabled}>{words["delete"]}</button>'
        f'<div class="sure" hidden><span>{escape(say("sure", language, n=count))}</span>'
        f'<button type="button" class="bad" data-do="delete">{words["yes"]}</button>'
        f'<button type="button" data-keep>{words["no"]}</button></div></section>'
    )


def trace_html(trace: Trace, price: Price, zone: tzinfo | None, language: Language) -> str:
    """Return one trace as a waterfall: a table whose bars show when each part ran."""
    rows = "".join(_span(span, depth, trace.seconds, language) for span, depth in _in_order(trace.spans))
    heads = "".join(
        f'<th scope="col">{escape(say(name, language))}</th>' for name in ("step", "began", "took", "tokens")
    )
    facts = [
        f"{trace.at.astimezone(zone):%Y-%m-%d %H:%M}", say(f"rung_{trace.rung}", language),
        say(trace.outcome, language), seconds(trace.seconds),
    ]  # fmt: skip
    cost = sum(price.of(call) for call in trace.calls)
    facts += [f"{say('cost', language)} {_money(cost)}"] if cost else []
    said = escape(" · ".join(facts))
    link = (
        f'<p><a href="?session={escape(trace.session)}">{escape(say("conversation", language))}</a></p>'
        if len(trace.session) == _SESSION
        else ""
    )
    return (
        f'<p><a class="back" href="?place=observe">← {escape(say("back", language))}</a></p>'
        f'<h3>{_question(trace, language, longest=400)}</h3><p class="hint">{said}</p>'
        f'<div class="wide"><table class="waterfall"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
        f"{link}"
    )


def agent_name(agent: str, language: Language) -> str:
    """Return what a team member is called on the page."""
    return messages.say(agent, language) if messages.known(agent) else agent.replace("_", " ").capitalize()


def seconds(value: float | None) -> str:
    """Return seconds as people read them."""
    if value is None:
        return "–"
    if value < 1:
        return f"{1000 * value:.0f} ms"
    return f"{value:.1f} s" if value < 120 else f"{value / 60:.1f} min"


def _in_order(spans: Sequence[Span]) -> list[tuple[Span, int]]:
    """Return spans with their depth, each below its parent, in the order in which they began."""
    below: dict[int | None, list[int]] = {}
    for n, span in enumerate(spans):
        below.setdefault(span.parent, []).append(n)

    def walk(n: int, depth: int) -> list[tuple[Span, int]]:
        children = sorted(below.get(n, []), key=lambda child: spans[child].began_s)
        return [(spans[n], depth), *(row for child in children for row in walk(child, depth + 1))]

    return [row for n in below.get(None, []) for row in walk(n, 0)]


def _span(span: Span, depth: int, whole: float, language: Language) -> str:
    name = escape(_name(span, language))
    failed = f' <span class="failed">{escape(say("failed", language))}</span>' if span.is_failed else ""
    detail = f'<span class="detail">{escape(span.detail or span.model)}</span>' if span.detail or span.model else ""
    tokens = f"{span.prompt_tokens:,} → {span.completion_tokens:,}" if span.kind in {"write", "check"} else ""
    start = 100 * min(1.0, span.began_s / whole) if whole else 0.0
    width = max(0.4, min(100 - start, 100 * span.seconds / whole)) if whole else 100.0
    first = ""
    if span.first_token_s is not None and span.seconds:
        first = f'<i style="width:{100 * min(1.0, span.first_token_s / span.seconds):.1f}%"></i>'
    bar = f'<span class="bar bar-{span.kind}" style="margin-left:{start:.2f}%;width:{width:.2f}%">{first}</span>'
    return (
        f'<tr><th scope="row" style="--depth:{depth}">{name}{failed}{detail}</th><td>{seconds(span.began_s)}</td>'
        f'<td>{seconds(span.seconds)}</td><td>{tokens}</td><td class="time" aria-hidden="true">{bar}</td></tr>'
    )


def _name(span: Span, language: Language) -> str:
    who = agent_name(span.agent, language) if span.agent else ""
    if span.kind == "journey":
        return say("journey", language)
    if span.kind == "step":
        key = f"step_{span.name}"
        return f"{who} · {messages.say(key, language) if messages.known(key) else span.name}"
    return f"{who} {say(span.kind, language)}"


def _answer(trace: Trace, zone: tzinfo | None, language: Language) -> str:
    at = f"{trace.at.astimezone(zone):%m-%d %H:%M}"
    outcome = "" if trace.outcome == "done" else f" · {say(trace.outcome, language)}"
    return (
        f'<li><a href="?place=observe&amp;answer={escape(trace.id)}">{_question(trace, language)}</a>'
        f"<span>{seconds(trace.seconds)} · {at}{escape(outcome)}</span></li>"
    )


def _question(trace: Trace, language: Language, longest: int = _LONGEST) -> str:
    text = " ".join(trace.question.split())
    return escape(text[:longest] + ("…" if len(text) > longest else "")) or escape(say("untold", language))


def _reason(thumb: str, reason: str, language: Language) -> str:
    said = messages.say(reason, language) if reason and messages.known(reason) else reason
    return f"{say(thumb, language)}: {said}" if said else say(thumb, language)


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 or amount == 0 else f"{amount:.4f}"


def _hint(text: str) -> str:
    parts = escape(text).split("`")
    return '<p class="hint">' + "".join(f"<code>{p}</code>" if n % 2 else p for n, p in enumerate(parts)) + "</p>"
