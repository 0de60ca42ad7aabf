"""Memory, speed and serving arithmetic of language models, each result with its derivation."""
