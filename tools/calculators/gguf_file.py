"""A model's shape and the exact size of its weights out of the header of a GGUF file.

The reader trusts nothing: every length is checked against what is left of the file before it is used, so a hostile
header costs neither memory nor time. Source: docs/gguf.md of the ggml project.
"""

import math
import mmap
import struct
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from knowledge.errors import UserMistake
from tools.calculators.ggml_type import TYPE_OF_CODE
from tools.calculators.gguf_shape import Metadata, StoredTensor, Value, shape_from_gguf
from tools.calculators.shape import ModelShape

_MAGIC: Final = b"GGUF"
_VERSIONS: Final = (2, 3)
_MOST_ENTRIES: Final = 65_536
_MOST_TENSORS: Final = 1_000_000
_LONGEST_NAME: Final = 65_535
_LONGEST_TEXT: Final = 2**20  # a chat template has some ten thousand characters
_KEPT_ITEMS: Final = 4_096  # arrays of numbers up to one per layer are kept, vocabularies only counted
_MOST_ELEMENTS: Final = 2**50
_SCALARS: Final = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT: Final = 8
_ARRAY: Final = 9
_REMEDY: Final = "Give a complete GGUF file of version 2 or 3."


@dataclass(frozen=True, slots=True)
class GgufFile:
    """What the header tells; `bytes` and `parameters` are sums over the tensors as they are stored."""

    shape: ModelShape
    bytes: int
    parameters: int
    bits_per_weight: float
    bytes_by_type: tuple[tuple[str, int], ...]
    version: int


def read_gguf(path: Path) -> GgufFile:
    """Read the header of a GGUF file; raises UserMistake if it is none, is damaged, or its model is not known."""
    try:
        if not path.is_file() or not path.stat().st_size:
            raise UserMistake(f"{str(path)!r} is no file, or empty.", _REMEDY)
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return _read(_Cursor(content, str(path)), path.stem)
    except (OSError, ValueError) as error:
        raise UserMistake(f"{str(path)!r} cannot be read: {error}.", "Give the path of a GGUF file.") from error


def _read(cursor: "_Cursor", name: str) -> GgufFile:
    if cursor.take(4) != _MAGIC:
        raise cursor.broken("does not begin with GGUF")
    version = cursor.number("I")
    if version not in _VERSIONS:
        raise cursor.broken(f"has version {version}, or the other byte order")
    tensor_count = cursor.count("tensors", cursor.number("Q"), _MOST_TENSORS, 24)
    entry_count = cursor.count("metadata entries", cursor.number("Q"), _MOST_ENTRIES, 13)
    metadata: Metadata = {}
    for _ in range(entry_count):
        key = cursor.text(_LONGEST_NAME)
        if key in metadata:
            raise cursor.broken(f"states {key!r} twice")
        metadata[key] = cursor.value(cursor.number("I"))
    tensors = [cursor.tensor() for _ in range(tensor_count)]
    sizes: Counter[str] = Counter()
    for tensor in tensors:
        sizes[tensor.type] += tensor.bytes
    total, parameters = sizes.total(), sum(tensor.elements for tensor in tensors)
    if not parameters:
        raise cursor.broken("holds no weights")
    shape = shape_from_gguf(metadata, tensors, name, cursor.path)
    return GgufFile(shape, total, parameters, 8 * total / parameters, tuple(sizes.most_common()), version)


class _Cursor:
    """A place in a header, which never reads beyond the file's end."""

    def __init__(self, content: mmap.mmap, path: str) -> None:
        self._content = content
        self._size = len(content)
        self._at = 0
        self.path = path

    def broken(self, reason: str) -> UserMistake:
        return UserMistake(f"{self.path!r} is no sound GGUF file: it {reason}.", _REMEDY)

    def take(self, length: int) -> bytes:
        start = self._skip(length)
        return self._content[start : start + length]

    def number(self, code: str) -> int:
        value: int = struct.unpack_from(f"<{code}", self._content, self._skip(struct.calcsize(f"<{code}")))[0]
        return value

    def count(self, what: str, stated: int, most: int, least_bytes: int) -> int:
        if stated > most or stated * least_bytes > self._size - self._at:
            raise self.broken(f"claims {stated:,} {what}, more than it can hold")
        return stated

    def text(self, longest: int) -> str:
        length = self.number("Q")
        if length > longest:
            raise self.broken(f"claims a text of {length:,} bytes")
        try:
            return self.take(length).decode("utf-8")
        except UnicodeDecodeError as error:
            raise self.broken("holds text that is not UTF-8") from error

    def value(self, kind: int) -> Value:
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _TEXT:
            return self.text(_LONGEST_TEXT)
        if kind == _ARRAY:
            return self._array()
        raise self.broken(f"uses the unknown value type {kind}")

    def tensor(self) -> StoredTensor:
        name = self.text(_LONGEST_NAME)
        dimensions = self.number("I")
        if not 1 <= dimensions <= 4:
            raise self.broken(f"gives the tensor {name!r} {dimensions} dimensions")
        sizes = struct.unpack_from(f"<{dimensions}Q", self._content, self._skip(8 * dimensions))
        elements = math.prod(sizes)
        if not 0 < elements <= _MOST_ELEMENTS:
            raise self.broken(f"gives the tensor {name!r} {elements:,} elements")
        code = self.number("I")
        kind = TYPE_OF_CODE.get(code)
        if kind is None:
            raise self.broken(f"stores the tensor {name!r} in the unknown type {code}")
        if sizes[0] % kind.block:
            raise self.broken(f"gives the tensor {name!r} rows of {sizes[0]:,}, no multiple of {kind.block}")
        self._skip(8)  # where its data begins
        return StoredTensor(name, sizes, kind.name, elements // kind.block * kind.block_bytes)

    def _array(self) -> Value:
        kind, length = self.number("I"), self.number("Q")
        if kind == _TEXT:
            self.count("texts", length, self._size, 8)
            for _ in range(length):
                self._skip(self.number("Q"))
            return (length,)
        if kind not in _SCALARS:
            raise self.broken(f"nests an array of the value type {kind}")
        width = struct.calcsize(f"<{_SCALARS[kind]}")
        start = self._skip(self.count("numbers", length, self._size, width) * width)
        if length > _KEPT_ITEMS:
            return (length,)
        return tuple(struct.unpack_from(f"<{length}{_SCALARS[kind]}", self._content, start))

    def _skip(self, length: int) -> int:
        start = self._at
        if length > self._size - start:
            raise self.broken("ends inside its header")
        self._at = start + length
        return start
