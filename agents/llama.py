"""llama.cpp as a process of its own: reads its settings from standard input, serves until that input ends.

It is run by its path and imports nothing of ours. It is a process of its own because llama.cpp holds Python's lock
while it loads a model: for seconds no other thread would run, the page's included. And a fault ends only this process.
"""

import importlib
import json
import os
import sys
from typing import Any

QUIET = -1


def serve(settings: dict[str, Any]) -> None:
    """Loads the model, writes `{"url": ...}` or `{"error": ...}` on one line, and waits for the end of the input."""
    xllamacpp: Any = importlib.import_module("xllamacpp")  # it has no types
    params = xllamacpp.CommonParams()
    params.model.path = settings["path"]
    params.model_alias = {settings["model"]}
    params.api_keys = [settings["api_key"]]
    params.n_parallel = settings["slots"]
    params.n_ctx = settings["slots"] * settings["context_tokens"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = settings["threads"]
    params.n_batch = params.n_ubatch = settings["batch_tokens"]
    params.cache_ram_mib = settings["cache_mib"]
    params.fit_params = False  # it would shrink the context to what memory is free at this moment
    params.ui = False
    params.verbosity = QUIET
    try:
        server = xllamacpp.Server(params)
    except RuntimeError as error:
        print(json.dumps({"error": str(error)}), flush=True)  # noqa: T201  # the parent reads it
        return
    print(json.dumps({"url": server.listening_address}), flush=True)  # noqa: T201
    sys.stdin.read()


if __name__ == "__main__":
    serve(json.loads(sys.stdin.readline()))
    os._exit(0)  # answers under way are not waited for
