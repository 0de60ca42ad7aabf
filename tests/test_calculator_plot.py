"""The plots of the Calculate page, as Plotly would draw them."""

import json
import math
from typing import Any, cast

import pytest

from tools.calculators.calculation import Calculation, calculate
from tools.calculators.inference_memory import InferenceMemory
from tools.calculators.kv_cache import kv_cache
from tools.calculators.roofline import Roofline
from tools.calculators.training_memory import TrainingMemory
from tools.calculators.unit import GIB
from ui.calculator_plot import labels, memory_plot, plots, roofline_plot, stack, time_plot

SMALL = {"model": "Qwen3-8B", "gpu": "RTX 4090", "context": "8192"}


def memory(**arguments: object) -> Calculation:
    return calculate("memory", SMALL | arguments)


def roof(**arguments: object) -> Calculation:
    return calculate("roofline", {"model": "Llama-3.1-8B", "gpu": "A100 SXM 80GB"} | arguments)


def figures(calculation: Calculation) -> Roofline:
    return cast("Roofline", calculation.figures)


def points(plot: dict[str, Any]) -> list[tuple[float, float]]:
    found = [trace for trace in plot["data"] if trace.get("mode") == "markers" and len(trace["marker"]) > 4]
    return [(x, y) for trace in found for x, y in zip(trace["x"], trace["y"], strict=True)]


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("memory", SMALL),
        ("memory", SMALL | {"model": "DeepSeek-V3", "gpu": "H200", "gpus": 8}),
        ("train", {"model": "Qwen3-8B", "gpu": "A100", "method": "lora"}),
        ("serve", {"model": "Qwen3-8B", "gpu": "RTX 4090", "gpus": 2, "max_model_len": 16384}),
    ],
    ids=["memory", "memory of many GPUs", "training", "serving"],
)
def test_the_parts_of_a_bar_add_up_to_what_is_needed(kind: Any, arguments: dict[str, object]) -> None:
    calculation = calculate(kind, arguments)
    bar = stack(calculation)
    made: Any = calculation.figures
    needed = {
        "memory": lambda: cast("InferenceMemory", made).per_gpu,
        "train": lambda: cast("TrainingMemory", made).per_gpu_bytes + cast("TrainingMemory", made).context_bytes,
        "serve": lambda: made.weights_bytes + made.activation_bytes + made.overhead_bytes + made.kv_cache_bytes,
    }[kind]()
    assert bar.total == needed
    assert all(size >= 0 for _, size in bar.parts)


def test_the_bar_of_a_model_is_its_weights() -> None:
    calculation = calculate("model", {"model": "Qwen3-14B", "quant": "Q4_K_M"})
    assert stack(calculation).total == calculation.values["weights_bytes"]
    assert stack(calculation).limit is None


def test_the_limit_stands_where_the_memory_of_the_card_ends() -> None:
    calculation = memory()
    plot = memory_plot([calculation], "en")
    line = plot["layout"]["shapes"][0]
    assert line["x0"] == line["x1"] == pytest.approx(calculation.values["limit_bytes"] / GIB)
    assert f"limit {calculation.values['limit_bytes'] / GIB:.2f} GiB" in plot["layout"]["annotations"][0]["text"]
    assert plot["layout"]["xaxis"]["range"][1] > line["x0"]


def test_what_lies_beyond_the_limit_is_shaded() -> None:
    fitting, not_fitting = memory(), memory(model="Qwen3-32B")
    assert [shape["type"] for shape in memory_plot([fitting], "en")["layout"]["shapes"]] == ["line"]
    line, beyond = memory_plot([not_fitting], "en")["layout"]["shapes"]
    assert (line["type"], beyond["type"]) == ("line", "rect")
    assert beyond["x0"] == line["x0"] < beyond["x1"] == pytest.approx(stack(not_fitting).total / GIB)


def test_without_a_gpu_there_is_no_limit() -> None:
    plot = memory_plot([calculate("memory", {"model": "Qwen3-8B"})], "en")
    assert plot["layout"]["shapes"] == plot["layout"]["annotations"] == []


def test_the_cache_of_the_bar_is_the_cache_that_is_calculated() -> None:
    calculation = memory(batch=4)
    sizes = dict(stack(calculation).parts)
    assert sizes["kv"] == kv_cache(calculation.shape, 8192, 4).bytes


def test_several_calculations_stand_side_by_side_each_under_its_own_limit() -> None:
    several = [memory(), memory(gpu="H100 SXM"), memory(gpu="T4")]
    plot = memory_plot(several, "en")
    assert plot["data"][0]["y"] == ["RTX 4090", "H100 SXM", "T4"]
    lines = [shape for shape in plot["layout"]["shapes"] if shape["type"] == "line"]
    assert [round(line["y0"] + 0.4) for line in lines] == [0, 1, 2]
    assert [line["x0"] for line in lines] == [pytest.approx(c.values["limit_bytes"] / GIB) for c in several]


@pytest.mark.parametrize(
    ("others", "expected"),
    [
        ([], ["Qwen3-8B"]),
        ([{"gpu": "T4"}], ["RTX 4090", "T4"]),
        ([{"model": "Qwen3-4B"}], ["Qwen3-8B", "Qwen3-4B"]),
        ([{"model": "Qwen3-4B"}, {"gpu": "T4"}], ["Qwen3-8B, RTX 4090", "Qwen3-4B, RTX 4090", "Qwen3-8B, T4"]),
        ([{}], ["RTX 4090", "RTX 4090 (2)"]),
        ([{"quant": "awq"}], ["Qwen3-8B", "Qwen3-8B awq"]),
    ],
    ids=["alone", "GPUs", "models", "both", "the same twice", "formats"],
)
def test_each_is_named_by_what_tells_it_from_the_others(others: list[dict[str, object]], expected: list[str]) -> None:
    assert labels([memory(), *(memory(**other) for other in others)]) == expected


@pytest.mark.parametrize("phase", ["decode", "prefill"])
def test_every_operation_that_computes_is_a_point_on_its_roof(phase: str) -> None:
    calculation = roof(phase=phase, batch=16)
    layers = [layer for layer in figures(calculation).layers if layer.flops]
    drawn = points(roofline_plot([calculation], "en"))
    assert sorted(drawn) == sorted((layer.arithmetic_intensity, layer.attainable) for layer in layers)
    for intensity, reached in drawn:
        assert reached <= min(figures(calculation).peak, intensity * figures(calculation).bandwidth) * (1 + 1e-9)


def test_points_are_coloured_and_shaped_by_what_bounds_them() -> None:
    calculation = roof(phase="prefill", context=4096)
    bounds = {layer.bound for layer in figures(calculation).layers if layer.flops}
    assert bounds == {"memory", "compute"}
    traces = {trace["name"]: trace for trace in roofline_plot([calculation], "en")["data"] if "name" in trace}
    memory_bound, compute_bound = traces["memory-bound"]["marker"], traces["compute-bound"]["marker"]
    assert memory_bound["color"] != compute_bound["color"]
    assert set(memory_bound["symbol"]) == {"circle"}
    assert set(compute_bound["symbol"]) == {"diamond"}


def test_the_ridge_is_marked_and_lies_between_the_edges() -> None:
    calculation = roof()
    layout = roofline_plot([calculation], "en")["layout"]
    ridge = figures(calculation).ridge_point
    assert layout["shapes"][0]["x0"] == layout["shapes"][0]["x1"] == ridge
    assert layout["xaxis"]["type"] == layout["yaxis"]["type"] == "log"
    assert layout["xaxis"]["range"][0] < math.log10(ridge) < layout["xaxis"]["range"][1]
    assert any(f"ridge {ridge:,.4g}" in note["text"] for note in layout["annotations"])


def test_a_quantized_format_that_computes_otherwise_has_a_roof_of_its_own() -> None:
    calculation = roof(gpu="H100 SXM", quant="fp8")
    lines = [t for t in roofline_plot([calculation], "en")["data"] if t.get("name", "").startswith("roof (")]
    assert {line["name"] for line in lines} == {"roof (fp8)", "roof (bf16)"}
    assert max(lines[0]["y"]) == figures(calculation).peak


def test_roofs_side_by_side_have_grouped_times_below() -> None:
    several = [roof(), roof(gpu="H100 SXM"), roof(gpu="RTX 4090")]
    assert len(plots(several, "en")) == 2
    assert len(plots(several[:1], "en")) == 1
    plot = time_plot(several, "en")
    assert plot["layout"]["barmode"] == "group"
    moved = next(trace for trace in plot["data"] if trace["name"] == "moving data")
    assert moved["x"] == [pytest.approx(figures(calculation).memory_s * 1e3) for calculation in several]


@pytest.mark.parametrize("kind", ["memory", "serve", "roofline", "train", "model"])
def test_plotly_accepts_every_plot_in_both_languages(kind: Any) -> None:
    arguments: dict[str, object] = {"model": "Qwen3-8B"} | ({} if kind == "model" else {"gpu": "RTX 4090"})
    calculation = calculate(kind, arguments)
    for figure in (*plots([calculation], "en"), *plots([calculation, calculation], "zh")):
        drawn = json.loads(figure.to_json())
        assert drawn["data"]
        assert "http" not in figure.to_json()
    chinese = plots([calculation], "zh")[0].to_json()
    assert any(ord(character) > 0x4E00 for character in json.dumps(json.loads(chinese), ensure_ascii=False))
