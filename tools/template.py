"""Texts with $variables, filled in strictly: a forgotten or misspelt one fails at once."""

import string


def filled(template: str, name: str, variables: dict[str, str]) -> str:
    """Return a text with its variables filled in; `name` says in errors which text it is.

    Raises KeyError for a variable without a value, ValueError for a value without a variable.
    """
    text = string.Template(template)
    surplus = set(variables) - set(text.get_identifiers())
    if surplus:
        raise ValueError(f"the {name} has no variable {sorted(surplus)}")
    return text.substitute(variables)
