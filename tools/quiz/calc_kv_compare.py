"""Questions that compare caches: which is smaller, which order, whether it fits."""

from typing import Final

from tools.calculators.kv_cache import kv_cache
from tools.calculators.shape import ModelShape
from tools.calculators.unit import GIB, KIB
from tools.quiz import calc_draw as draw
from tools.quiz.calc_compare import GAP, Case, judged, picked, ranked
from tools.quiz.calc_form import apart, why
from tools.quiz.calc_kv_given import BATCHES, given
from tools.quiz.calc_kv_source import GROWTH, SIZE
from tools.quiz.calc_problem import Question, Setting, converted, line, spoken
from tools.quiz.item import Item, Point
from tools.quiz.wording import say

_FILE: Final = "calc_kv_cache"
_WEIGHTS: Final = ("BF16", "AWQ")


def order(setting: Setting) -> Item | None:
    """Ask to order four models by what one token takes."""
    shapes = draw.models(setting.rng, 4, draw.GROUPED + draw.UNGROUPED)
    cases = [
        Case(
            _label(shape, setting),
            kv_cache(shape, 1, 1, "bf16").bytes,
            f"{kv_cache(shape, 1, 1, 'bf16').bytes / KIB:,.0f} KiB",
        )
        for shape in shapes
    ]
    drawn = tuple(sorted(shape.name for shape in shapes))
    return ranked(Question(_FILE, "kv_order", drawn, 3, {}, (), SIZE), cases, setting)


def _label(shape: ModelShape, setting: Setting) -> str:
    known = given(shape, "bf16", setting.language)
    names = ("model", "layers", "heads", "kv_heads", "head_dim")
    return say(_FILE, "kv_model", setting.language, **{name: known[name] for name in names})


def smaller(setting: Setting) -> Item | None:
    """Ask which changed settings have a smaller cache than a first one; some change only the weights."""
    rng, language = setting.rng, setting.language
    shape = draw.model(rng)
    tokens, batch = rng.choice((8192, 16384, 32768)), rng.choice((4, 8, 16))
    if 0 < shape.max_context < 4 * tokens:
        return None
    base = kv_cache(shape, tokens, batch, "bf16").bytes
    most = rng.choice((2, 3))  # how many are right
    cases: dict[str, Case] = {}
    right: set[str] = set()
    changes = [(t, b, d, w) for t in (1 / 4, 1 / 2, 1, 2, 4) for b in (1 / 4, 1 / 2, 1, 2, 4)
               for d in ("bf16", "fp8") for w in _WEIGHTS if (t, b, d, w) != (1, 1, "bf16", "BF16")]  # fmt: skip
    for longer, more, dtype, stored in rng.sample(changes, len(changes)):
        size = kv_cache(shape, int(tokens * longer), int(batch * more), dtype).bytes
        wanted = len(right) < most if size < base else len(cases) - len(right) < _FIVE - most
        if not wanted or not 1 / 5 < size / base < 5:
            continue
        label = say(
            _FILE, "kv_setting", language, batch=draw.count(batch * more), tokens=draw.count(tokens * longer),
            dtype=say("calc", f"kv_{dtype}", language), weights=stored,
        )  # fmt: skip
        slip = "weights_for_cache" if size == base and dtype == "bf16" and stored == "AWQ" else "factors_cancel"
        cases[label] = Case(label, size, f"{size / GIB:,.2f} GiB", why(slip, language))
        right |= {label} if size < base else set()
        if len(cases) == _FIVE:
            break
    known = {"model": shape.name, "batch": draw.count(batch), "tokens": draw.count(tokens)}
    steps = (line("at_first", "S / unit", {"S": base, "unit": GIB}, base / GIB, "GiB"),)
    drawn = (shape.name, *sorted(f"{case.value}" for case in cases.values()), str(tokens), str(batch))
    question = Question(_FILE, "kv_smaller", drawn, 3, known, steps, GROWTH)
    return picked(question, list(cases.values()), frozenset(right), setting)


_FIVE: Final = 5


def fits(setting: Setting) -> Item | None:
    """State that requests fit into a pool, rightly or wrongly."""
    rng, language = setting.rng, setting.language
    shape = draw.model(rng)
    dtype, tokens, batch = draw.kv_dtype(rng, setting.concept), draw.context(rng, shape, 4096), rng.choice(BATCHES)
    cache = kv_cache(shape, tokens, batch, dtype)
    truth = rng.random() < 1 / 2
    needed = cache.bytes / GIB
    pool = round(needed * (rng.uniform(1.15, 1.9) if truth else rng.uniform(0.5, 0.87)))
    if not 2 <= pool <= 400 or not apart(pool, needed, GAP) or (needed < pool) is not truth:
        return None
    known = given(shape, dtype, language, tokens=tokens, batch=batch) | {"pool": draw.count(pool)}
    shown = spoken(needed)[0]
    reason = Point(
        say(_FILE, "kv_fits_reason" if truth else "kv_fits_not_reason", language, size=shown, pool=draw.count(pool)),
        ((*spoken(needed), *spoken(cache.bytes / 1e9)),),
    )
    steps = (*cache.derivation.steps, converted(cache.bytes, "GiB"))
    question = Question(_FILE, "kv_fits", (shape.name, dtype, str(tokens), str(batch)), 2, known, steps, SIZE)
    return judged(question, truth, reason, why("query_heads" if truth else "one_of_kv", language), setting)
