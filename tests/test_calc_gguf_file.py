import struct
import tracemalloc
from pathlib import Path

import pytest
from gguf_header import entry, header, small_llama, tensor, text, write
from hypothesis import given
from hypothesis import strategies as st

from knowledge.errors import UserMistake
from tools.calculators.gguf_file import read_gguf
from tools.calculators.parameter import count
from tools.calculators.weight_format import weights

START = struct.pack("<4sI", b"GGUF", 3)


def test_a_header_gives_shape_and_size(tmp_path: Path) -> None:
    metadata, tensors = small_llama()
    file = read_gguf(write(tmp_path / "small.gguf", header(metadata, tensors)))
    shape = file.shape
    assert (shape.name, shape.layers, shape.hidden, shape.heads, shape.kv_heads, shape.head_dim) == (
        "Small",
        2,
        256,
        8,
        2,
        32,
    )
    assert (shape.vocabulary, shape.tied_embeddings, shape.max_context) == (1000, True, 4096)
    assert file.parameters == count(shape).total
    assert file.bytes == 4 * file.parameters


def test_a_quantized_file_weighs_what_our_mix_says(tmp_path: Path) -> None:
    metadata, tensors = small_llama()
    metadata["general.file_type"] = 7
    file = read_gguf(write(tmp_path / "small.gguf", header(metadata, tensors, code=8)))
    assert file.shape.weight_format == "Q8_0"
    assert file.bytes == weights(file.shape).bytes
    assert dict(file.bytes_by_type).keys() == {"Q8_0", "F32"}


def test_what_the_metadata_leaves_open_is_read_off_the_tensors(tmp_path: Path) -> None:
    metadata, tensors = small_llama()
    tensors["output.weight"] = (256, 1000)
    for layer in range(2):
        tensors |= {
            f"blk.{layer}.attn_q.bias": (256,),
            f"blk.{layer}.attn_k.bias": (64,),
            f"blk.{layer}.attn_v.bias": (64,),
        }
        tensors |= {f"blk.{layer}.attn_q_norm.weight": (32,), f"blk.{layer}.attn_k_norm.weight": (32,)}
    file = read_gguf(write(tmp_path / "small.gguf", header(metadata, tensors)))
    assert not file.shape.tied_embeddings
    assert file.shape.qkv_bias
    assert file.shape.qk_norm == "head"
    assert file.parameters == count(file.shape).total


def test_experts_and_windows_are_read(tmp_path: Path) -> None:
    metadata, tensors = small_llama()
    metadata |= {"general.architecture": "gpt-oss"}
    metadata = {key.replace("llama.", "gpt-oss."): value for key, value in metadata.items()}
    metadata |= {"gpt-oss.expert_count": 4, "gpt-oss.expert_used_count": 2, "gpt-oss.attention.sliding_window": 128}
    for layer in range(2):
        for part in ("gate", "up", "down"):
            columns, rows = tensors.pop(f"blk.{layer}.ffn_{part}.weight")
            tensors[f"blk.{layer}.ffn_{part}_exps.weight"] = (columns, rows, 4)
        tensors[f"blk.{layer}.ffn_gate_inp.weight"] = (256, 4)
    file = read_gguf(write(tmp_path / "small.gguf", header(metadata, tensors)))
    assert file.shape.experts is not None
    assert (file.shape.experts.count, file.shape.experts.per_token, file.shape.experts.layers) == (4, 2, (0, 1))
    assert file.shape.windows == (128, 0)
    assert file.parameters == count(file.shape).total


HOSTILE = {
    "empty": (b"", "no file, or empty"),
    "no magic": (b"GGML" + bytes(40), "does not begin with GGUF"),
    "version 1": (struct.pack("<4sIQQ", b"GGUF", 1, 0, 0), "has version 1"),
    "other byte order": (struct.pack(">4sIQQ", b"GGUF", 3, 0, 0), "the other byte order"),
    "cut": (START, "ends inside its header"),
    "endless tensors": (START + struct.pack("<QQ", 2**63, 0), r"claims 9,223,372,036,854,775,808 tensors"),
    "more tensors than bytes": (START + struct.pack("<QQ", 900_000, 0) + bytes(100), "claims 900,000 tensors"),
    "endless metadata": (START + struct.pack("<QQ", 0, 2**32), "claims 4,294,967,296 metadata entries"),
    "endless key": (START + struct.pack("<QQQ", 0, 1, 2**62) + bytes(64), "claims a text of"),
    "endless text": (
        START + struct.pack("<QQ", 0, 1) + text("a") + struct.pack("<IQ", 8, 2**40) + bytes(9),
        "claims a text",
    ),
    "endless array": (
        START + struct.pack("<QQ", 0, 1) + text("a") + struct.pack("<IIQ", 9, 10, 2**60) + bytes(9),
        "numbers",
    ),
    "endless texts": (
        START + struct.pack("<QQ", 0, 1) + text("a") + struct.pack("<IIQ", 9, 8, 2**60) + bytes(9),
        "texts",
    ),
    "nested array": (
        START + struct.pack("<QQ", 0, 1) + text("a") + struct.pack("<IIQ", 9, 9, 1) + bytes(9),
        "nests an array",
    ),
    "unknown value": (START + struct.pack("<QQ", 0, 1) + text("a") + struct.pack("<I", 99) + bytes(9), "value type 99"),
    "no UTF-8": (START + struct.pack("<QQQ", 0, 1, 2) + b"\xff\xfe" + bytes(20), "not UTF-8"),
    "twice": (START + struct.pack("<QQ", 0, 2) + entry("a", 1) * 2, "states 'a' twice"),
    "no weights": (START + struct.pack("<QQ", 0, 1) + entry("general.architecture", "llama"), "holds no weights"),
    "5 dimensions": (START + struct.pack("<QQ", 1, 0) + tensor("t", (1,) * 5), "5 dimensions"),
    "overflow": (START + struct.pack("<QQ", 1, 0) + tensor("t", (2**40, 2**40)), "elements"),
    "zero": (START + struct.pack("<QQ", 1, 0) + tensor("t", (0, 4)), "0 elements"),
    "unknown type": (START + struct.pack("<QQ", 1, 0) + tensor("t", (4, 4), 250), "unknown type 250"),
    "broken rows": (START + struct.pack("<QQ", 1, 0) + tensor("t", (100, 4), 12), "no multiple of 256"),
}


@pytest.mark.parametrize(("content", "message"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_header_is_refused_without_taking_memory(tmp_path: Path, content: bytes, message: str) -> None:
    path = write(tmp_path / "hostile.gguf", content)
    tracemalloc.start()
    with pytest.raises(UserMistake, match=message):
        read_gguf(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"general.architecture": "mamba"}, "architecture 'mamba'"),
        ({"llama.block_count": None}, "lacks llama.block_count"),
        ({"llama.block_count": 10**12}, "llama.block_count of Small 1000000000000"),
        ({"llama.attention.head_count": 0}, "attention.head_count of Small 0"),
        ({"llama.attention.head_count": "many"}, "'many' is not a whole number"),
        ({"llama.attention.head_count_kv": [2, 1]}, "varies attention.head_count_kv"),
        ({"llama.attention.head_count_kv": 3}, "cannot share 3 KV heads"),
    ],
)
def test_metadata_that_describe_no_model_are_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    metadata, tensors = small_llama()
    changed = {key: value for key, value in {**metadata, **change}.items() if value is not None}
    with pytest.raises(UserMistake, match=message):
        read_gguf(write(tmp_path / "small.gguf", header(changed, tensors)))  # pyright: ignore[reportArgumentType]


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserMistake, match="no file"):
        read_gguf(tmp_path / "none.gguf")
    with pytest.raises(UserMistake, match="no file"):
        read_gguf(tmp_path)


@given(st.data())
def test_any_damage_to_a_header_is_a_shape_or_a_mistake_of_the_user(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    sound = bytearray(header(*small_llama()))
    for _ in range(data.draw(st.integers(1, 4))):
        sound[data.draw(st.integers(4, len(sound) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(1, len(sound)))
    path = write(tmp_path_factory.getbasetemp() / "damaged.gguf", bytes(sound[:cut]))
    try:
        assert read_gguf(path).parameters > 0
    except UserMistake as refusal:
        assert refusal.remedy
