"""Questions that a calculator can answer, known by rules: what is asked for, of which model, on which cards.

A question is one only where it names a model (or at least its size) and asks for an amount. A question that asks for
reasons, advice or a comparison alone is none.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Final

from knowledge.errors import UserMistake
from tools.calculators import model_catalogue
from tools.calculators.amount import take_amounts
from tools.calculators.calculation import Kind
from tools.calculators.derivation import Text
from tools.calculators.mention import COUNT, TAKEN, Cards, Model, Sentence, count_of, take_cards, take_models

_DATA: Final = Path(__file__).with_name("request_words.toml")
_LONGEST: Final = 600  # characters; longer messages tell of a problem instead of asking for a number
_USUAL_CARD: Final = "A100 SXM 80GB"
_KINDS: Final[dict[str, Kind]] = {
    "memory": "memory", "mem": "memory", "vram": "memory", "fit": "memory", "显存": "memory", "内存": "memory",
    "train": "train", "training": "train", "finetune": "train", "训练": "train", "微调": "train",
    "roofline": "roofline", "屋顶线": "roofline", "屋脊线": "roofline",
    "serve": "serve", "serving": "serve", "部署": "serve", "model": "model", "模型": "model",
}  # fmt: skip
_EXAMPLE: Final = "/calc memory qwen3-8b 4090 16k"


_KEYED: Final = re.compile(r"(?<!\S)--?([a-z][a-z_-]*)[= ](\S+)|(?<!\S)([a-z][a-z_]*)=(\S+)", re.IGNORECASE | re.ASCII)
_GPUS: Final = re.compile(
    rf"(?<![\w.-])({COUNT}) ?(?:x )?(?:-?gpus?\b|cards\b|(?:张|块|个) ?(?:显?卡|gpu)|卡)"
    r"|(?:tp|张量并行)(?: ?(?:=|为|是) ?| ?)(\d+)\b",
    re.IGNORECASE | re.ASCII,
)


_LONGEST_CHANGE: Final = 80  # characters of a message that only changes an earlier calculation
_FORMATS: Final = frozenset({"dtype", "quant"})  # one takes the place of the other
# Words around what is changed; any other word makes it a question of its own.
_LEADS: Final = re.compile(
    r"(?:(?:and|but|or|so|then|now|ok|okay|what|how|about|if|i|we|it|is|was|were|with|on|for|at|in|to|of|a|an|the|same|"
    r"instead|use|using|used|take|make|try|switch|change|only|just|would|does|do|has|have|be|fit|fits|tokens?|context|"
    r"length|cards?|gpus?|model|quantized|quantised|quantization|weights|batch|requests|users|please|s)\b"
    r"|换成|换为|换|改成|改为|改用|改|如果|要是|假如|那么|那|若|用|在|上|的话|的|呢|吗|是|还|又|再|只|就|给|时|下|个|请|"
    r"量化|上下文|长度|模型|显卡|卡|张|批|并发|跑|够|行|能|放得下|放下|[\s,，.。?？!！;；、:：'\-])*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Request:
    """A calculation that is asked for; `assumed` says what was taken for granted to make it."""

    kind: Kind
    arguments: Mapping[str, object]
    assumed: tuple[Text, ...] = ()
    is_command: bool = False


@dataclass(frozen=True, slots=True)
class _Read:
    """What a sentence names."""

    models: list[Model]
    cards: list[Cards]
    gpus: int
    amounts: Mapping[str, object]
    left: str = ""  # the words that named nothing

    @property
    def names_nothing(self) -> bool:
        """Whether there is nothing that a calculation could be made with."""
        return not (self.models or self.cards or self.gpus or self.amounts)


def recognised(question: str) -> Request | None:
    """Return the calculation that a question asks for, or None where it asks for none."""
    if len(question) > _LONGEST:
        return None
    read = _read(question)
    if not read.models:
        return None
    kind = _kind(question, read)
    return None if kind is None else _request(kind, read)


def commanded(text: str) -> Request:
    """Return the calculation that a command such as "memory qwen3-8b 4090 16k" asks for; it may hold name=value.

    Raises UserMistake where no known model is named.
    """
    first, _, rest = text.strip().partition(" ")
    kind = _KINDS.get(first.lower())
    said = rest if kind else text
    keyed = {(m[1] or m[3]).lower().replace("-", "_"): m[2] or m[4] for m in _KEYED.finditer(said)}
    sentence = _KEYED.sub(" ", said)
    read = _read(sentence)
    if not read.models and "model" not in keyed:
        raise _no_model(sentence)
    kind = kind or _kind(text, read) or "memory"
    found = _request(kind, read, named=keyed)
    return replace(found, arguments={**found.arguments, **keyed}, is_command=True)


def changed(message: str, kind: Kind, arguments: Mapping[str, object]) -> Request | None:
    """Return an earlier calculation with what a message changes of it ("and with 64k?", "换成 4090 呢？").

    None where the message says more than that, or nothing that counts.
    """
    read = _read(message[:_LONGEST_CHANGE])
    if len(message) > _LONGEST_CHANGE or read.names_nothing or not _LEADS.fullmatch(read.left):
        return None
    kind = "memory" if kind == "model" and (read.cards or read.gpus or "context" in read.amounts) else kind
    gone = {"model"} if read.models else set[str]()
    gone |= {"gpu"} if read.cards else set()
    gone |= _FORMATS if _FORMATS & read.amounts.keys() else set()
    count = (read.cards[0].count if read.cards else 0) or read.gpus
    gone |= {"gpus", "tp"} if count else set()
    before = {name: value for name, value in arguments.items() if name not in gone}
    found = _request(kind, read, named=before)
    now = {**before, **found.arguments, **({"gpus": count} if count else {})}
    return None if now == dict(arguments) else Request(kind, now, found.assumed)


def _read(text: str) -> _Read:
    """Read models first, since their names hold numbers, then cards, then amounts."""
    sentence = Sentence(text)
    models = take_models(sentence)
    cards = take_cards(sentence)
    found = sentence.take(_GPUS)
    gpus = count_of(found[1] or found[2]) if found else 0
    amounts = take_amounts(sentence)
    return _Read(models, cards, gpus, amounts, " ".join(sentence.text.replace(TAKEN, " ").split()))


def _kind(text: str, read: _Read) -> Kind | None:
    """Return what is asked for, the most telling words first."""
    asked = _says(text, "compute")
    if _says(text, "other") and not asked:
        return None
    on_cards = bool(read.cards)
    if _says(text, "train") and _training(text, asked=asked, on_cards=on_cards):
        return "train"
    if _says(text, "serve"):
        return "serve"
    rate, phase = _says(text, "rate"), _says(text, "phase")
    if (rate and (on_cards or asked)) or (phase and asked):
        return "roofline"
    if _says(text, "parameters"):
        return "model"
    return _memory(text, read, asked=asked)


def _training(text: str, *, asked: bool, on_cards: bool) -> bool:
    if _says(text, "parameters") or asked:
        return True
    amount = _says(text, "memory") and (_says(text, "amount") or on_cards)
    return bool(amount or (on_cards and _says(text, "fits")) or re.search(r"how many (?:gpus|cards)|几张|多少张", text))


def _memory(text: str, read: _Read, *, asked: bool) -> Kind | None:
    sized = bool({"context", "batch"} & read.amounts.keys()) or bool(read.cards)
    if _says(text, "cache") and (_says(text, "amount") or asked):
        return "memory" if sized else "model"
    if _says(text, "memory") and (_says(text, "amount") or _says(text, "fits") or sized or "quant" in read.amounts):
        return "memory"
    if read.cards and _says(text, "fits"):
        return "memory"
    return "memory" if asked else None


def _request(kind: Kind, read: _Read, named: Mapping[str, object] | None = None) -> Request:
    """Put what was read under the names that the calculation knows; say what had to be assumed."""
    named = named or {}
    arguments: dict[str, object] = {}
    assumed: list[Text] = []
    if read.models and "model" not in named:
        model = read.models[0]
        arguments["model"] = model.name
        assumed += [model.taken_for] if model.taken_for else []
        assumed += [_only(model.name)] if len(read.models) > 1 else []
    if kind != "model" and "gpu" not in named:
        _place(kind, read, arguments, assumed)
    known = _AMOUNTS[kind]
    arguments |= {known[name]: value for name, value in read.amounts.items() if name in known}
    if kind == "train" and "method" not in {**arguments, **named}:
        assumed.append(
            Text(
                "full fine-tuning is meant; LoRA and QLoRA take far less.",
                "按全参数微调计算，LoRA 和 QLoRA 所需少得多。",
            )
        )
    return Request(kind, arguments, tuple(assumed))


def _place(kind: Kind, read: _Read, arguments: dict[str, object], assumed: list[Text]) -> None:
    """Add the cards and their number."""
    if read.cards:
        cards = read.cards[0]
        arguments["gpu"] = cards.name
        assumed += [cards.taken_for] if cards.taken_for else []
        assumed += [_only(cards.name)] if len(read.cards) > 1 else []
    elif kind in {"roofline", "serve"}:
        arguments["gpu"] = _USUAL_CARD
        assumed.append(Text(f"no GPU is named, so it is {_USUAL_CARD}.", f"未说明显卡，按 {_USUAL_CARD} 计算。"))
    count = (read.cards[0].count if read.cards else 0) or read.gpus
    if count:
        arguments["gpus"] = count


def _only(name: str) -> Text:
    return Text(f"only {name} is calculated, the first one named.", f"只计算了最先提到的 {name}。")


def _no_model(text: str) -> UserMistake:
    """Return the error for a command without a known model: the closest names to the first word that may be one."""
    word = re.search(r"[A-Za-z][\w./-]*\d[\w./-]*|[A-Za-z][\w./-]{2,}", text)
    if word is not None:
        try:
            model_catalogue.find(word[0])
        except UserMistake as error:
            return error
    zh = f"没有说明是哪个模型，请写上模型名，例如 `{_EXAMPLE}`。"
    return UserMistake("no model is named.", f"Name one, as in `{_EXAMPLE}`.", zh)


_WEIGHTS: Final = ("dtype", "quant", "kv_dtype")
_AMOUNTS: Final[Mapping[Kind, Mapping[str, str]]] = {
    "model": {name: name for name in _WEIGHTS},
    "memory": {name: name for name in ("context", "batch", "utilization", *_WEIGHTS)},
    "train": {"context": "sequence", **{n: n for n in ("batch", "method", "rank", "zero", "offload", "optimizer")}},
    "roofline": {name: name for name in ("context", "batch", "phase", *_WEIGHTS)},
    "serve": {
        "context": "max_model_len", "batch": "requests",
        **{name: name for name in ("engine", "port", "utilization", *_WEIGHTS)},
    },
}  # fmt: skip


@cache
def _words() -> Mapping[str, re.Pattern[str]]:
    """Return how a question asks for each thing: Latin words stand alone, Chinese ones anywhere."""
    listed: dict[str, dict[str, list[str]]] = tomllib.loads(_DATA.read_text(encoding="utf-8"))
    return {
        name: re.compile(
            "|".join([rf"\b(?:{'|'.join(words['latin'])})\b", *words["chinese"]]), re.IGNORECASE | re.ASCII
        )
        for name, words in listed.items()
    }


def _says(text: str, *names: str) -> bool:
    return any(_words()[name].search(text) for name in names)
