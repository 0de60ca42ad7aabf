"""What the field knows: notes, parsing, graph, index, retrieval.

Every other package imports this one first, so what our libraries read from the environment when they are imported is
set here: the switches that keep them from reporting home, and how many threads they take.
"""

import os as _os

_SILENT = {
    "AGNO_TELEMETRY": "false",
    "ANONYMIZED_TELEMETRY": "False",  # Chroma
    "CREWAI_DISABLE_TELEMETRY": "true",
    "CREWAI_DISABLE_TRACKING": "true",
    "CREWAI_TRACING_ENABLED": "false",
    "CREWAI_DISABLE_VERSION_CHECK": "true",
    "GRADIO_ANALYTICS_ENABLED": "False",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "OTEL_SDK_DISABLED": "true",
}
_os.environ.update(_SILENT)

# Read when numpy and the encoders are loaded: with more threads each, a query waits up to seconds beside a busy model.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
    _os.environ.setdefault(_name, "1")
