"""What is installed, reachable or missing, and how to mend it."""

import platform
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from agents.ladder import Ladder
from agents.weights import locate, verify
from knowledge.embedding import MultilingualE5
from knowledge.errors import AtlasError
from ui.assembly import open_index
from ui.settings import Settings

_PACKAGES = ("agno", "chromadb", "crewai", "gradio", "llama-index-core", "openai", "xllamacpp")


def examine(settings: Settings) -> list[dict[str, Any]]:
    """Return findings, each with what was looked at, whether it is well, its state and the remedy."""
    return [
        _finding("python", True, f"{platform.python_version()} on {sys.platform} {platform.machine()}"),
        *[_package(name) for name in _PACKAGES],
        _finding("home", True, f"{settings.home} ({shutil.disk_usage(settings.home).free / 1e9:.0f} GB free)"),
        _store(settings),
        _notes(settings),
        _encoders(),
        _embedded_model(settings),
        *_endpoint(settings),
    ]


def _package(name: str) -> dict[str, Any]:
    try:
        return _finding(name, True, version(name))
    except PackageNotFoundError:
        return _finding(name, False, "not installed", "Run `make run` again.")


def _store(settings: Settings) -> dict[str, Any]:
    try:
        with open_index(settings) as index:
            return _finding("store", True, index.store.probe())
    except AtlasError as error:
        return _finding("store", False, error.message, error.remedy)


def _notes(settings: Settings) -> dict[str, Any]:
    try:
        with open_index(settings) as index:
            changes = index.update(wait_s=5)
            total, embedded = index.catalog.counts()
            state = f"{len(index.library.notes)} notes, {total} passages, {embedded} with vectors"
    except AtlasError as error:
        return _finding("notes", False, error.message, error.remedy)
    errors = [problem for problem in changes.failed if problem.severity == "error"]
    remedy = f"{len(errors)} problems, the first: {errors[0]}" if errors else ""
    return _finding("notes", not errors, state, remedy)


def _encoders() -> dict[str, Any]:
    if MultilingualE5.available():
        return _finding("embeddings", True, "both encoders")
    return _finding(
        "embeddings", True, "one encoder", "This machine has no build of the second; search is a little worse."
    )


def _embedded_model(settings: Settings) -> dict[str, Any]:
    if settings.weights is None:
        return _finding("embedded model", True, "not wanted")
    path = locate(settings.weights, settings.cache_dir)
    if path is None:
        remedy = f"Run `atlas model pull {settings.weights.id}`; until then the notes answer alone."
        return _finding("embedded model", False, f"{settings.weights.id} is not here", remedy)
    try:
        verify(settings.weights, path)
    except AtlasError as error:
        return _finding("embedded model", False, error.message, error.remedy)
    return _finding("embedded model", True, f"{settings.weights.id} at {path}")


def _endpoint(settings: Settings) -> list[dict[str, Any]]:
    if settings.endpoint is None:
        return []
    ladder = Ladder(settings.endpoint, None, settings.cache_dir)
    try:
        found = next(ladder.rungs(), None)
        capabilities = ladder.capabilities(found) if found else None
        problem = ladder.state.endpoint_problem
    finally:
        ladder.close()
    if found is None or capabilities is None or not capabilities.reachable:
        return [_finding("endpoint", False, f"{settings.endpoint.base_url} does not answer", problem)]
    able = [name for name in ("tools", "json_schema", "logprobs", "tokenize") if getattr(capabilities, name)]
    return [_finding("endpoint", True, f"{found.model} at {found.base_url}: {', '.join(able) or 'plain chat only'}")]


def _finding(what: str, ok: bool, state: str, remedy: str = "") -> dict[str, Any]:
    return {"what": what, "ok": ok, "state": state, "remedy": remedy}
