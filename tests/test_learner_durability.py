import json
import subprocess
import sys
from pathlib import Path


def test_nothing_acknowledged_is_lost_when_the_process_is_killed_at_any_moment(tmp_path: Path) -> None:
    script = Path(__file__).with_name("attempt_process.py")
    command = [sys.executable, str(script), "survive", str(tmp_path / "home"), "10", "3"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=script.parents[1]).stdout
    result = json.loads(said)
    assert result["faults"] == []
    assert result["killed"] == 10
    # Some were killed after the disk had it and before they could say so; a handful shows that it was in full work.
    assert result["stored"] >= result["acknowledged"] > 10
