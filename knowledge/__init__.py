"""What the field knows: notes, parsing, graph, index, retrieval.

Every other package imports this one first, so the switches that keep our libraries from reporting home stand here: most
of them are read when the library is imported.
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
