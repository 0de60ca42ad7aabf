"""Writes small GGUF files: a header with metadata and tensors, and no weights."""

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

Value = int | float | str | bool | list[int] | list[str]


def text(value: str) -> bytes:
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def entry(key: str, value: Value) -> bytes:
    return text(key) + _typed(value)


def _typed(value: Value) -> bytes:
    match value:
        case bool():
            return struct.pack("<I?", 7, value)
        case int():
            return struct.pack("<IQ", 10, value)
        case float():
            return struct.pack("<If", 6, value)
        case str():
            return struct.pack("<I", 8) + text(value)
        case [str(), *_]:
            return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(text(str(item)) for item in value)
        case _:
            return struct.pack("<IIQ", 9, 5, len(value)) + struct.pack(f"<{len(value)}i", *value)


def tensor(name: str, sizes: Sequence[int], code: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(sizes)}QIQ", len(sizes), *sizes, code, 0)


def header(metadata: Mapping[str, Value], tensors: Mapping[str, Sequence[int]], code: int = 0) -> bytes:
    parts = [struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata))]
    parts += [entry(key, value) for key, value in metadata.items()]
    parts += [tensor(name, sizes, code if len(sizes) > 1 else 0) for name, sizes in tensors.items()]
    return b"".join(parts)


def small_llama() -> tuple[dict[str, Value], dict[str, Sequence[int]]]:
    """Metadata and tensors of a Llama of two layers; the last part of the file is left to the caller."""
    metadata: dict[str, Value] = {
        "general.architecture": "llama",
        "general.name": "Small",
        "llama.block_count": 2,
        "llama.embedding_length": 256,
        "llama.feed_forward_length": 512,
        "llama.attention.head_count": 8,
        "llama.attention.head_count_kv": 2,
        "llama.context_length": 4096,
        "llama.rope.freq_base": 10_000.0,
        "tokenizer.ggml.tokens": ["a", "b", "c"],
    }
    tensors: dict[str, Sequence[int]] = {"token_embd.weight": (256, 1000), "output_norm.weight": (256,)}
    for layer in range(2):
        shapes = {
            "attn_norm": (256,), "ffn_norm": (256,), "attn_q": (256, 256), "attn_k": (256, 64), "attn_v": (256, 64),
            "attn_output": (256, 256), "ffn_gate": (256, 512), "ffn_up": (256, 512), "ffn_down": (512, 256),
        }  # fmt: skip
        tensors |= {f"blk.{layer}.{name}.weight": sizes for name, sizes in shapes.items()}
    return metadata, tensors


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
