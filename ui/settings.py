"""Settings: read once at the start, from options before environment before defaults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import Final

from platformdirs import user_data_path

from agents.endpoint import Endpoint, configured
from agents.trace import FREE, Price
from agents.weights import DEFAULT, Weights, default_cache_dir, find
from knowledge import linked
from knowledge.errors import SetupMissing, UserMistake
from knowledge.index import BUILT_IN
from knowledge.reader import Folder
from knowledge.store import EMBEDDED, StoreAddress, address
from learner.attempt import ME

ADDED_NOTES: Final = "notes"  # the folder below home that holds what a reader adds through the app

_HIGHEST_PRICE: Final = 1e6


@dataclass(frozen=True, slots=True)
class Settings:
    """Where state and vectors lie, which notes are read, and which models may answer.

    `folders` ends with the one that what a reader adds is written to; `linked` are those that `folders.json` in the
    home names, as they were at the start: an index looks again whenever it is brought up to date.
    `endpoint` and `weights` are None where such a model is not wanted. Learners' records lie at the URL `database`, or
    below `home` where that is empty.
    """

    home: Path
    folders: tuple[Folder, ...]
    endpoint: Endpoint | None
    weights: Weights | None
    cache_dir: Path
    embedding_url: str = ""
    embedding_model: str = ""
    embedding_key: str = field(default="", repr=False)
    store: StoreAddress = EMBEDDED
    learner: str = ME
    database: str = field(default="", repr=False)  # may hold a password
    linked: tuple[Folder, ...] = ()
    price: Price = FREE


def read(
    environment: Mapping[str, str],
    *,
    home: Path | None = None,
    notes: Sequence[Path] = (),
    only_notes: bool = False,
    store: str | None = None,
    learner: str | None = None,
    database: str | None = None,
    no_model: bool = False,
    base_url: str | None = None,
    model: str | None = None,
    api_key: str | None = None,
) -> Settings:
    """Return the settings.

    `model` is the id of an embedded model, or the name of a model at the endpoint.
    Raises UserMistake for values that cannot be, SetupMissing for a home that cannot be written.
    """
    if only_notes and not notes:
        raise UserMistake("--only-notes leaves no notes.", "Name a folder with --notes.")
    own = tuple(Folder(path.expanduser(), own=True) for path in notes)
    for folder in own:
        if not folder.path.is_dir():
            raise UserMistake(f"{str(folder.path)!r} is not a folder.", "Name a folder of Markdown files with --notes.")
    embedded = find(model) if model and not base_url and _is_embedded(model) else None
    endpoint = None
    if not no_model and embedded is None:
        endpoint = configured(base_url, model, api_key, environment=environment)
    cache = environment.get("ATLAS_MODELS", "")
    place = _writable(home or Path(environment.get("ATLAS_HOME") or user_data_path("llm-atlas")))
    added = Folder(place / ADDED_NOTES, own=True)
    return Settings(
        home=place,
        folders=(*own, added) if only_notes else (Folder(BUILT_IN, own=False), *own, added),
        endpoint=endpoint,
        weights=None if no_model else embedded or DEFAULT,
        cache_dir=Path(cache) if cache else default_cache_dir(),
        embedding_url=environment.get("ATLAS_EMBEDDING_URL", ""),
        embedding_model=environment.get("ATLAS_EMBEDDING_MODEL", ""),
        embedding_key=environment.get("ATLAS_EMBEDDING_KEY", ""),
        learner=learner or environment.get("ATLAS_LEARNER") or ME,
        database=database or environment.get("ATLAS_DATABASE", ""),
        linked=linked.linked(place),
        price=Price(
            _price("ATLAS_PRICE_IN", environment.get("ATLAS_PRICE_IN", "")),
            _price("ATLAS_PRICE_OUT", environment.get("ATLAS_PRICE_OUT", "")),
        ),
        store=address(store or environment.get("ATLAS_STORE", ""), environment.get("ATLAS_STORE_TOKEN", "")),
    )


def priced(settings: Settings, prompt: float | None, completion: float | None) -> Settings:
    """Return the settings with the prices that were given, per million tokens; raise UserMistake for one below zero."""
    given = Price(
        settings.price.prompt if prompt is None else _price("--price-in", str(prompt)),
        settings.price.completion if completion is None else _price("--price-out", str(completion)),
    )
    return replace(settings, price=given)


def _price(name: str, text: str) -> float:
    try:
        price = float(text or 0)
    except ValueError:
        price = -1.0
    if not 0 <= price < _HIGHEST_PRICE:  # and not NaN
        raise UserMistake(f"{name} is {text!r}, which is no price.", "Give what a million tokens cost, as 0.15.")
    return price


def _is_embedded(model: str) -> bool:
    try:
        find(model)
    except UserMistake:
        return False
    return True


def _writable(home: Path) -> Path:
    home = home.expanduser()
    remedy = "Name a writable folder with --home, or in ATLAS_HOME."
    try:
        (home / ADDED_NOTES).mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=home):
            pass
    except OSError as error:
        raise SetupMissing(f"the home folder {str(home)!r} cannot be written: {error.strerror}.", remedy) from error
    return home
