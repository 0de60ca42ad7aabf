"""Traces as OpenTelemetry spans, with the names of OpenInference: to a file, or to a collector that a person names.

All use of opentelemetry is in this module; its parts load late. A file has one request of OTLP as JSON on each line.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

from agents.trace import Span, Trace
from knowledge.errors import SetupMissing, UserMistake

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

_NAME: Final = "llm-atlas"
_BATCH: Final = 200  # spans of one request
_TIMEOUT_S: Final = 20.0
_NANO: Final = 1_000_000_000
_KINDS: Final[Mapping[str, str]] = {"journey": "CHAIN", "step": "AGENT", "write": "LLM", "check": "LLM"}
_STEP_KINDS: Final[Mapping[str, str]] = {"search": "RETRIEVER", "calculate": "TOOL", "check": "EVALUATOR"}
_IDS: Final = ("traceId", "spanId", "parentSpanId")


def export(traces: Sequence[Trace], to: str) -> int:
    """Export traces to an http(s) address, or else to a file; return how many spans that were.

    Raises UserMistake for an address that is none or a file that cannot be written, SetupMissing where the collector
    does not take them or the libraries are missing.
    """
    spans = [span for trace in traces for span in readable(trace)]
    if "://" in to:
        _send(spans, to)
    else:
        _write(spans, Path(to).expanduser())
    return len(spans)


def readable(trace: Trace) -> "list[ReadableSpan]":
    """Return a trace's spans as OpenTelemetry has them; the same trace always gets the same ids."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - loads late
    from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415
    from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags  # noqa: PLC0415

    resource = Resource({"service.name": _NAME, "openinference.project.name": _NAME})
    sampled = TraceFlags(TraceFlags.SAMPLED)
    trace_id = _number(trace.id, 16)
    contexts = [
        SpanContext(trace_id, _number(f"{trace.id} {n}", 8), is_remote=False, trace_flags=sampled)
        for n in range(len(trace.spans))
    ]
    start = int(trace.at.timestamp() * 1e6) * 1000
    return [
        ReadableSpan(
            name=span.name,
            context=contexts[n],
            parent=None if span.parent is None else contexts[span.parent],
            resource=resource,
            attributes={key: value for key, value in _attributes(trace, span).items() if value not in {None, ""}},
            status=Status(StatusCode.ERROR if span.is_failed else StatusCode.OK),
            start_time=start + int(span.began_s * _NANO),
            end_time=start + int((span.began_s + span.seconds) * _NANO),
        )
        for n, span in enumerate(trace.spans)
    ]


def _attributes(trace: Trace, span: Span) -> dict[str, Any]:
    from openinference.semconv.trace import OpenInferenceSpanKindValues, SpanAttributes  # noqa: PLC0415 - loads late

    kind = _STEP_KINDS.get(span.name, _KINDS["step"]) if span.kind == "step" else _KINDS[span.kind]
    found: dict[str, Any] = {
        SpanAttributes.OPENINFERENCE_SPAN_KIND: OpenInferenceSpanKindValues(kind).value,
        SpanAttributes.SESSION_ID: trace.session,
        SpanAttributes.USER_ID: trace.learner,
        SpanAttributes.AGENT_NAME: span.agent,
    }
    if span.kind == "journey":
        told = {"rung": trace.rung, "journey": trace.journey, "outcome": trace.outcome, "language": trace.language}
        found |= {
            SpanAttributes.INPUT_VALUE: trace.question,
            SpanAttributes.OUTPUT_VALUE: trace.text,
            SpanAttributes.METADATA: json.dumps(told | {"abstained": trace.abstained, "answer": trace.id}),
        }
    elif span.kind == "step":
        found[SpanAttributes.OUTPUT_VALUE] = span.detail
    else:
        found |= {
            SpanAttributes.LLM_MODEL_NAME: span.model,
            SpanAttributes.LLM_TOKEN_COUNT_PROMPT: span.prompt_tokens,
            SpanAttributes.LLM_TOKEN_COUNT_COMPLETION: span.completion_tokens,
            SpanAttributes.LLM_TOKEN_COUNT_TOTAL: span.prompt_tokens + span.completion_tokens,
            "llm.first_token_s": span.first_token_s,
        }
    return found


def _send(spans: "Sequence[ReadableSpan]", url: str) -> None:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - loads late
    from opentelemetry.sdk.trace.export import SpanExportResult  # noqa: PLC0415

    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UserMistake(f"{url!r} is no address of a collector.", "Give it like http://localhost:4318/v1/traces.")
    address = url if parts.path.strip("/") else f"{url.rstrip('/')}/v1/traces"
    exporter = OTLPSpanExporter(endpoint=address, timeout=_TIMEOUT_S)
    try:
        for batch in _batches(spans):
            if exporter.export(batch) is not SpanExportResult.SUCCESS:
                raise SetupMissing(f"the collector at {url!r} did not take the traces.", "See whether it is running.")
    finally:
        exporter.shutdown()


def _write(spans: "Sequence[ReadableSpan]", path: Path) -> None:
    from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - loads late
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans  # noqa: PLC0415

    to_dict: Any = MessageToDict
    lines = [
        json.dumps(_hexadecimal(to_dict(encode_spans(batch), use_integers_for_enums=True)), ensure_ascii=False)
        for batch in _batches(spans)
    ]
    try:
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except OSError as error:
        remedy = "Name a file that can be written."
        raise UserMistake(f"{str(path)!r} cannot be written: {error.strerror}.", remedy) from error


def _hexadecimal(part: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return a request with its ids as OTLP's JSON has them; protobuf's own JSON has base64."""
    if isinstance(part, list):
        return [_hexadecimal(item) for item in cast("list[Any]", part)]
    if isinstance(part, dict):
        fields = cast("dict[str, Any]", part)
        return {
            key: base64.b64decode(value).hex() if key in _IDS else _hexadecimal(value) for key, value in fields.items()
        }
    return part


def _batches(spans: "Sequence[ReadableSpan]") -> "Iterable[Sequence[ReadableSpan]]":
    return (spans[start : start + _BATCH] for start in range(0, len(spans), _BATCH))


def _number(text: str, octets: int) -> int:
    """Return an id that is not zero, made from a text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:octets], "big") or 1
