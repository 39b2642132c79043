"""Each notebook runs from a clean kernel, on the installed wheel, over logs that came through the real pipeline."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from commands import Command
from kafka_records import USERS, produce_logs
from services import REPOSITORY, Stack

NOTEBOOKS = REPOSITORY / "notebooks"
MOST_BYTES = 150_000
"""A notebook is committed with its outputs, small enough for a diff to be read."""


@pytest.mark.parametrize("name", ["explore-a-topic", "your-own-contract", "tune-a-job"])
def test_it_runs_from_a_clean_kernel(name: str, stack: Stack, topic: Callable[[str], str], tmp_path: Path) -> None:
    status = topic("status")
    if name == "explore-a-topic":
        (tmp_path / "users.csv").write_text(USERS.csv, "utf-8")
        produce_logs(stack.brokers, topic("logs"), 2_000)
        options = ["--input", topic("logs"), "--output", status, "--group", status, "--trigger", "available-now"]
        users = ["--users", str(tmp_path / "users.csv"), "--no-tables"]
        assert Command(tmp_path, "processor", stack.brokers, *options, *users).wait() == 0
    variables = {"LOGCORE_BROKERS": stack.brokers, "LOGCORE_STATUS_TOPIC": status, "LOGCORE_TUNE_LOGS": "5000"}
    # Run where no source lies beside it: what it imports is the wheel.
    done = subprocess.run(
        [
            sys.executable, "-m", "pytest", "--nbmake", "--nbmake-timeout=240", "-q", "-p", "no:cacheprovider",
            "-c", os.devnull, "--rootdir", str(NOTEBOOKS), str(NOTEBOOKS / f"{name}.ipynb"),
        ],
        cwd=tmp_path, env={**os.environ, **variables}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout


def test_all_are_run_and_are_committed_with_their_outputs() -> None:
    found = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
    assert found == ["explore-a-topic", "tune-a-job", "your-own-contract"]
    for name in found:
        path = NOTEBOOKS / f"{name}.ipynb"
        text = path.read_text("utf-8")
        cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1)), name
        assert not [out for cell in cells for out in cell["outputs"] if out["output_type"] == "error"], name
        assert path.stat().st_size < MOST_BYTES, name
        # Nobody's machine.
        assert "/root" not in text, name
        assert "site-packages" not in text, name
