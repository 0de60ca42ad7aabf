"""Evaluations of retrieval, verification and answers."""
