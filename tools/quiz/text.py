"""The makers of items from the notes' own sentences, diagrams, logs and commands."""

from typing import Final

from tools.quiz.text_cloze import sentences, summaries
from tools.quiz.text_command import commands
from tools.quiz.text_flag import flags
from tools.quiz.text_log import logs
from tools.quiz.text_number import numbers
from tools.quiz.text_ordering import prerequisites, steps
from tools.quiz.text_short import answers

MAKERS: Final = (summaries, sentences, numbers, steps, prerequisites, answers, logs, commands, flags)
