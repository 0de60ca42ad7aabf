"""Which tool for my task: constraints read from free text, every tool of the graph weighed, the advice cited."""
