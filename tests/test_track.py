"""Results of evaluations as figures, and as runs of Weights & Biases and SwanLab that stay on this machine."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

from evals.track import metrics_of

REPORT = """# Retrieval

## Held out

| Method | all (504) | ms |
|---|---|---|
| BM25 | .665 / **.839** | 1,200 |
| Atlas | 79 % | none |
"""
RUN = "import offline, runpy; offline.install(); runpy.run_module('evals.track', run_name='__main__')"


def saved(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("name", "text", "metrics"),
    [
        (
            "report.md", REPORT,
            {
                "Held out/BM25/all (504)/1": 0.665, "Held out/BM25/all (504)/2": 0.839, "Held out/BM25/ms": 1200.0,
                "Held out/Atlas/all (504)": 79.0,
            },
        ),
        ("one.json", '{"hit": {"en": 0.5, "zh": [1, 2]}, "of": "x", "ok": true}', {"hit/en": 0.5, "hit/zh/0": 1.0, "hit/zh/1": 2.0, "ok": 1.0}),
        ("lines.jsonl", '{"s": 1, "unsupported": []}\n{"s": 3, "unsupported": ["a", "b"]}\n', {"rows": 2.0, "mean/s": 2.0, "mean/unsupported/count": 1.0}),
    ],
    ids=["report", "object", "lines"],
)  # fmt: skip
def test_a_saved_result_becomes_figures(tmp_path: Path, name: str, text: str, metrics: dict[str, float]) -> None:
    assert metrics_of(saved(tmp_path, name, text)) == metrics


@pytest.mark.parametrize(("name", "text"), [("a.json", "no json"), ("a.md", "# Words"), ("a.json", '{"a": "b"}')])
def test_a_file_without_figures_is_refused(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(SystemExit, match=r"a\.(json|md)"):
        metrics_of(saved(tmp_path, name, text))


def test_the_saved_report_on_retrieval_can_be_tracked() -> None:
    report = Path(__file__).parents[1] / "evals" / "retrieval.md"
    assert any(name.endswith("Atlas/all (504)/1") for name in metrics_of(report))


@pytest.mark.parametrize("service", ["wandb", "swanlab"])
def test_a_run_is_written_without_a_connection(tmp_path: Path, service: str) -> None:
    if importlib.util.find_spec(service) is None:
        pytest.skip(f"{service} is not installed")
    result = saved(tmp_path, "result.json", json.dumps({"hit": 0.5}))
    command = [sys.executable, "-c", RUN, service, str(result), "--offline", "--dir", str(tmp_path / "runs")]
    root, here = Path(__file__).parents[1], Path(__file__).parent
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": f"{root}:{here}"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment, check=False)
    assert (done.returncode, "1 figures logged" in done.stdout) == (0, True), done.stderr
    assert list((tmp_path / "runs").rglob(f"*.{service}"))
