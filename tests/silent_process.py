"""Runs commands and loads every big library, off the network: `silent_process.py ARGUMENTS_OF_ATLAS ... [-- ...]`.

What tried to leave this machine is printed as the last line of standard error: a JSON list.
"""

import importlib
import json
import sys

import offline

offline.install()

from ui import cli  # noqa: E402 - nothing may be imported before the network is blocked

LIBRARIES = ("agno.agent", "agno.db.sqlite", "chromadb", "crewai", "gradio", "llama_index.core", "openai", "xllamacpp")


def main() -> None:
    commands: list[list[str]] = [[]]
    for argument in sys.argv[1:]:
        if argument == "--":
            commands.append([])
        else:
            commands[-1].append(argument)
    for command in commands:
        try:
            cli.main(command)
        except SystemExit as end:
            assert end.code == 0, command
    for name in LIBRARIES:  # what the commands have not loaded yet
        importlib.import_module(name)
    sys.stderr.write(f"\n{json.dumps(offline.attempts)}\n")


if __name__ == "__main__":
    main()
