"""A pasted log is told from a question, and what a person wrote around it is told from the log."""

import json
from functools import cache
from pathlib import Path

import pytest
from quiz_material import material

from agents.pasted_log import excerpt, is_log, language_around, shows
from tools.fault.casebook import Casebook

DATA = Path(__file__).parents[1] / "evals" / "data"
TRACEBACK = """Traceback (most recent call last):
  File "train.py", line 3, in <module>
    main()
ValueError: no"""


@cache
def casebook() -> Casebook:
    return Casebook(material().library)


def rows(name: str) -> list[dict[str, str]]:
    return [json.loads(line) for line in (DATA / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize(
    "text",
    [
        TRACEBACK,
        f"why does this happen?\n{TRACEBACK}",
        "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "I get RuntimeError: CUDA error: no kernel image is available, what now?",
        "NCCL WARN Error: failed to extend /dev/shm/nccl-7Qd1xG",
        "训练时报 ValueError: Attempting to unscale FP16 gradients. 怎么改",
        "Killed",
        "Segmentation fault (core dumped)",
        "ERROR 06-30 13:53:19 [core.py:515] EngineCore failed to start.\nINFO 06-30 13:53:20 [core.py:1] bye",
        "bash: nvcc: command not found",
        "container exited with code 137",
        "django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.",
        "{'loss': 0.0, 'grad_norm': nan, 'learning_rate': 1.9e-05}",
    ],
)
def test_output_of_a_program_that_failed_is_a_log(text: str) -> None:
    assert is_log(text)


@pytest.mark.parametrize(
    "text",
    [
        "What is vLLM?",
        "What causes CUDA out of memory?",
        "What does a ValueError tell?",
        "How do I handle errors in CrewAI?",
        "Is the loss NaN when the learning rate is too high?",
        "What does NCCL do?\nAnd why is it fast?",
        "为什么会显存不足？",
        "try:\n    run()\nexcept KeyError: pass\nis this good style?",
        "Explain this config:\nmodel: qwen\ntensor_parallel: 2",
        "B",
        "| a | b |\n| missing | 1 |",
    ],
)
def test_question_is_no_log(text: str) -> None:
    assert not is_log(text)
    assert not shows(casebook(), text)


def test_error_text_of_a_pitfall_is_known_without_the_form_of_a_log() -> None:
    said = "vllm 报 is less than desired GPU memory utilization (0.92)"
    assert shows(casebook(), said)
    assert not is_log(said)


def test_logs_with_a_known_pitfall_are_taken_for_logs() -> None:
    logs = [row["log"] for row in rows("error_logs.jsonl") if row["pitfall"]]
    taken = [log for log in logs if is_log(log) or shows(casebook(), log)]
    assert len(taken) >= 0.97 * len(logs)


def test_questions_on_the_notes_are_taken_for_logs_only_where_they_quote_one() -> None:
    questions = [row["query"] for row in rows("note_questions.jsonl")]
    taken = [question for question in questions if is_log(question)]
    assert [
        question for question in taken if not any(sign in question for sign in (":", "_", "Error", "undefined"))
    ] == []
    assert len(taken) < 0.06 * len(questions)


@pytest.mark.parametrize(
    ("log", "language"),
    [
        (TRACEBACK, None),
        (f"my training stops, what can I do?\n{TRACEBACK}", "en"),
        (f"训练中断了，求助：\n{TRACEBACK}", "zh"),
        (f"{TRACEBACK}\n这是什么原因", "zh"),
        (TRACEBACK.replace("train.py", "训练.py"), None),
        ("ERROR 06-30 13:53:19 [core.py:515] 内存不足\nFATAL 06-30 13:53:19 [core.py:515] stopped", None),
    ],
    ids=["log alone", "english before", "chinese before", "chinese after", "chinese path", "chinese in the log"],
)
def test_language_is_that_of_the_words_around_a_log(log: str, language: str | None) -> None:
    assert language_around(log) == language


def test_excerpt_keeps_the_beginning_and_the_end() -> None:
    log = "\n".join(f"line {n}" for n in range(1000))
    kept = excerpt(log)
    assert kept.startswith("line 0\n")
    assert kept.endswith("line 999")
    assert "\n…\n" in kept
    assert len(kept.split("\n")) == 25
    assert len(excerpt("x" * 100_000)) < 2010
    assert excerpt(TRACEBACK) == TRACEBACK


def test_long_log_is_told_at_once_by_its_beginning_and_end() -> None:
    assert is_log("step 1\n" * 100_000 + TRACEBACK)
