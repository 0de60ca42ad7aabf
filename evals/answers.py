"""Whole answers: how much of what is said is supported, and whether the team abstains off its ground.

    python -m evals.answers [--no-model] [--home DIR] [--out FILE]

Twelve questions in each language, and off-topic ones on which every answer must be an abstention.
"""

import argparse
import json
import os
import tempfile
from pathlib import Path

from agents.events import Answer
from agents.reply import Reply
from ui import settings
from ui.assembly import open_atlas

DATA = Path(__file__).with_name("data") / "questions.json"


def sentences(answer: Answer) -> tuple[int, int]:
    """Return how many sentences of the final answer claim something, and how many of these carry a citation."""
    claims = [text for _, text in Reply(answer.text.replace("[?]", "")).claims]
    return len(claims), len(claims) - answer.text.count("[?]")


def main() -> None:
    """Print a line for each question and the totals."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--no-model", action="store_true")
    options.add_argument("--home", type=Path)
    options.add_argument("--out", type=Path, help="write the answers here, one JSON object a line")
    given = options.parse_args()
    questions = json.loads(DATA.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as temporary:
        read = settings.read(os.environ, home=given.home or Path(temporary), no_model=given.no_model)
        with open_atlas(read, wait_s=120) as atlas:
            if given.out:
                given.out.write_text("", encoding="utf-8")
            for group in ("en", "zh", "off_topic", "off_topic_more"):
                answers = [atlas.answer(question) for question in questions[group]]
                report(group, questions[group], answers)
                if given.out:
                    with given.out.open("a", encoding="utf-8") as out:
                        for question, answer in zip(questions[group], answers, strict=True):
                            fields = {"question": question, "answer": answer.text, "unsupported": answer.unsupported}
                            out.write(json.dumps(fields, ensure_ascii=False) + "\n")


def report(group: str, questions: list[str], answers: list[Answer]) -> None:
    """Print one group."""
    counts = [sentences(answer) for answer in answers]
    for question, answer, (said, supported) in zip(questions, answers, counts, strict=True):
        best = max((evidence.score for evidence in answer.evidence), default=0)
        verdict = "abstained" if answer.abstained else f"{supported}/{said} supported"
        usage, timings = answer.usage, answer.timings
        print(
            f"{verdict:<16}{answer.rung:<9} best {best:.2f}  calls {usage.calls}  prompt {usage.prompt_tokens:>3}  "
            f"first {timings.first_token_s or 0:5.1f} s  total {timings.total_s or 0:5.1f} s  dropped "
            f"{len(answer.unsupported)}  {question}"
        )
    said, supported = (sum(count[i] for count in counts) for i in (0, 1))
    abstained = sum(answer.abstained for answer in answers)
    print(f"== {group}: {supported}/{said} sentences supported, {abstained}/{len(answers)} abstained\n")


if __name__ == "__main__":
    main()
