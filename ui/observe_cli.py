"""What answers took, on the command line: `atlas observe`, and `atlas traces` to export or delete their traces."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from ui import output
from ui.options import with_settings

if TYPE_CHECKING:  # loads what not every command needs
    from agents.trace_figures import Spent
    from ui.settings import Settings

PriceIn = Annotated[
    float | None, typer.Option(help="What a million tokens read by the endpoint cost.  [ATLAS_PRICE_IN]")
]
PriceOut = Annotated[
    float | None, typer.Option(help="What a million tokens written by the endpoint cost.  [ATLAS_PRICE_OUT]")
]
traces_app = typer.Typer(help="Export or delete the traces of answers.", no_args_is_help=True)


@with_settings
def observe(
    settings: "Settings",
    as_json: bool,
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days to look back.")] = 7,
    everyone: Annotated[bool, typer.Option("--everyone", help="The answers of all learners.")] = False,
    price_in: PriceIn = None,
    price_out: PriceOut = None,
) -> None:
    """Say what answers took: calls, tokens, seconds, cost; by agent and by day."""
    from dataclasses import asdict  # noqa: PLC0415 - only what a command needs is loaded
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415

    from agents.trace_figures import by_agent, by_day, spent  # noqa: PLC0415
    from ui.assembly import open_traces  # noqa: PLC0415
    from ui.settings import priced  # noqa: PLC0415

    price, now = priced(settings, price_in, price_out).price, datetime.now(UTC).astimezone()
    store = open_traces(settings)
    traces = store.traces("" if everyone else settings.learner, since=now - timedelta(days=days))
    store.close()
    whole, agents, by = spent(traces, price), by_agent(traces, price), by_day(traces, price, now.tzinfo)
    if as_json:
        output.print_json(
            {
                "days": days,
                "spent": asdict(whole),
                "by_agent": [asdict(agent) for agent in agents],
                "by_day": {day.isoformat(): asdict(one) for day, one in by.items()},
            }
        )
        return
    rows = [("", "answers", "calls", "checks", "read", "written", "seconds", "cost")]
    rows += [(day.isoformat(), *_figures(one)) for day, one in by.items()]
    rows += [(f"{agent.agent} ({agent.model})", *_figures(agent.spent)) for agent in agents]
    rows.append((f"{days} days", *_figures(whole)))
    _print(rows)


@traces_app.command("export")
@with_settings
def export(
    settings: "Settings",
    as_json: bool,
    otlp: Annotated[str, typer.Option("--otlp", help="A file to write, or the URL of a collector (OTLP over HTTP).")],
    days: Annotated[int, typer.Option(min=1, max=3650, help="How many days to look back.")] = 30,
    everyone: Annotated[bool, typer.Option("--everyone", help="The answers of all learners.")] = False,
    texts: Annotated[bool, typer.Option("--texts/--no-texts", help="Whether questions and answers go along.")] = True,
) -> None:
    """Export traces as OpenTelemetry spans with OpenInference names; nothing is exported but by this command."""
    from datetime import UTC, datetime, timedelta  # noqa: PLC0415 - only what a command needs is loaded

    from agents.trace_export import export as export_traces  # noqa: PLC0415
    from agents.trace_store import without_texts  # noqa: PLC0415
    from ui.assembly import open_traces  # noqa: PLC0415

    store = open_traces(settings)
    since = datetime.now(UTC) - timedelta(days=days)
    traces = store.traces("" if everyone else settings.learner, since=since)
    store.close()
    spans = export_traces([trace if texts else without_texts(trace) for trace in traces], otlp)
    if as_json:
        output.print_json({"traces": len(traces), "spans": spans, "to": otlp})
    else:
        sys.stdout.write(f"{len(traces)} traces, {spans} spans exported to {otlp}\n")


@traces_app.command("delete")
@with_settings
def delete(
    settings: "Settings",
    as_json: bool,
    everyone: Annotated[bool, typer.Option("--everyone", help="The traces of all learners.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Delete traces for good."""
    from ui.assembly import open_traces  # noqa: PLC0415 - only what a command needs is loaded

    if not yes and not as_json:
        typer.confirm("Delete all traces for good?", abort=True)
    store = open_traces(settings)
    deleted = store.delete("" if everyone else settings.learner)
    store.close()
    if as_json:
        output.print_json({"deleted": deleted})
    else:
        sys.stdout.write(f"{deleted} traces deleted\n")


COMMANDS: Final = {"observe": observe}


def _figures(spent: "Spent") -> tuple[str, ...]:
    whole: list[Any] = [
        spent.answers, spent.calls, spent.checks, spent.prompt_tokens, spent.completion_tokens,
    ]  # fmt: skip
    return (*(f"{value:,}" for value in whole), f"{spent.model_seconds:.1f}", f"{spent.cost:.4f}")


def _print(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        sys.stdout.write("  ".join(cells).rstrip() + "\n")
