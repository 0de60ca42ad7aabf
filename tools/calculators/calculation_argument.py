"""What a caller tells a calculation: loose text such as "32k" or "yes" becomes the values meant."""

import math
from collections.abc import Mapping
from typing import Any, Final

from knowledge.errors import UserMistake
from tools.calculators.argument import unknown
from tools.calculators.calculation_parameter import KINDS, PARAMETERS, Form, Kind, Parameter, Value
from tools.calculators.unit import parse_count, parse_tokens

_LONGEST_TEXT: Final = 4096  # of a path
_SWITCH: Final = {
    "true": True, "yes": True, "on": True, "1": True, "是": True,
    "false": False, "no": False, "off": False, "0": False, "否": False,
}  # fmt: skip


def understood(kind: Kind, arguments: Mapping[str, object]) -> dict[str, Any]:
    """Return a value for every parameter of the calculation, in its order; what is None or empty is not given.

    Raises UserMistake for an unknown kind or argument, a missing one, or text that is no such value.
    """
    if kind not in KINDS:
        raise unknown("calculation", kind, KINDS)
    parameters = PARAMETERS[kind]
    known = [parameter.name for parameter in parameters]
    for name in arguments:
        if name not in known:
            raise unknown(f"argument of {kind!r}", name, known, f"It takes {', '.join(known)}.")
    read: dict[str, Any] = {}
    for parameter in parameters:
        given = arguments.get(parameter.name)
        if given is None or (isinstance(given, str) and not given.strip()):
            if parameter.required:
                zh = f"缺少 {parameter.name}：{parameter.meaning.zh}"
                raise UserMistake(f"No {parameter.name} is named.", f"Name one: {parameter.meaning.en}", zh)
            read[parameter.name] = parameter.default
        else:
            read[parameter.name] = _read(parameter, given)
    return read


def _read(parameter: Parameter, given: object) -> Value:
    what = parameter.name.replace("_", " ")
    if parameter.form == "switch":
        return _read_switch(what, given)
    if parameter.form == "share":
        return _read_share(what, given)
    if parameter.form in {"count", "tokens"}:
        return _read_whole(what, given, parameter.form)
    if not isinstance(given, str) or len(given) > _LONGEST_TEXT:
        raise UserMistake(f"The {what} {str(given)[:60]!r} is not a name.", "Give a short text.")
    text = given.strip()
    return next((choice for choice in parameter.choices if choice.lower() == text.lower()), text)


def _read_switch(what: str, given: object) -> bool:
    if isinstance(given, bool):
        return given
    meant = _SWITCH.get(str(given).strip().lower())
    if meant is None:
        raise UserMistake(f"The {what} {str(given)[:60]!r} is neither yes nor no.", "Say true or false.")
    return meant


def _read_share(what: str, given: object) -> float:
    """Read 0.9 or "90%"."""
    if isinstance(given, int | float) and not isinstance(given, bool):
        return float(given)
    text = str(given).strip()
    try:
        value = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError as error:
        raise UserMistake(f"The {what} {text[:60]!r} is not a number.", "Give a number from 0.01 to 1.") from error
    return value


def _read_whole(what: str, given: object, form: Form) -> int:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise UserMistake(f"The {what} {str(given)[:60]!r} is not a whole number.", "Give a number such as 2 or 32k.")
    try:
        plain = float(given)
    except (ValueError, OverflowError):
        plain = 0.0  # has a unit, or is refused below
    if math.isfinite(plain) and not plain.is_integer():
        raise UserMistake(f"The {what} {given!r} is not a whole number.", "Leave out the fraction.")
    return parse_tokens(given, what) if form == "tokens" else parse_count(given, what)
