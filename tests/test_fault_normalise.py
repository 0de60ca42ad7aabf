"""What varies from run to run falls away; what is said stays."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tools.fault.normalise import MAX_CHARACTERS, folded, lines_of, without_values

ERROR = "ValueError: No available memory for the cache blocks."


@pytest.mark.parametrize(
    "prefix",
    [
        "[rank0]: ", "[default3]:", "(EngineCore_DP0 pid=17374) ", "(VllmWorker rank=1 pid=2210) ERROR 11-02 10:00:00 [core.py:718] ",
        "ERROR 06-30 13:53:19 [core.py:515] ", "2026-11-22 10:00:01,123 - ERROR - ", "[2026-11-22 10:00:01] ", "vllm-1  | ",
        "[1,0]<stderr>:", "Nov 22 10:00:01 node7 python[812]: ", "\x1b[31m", "[31m", "> ", "│ ", "[1744] [rank2]: ", "E    ",
        "  1%|▏         | 24/1752 [01:08<1:22:56,  2.88s/it]", "Map: 100%|██████████| 10/10 [00:00<00:00, 99.1 examples/s]",
        "[INFO|trainer.py:3391] 2024-05-04 12:30:02,112 >> ", "2025-10-30T21:15:15.861Z ",
    ],
)  # fmt: skip
def test_what_launchers_and_loggers_put_before_a_line_falls_away(prefix: str):
    (line,) = lines_of(prefix + ERROR)
    assert folded(ERROR) in folded(line.text)
    assert len(line.text) <= len(ERROR) + 12


def test_lines_keep_their_numbers_and_their_words():
    lines = lines_of("start\n\n100%|███| 5/5 [00:01<00:00]\n\x1b[31mRuntimeError: x\x1b[0m\r\nend")
    assert [(line.number, line.text) for line in lines] == [(1, "start"), (4, "RuntimeError: x"), (5, "end")]


def test_a_place_in_the_code_is_told_from_a_message():
    lines = lines_of('  File "/a/b.py", line 3, in f\n    at com.acme.Main(Main.java:3)\nKeyError: 1')
    assert [line.is_frame for line in lines] == [True, True, False]


def test_of_a_very_long_log_the_beginning_and_the_end_are_read():
    log = "first\n" + "x" * MAX_CHARACTERS + "\nlast"
    assert [lines_of(log)[0].text, lines_of(log)[-1].text] == ["first", "last"]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("at /opt/venv/lib/python3.11/torch/x.py", "at PATH"),
        ("Tried to allocate 1.96 GiB", "Tried to allocate N GiB"),
        ("object at 0x7f1c2c0d1a50", "object at ADDRESS"),
        ("GET https://x.org/a?b=1 failed", "GET URL failed"),
        ("host 10.0.0.3:8000 refused", "host HOST refused"),
        ("Llama uses CUDA and FP16", "Llama uses CUDA and FP16"),
    ],
)
def test_values_are_replaced_by_what_they_are(text: str, plain: str):
    assert without_values(text) == plain


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_has_lines_in_order(log: str):
    numbers = [line.number for line in lines_of(log)]
    assert numbers == sorted(set(numbers))
