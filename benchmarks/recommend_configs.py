"""Whether the real libraries accept the configurations that the advisor writes.

    python -m benchmarks.recommend_configs PYTHON

PYTHON belongs to an environment with any of peft, accelerate, deepspeed, axolotl, llamafactory and trl; no GPU is
needed. Each configuration goes through the library's own parser or schema there; what is not installed is said so.
"""

import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tools.recommend import training_config
from tools.recommend.training_config import TrainingCase

# The body of a function that gets the configuration's `text`, in the other environment, and fails where it is refused.
_CHECKS: Final[Mapping[str, str]] = {
    "peft": "from peft import LoraConfig; LoraConfig(**json.loads(text))",
    "accelerate": """
from accelerate.commands.config.config_args import load_config_from_file
with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
    file.write(text); file.flush()
    load_config_from_file(file.name)
""",
    "deepspeed": """
from deepspeed.runtime.precision_config import get_bfloat16_config, get_float16_config
from deepspeed.runtime.zero.config import get_zero_config
content = json.loads(text)
assert get_zero_config(content).stage == content["zero_optimization"]["stage"]
assert get_bfloat16_config(content).enabled != get_float16_config(content).enabled
""",
    "axolotl": """
import yaml
from axolotl.utils.schemas.config import AxolotlInputConfig
content = yaml.safe_load(text)
AxolotlInputConfig(**content)
unknown = set(content) - set(AxolotlInputConfig.model_fields)
assert not unknown, unknown
""",
    "llamafactory": """
import os
os.environ["DISABLE_VERSION_CHECK"] = "1"  # of the other libraries' versions; only its own fields are asked for
import yaml
from transformers import Seq2SeqTrainingArguments
from llamafactory.hparams import DataArguments, FinetuningArguments, ModelArguments
content = yaml.safe_load(text)
names = {kind: {f.name for f in dataclasses.fields(kind)}
         for kind in (ModelArguments, DataArguments, FinetuningArguments, Seq2SeqTrainingArguments)}
unknown = set(content) - set().union(*names.values())
assert not unknown, unknown
for kind in (ModelArguments, DataArguments, FinetuningArguments):
    kind(**{name: value for name, value in content.items() if name in names[kind]})
""",
    "trl": """
from transformers import HfArgumentParser
from trl import ModelConfig, ScriptArguments, SFTConfig
parser = HfArgumentParser((ScriptArguments, SFTConfig, ModelConfig))
_, rest = parser.parse_known_args(json.loads(text))
assert not rest, rest
""",
}
_RUN: Final = """
import dataclasses, json, sys, tempfile
def check(text):
{body}
for text in json.load(sys.stdin):
    try:
        check(text)
    except Exception as error:
        print("refused:", type(error).__name__, str(error).replace(chr(10), " ")[:300])
    else:
        print("accepted")
"""


def main() -> None:
    """Print one line for each library: how many configurations it accepted, or why not."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("python", type=Path, help="the interpreter of the environment to check in")
    given = options.parse_args()
    refused = 0
    for library, texts in configurations().items():
        answers = checked(given.python, library, texts)
        problems = [answer for answer in answers if answer != "accepted"]
        refused += len(problems)
        print(f"{library}: {len(texts) - len(problems)} of {len(texts)} accepted")
        print("".join(f"  {problem}\n" for problem in dict.fromkeys(problems)), end="", flush=True)
    sys.exit(1 if refused else 0)


def cases() -> list[TrainingCase]:
    """Return runs of every method, on one card and several, with and without bf16."""
    return [
        TrainingCase("Qwen/Qwen3-0.6B", method, 2048, gpus, bf16, 3 if gpus > 1 else 2, gpus == 1 and method == "full")
        for method, gpus, bf16 in itertools.product(("full", "lora", "qlora"), (1, 4), (True, False))
    ]


def configurations() -> dict[str, list[str]]:
    """Return the distinct texts that each library gets to read."""
    every: dict[str, list[str]] = {name: [] for name in _CHECKS}
    for case in cases():
        every["peft"].append(json.dumps(training_config.lora_arguments(case)))
        every["accelerate"].append(training_config.yaml(training_config.accelerate(case)))
        every["deepspeed"].append(training_config.deepspeed_json(case))
        every["axolotl"].append(training_config.yaml(training_config.axolotl(case)))
        every["llamafactory"].append(training_config.yaml(training_config.llama_factory(case)))
        every["trl"].append(json.dumps(training_config.trl_arguments(case)))
    return {name: list(dict.fromkeys(texts)) for name, texts in every.items()}


def checked(python: Path, library: str, texts: Sequence[str]) -> list[str]:
    """Return for each text "accepted", or why a library refuses it."""
    body = textwrap.indent(_CHECKS[library].strip(), "    ")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [python, "-c", _RUN.replace("{body}", body)],
            input=json.dumps(texts), text=True, capture_output=True, cwd=folder, check=False,
        )  # fmt: skip
    answers = [line for line in done.stdout.splitlines() if line.startswith(("accepted", "refused:"))]
    return answers if len(answers) == len(texts) else [f"failed: {done.stderr.strip()[-300:]}"] * len(texts)


if __name__ == "__main__":
    main()
