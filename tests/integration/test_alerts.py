"""The alerts by Prometheus's own tool: they parse, and fire when they should."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from services import REPOSITORY

PROMETHEUS = REPOSITORY / "deploy" / "prometheus"


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    assert found is not None, "promtool is missing; on Debian it comes with the package prometheus"
    return found


@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", "alerts.yml"), ("check", "config", "prometheus.yml"), ("test", "rules", "alerts.test.yml")],
    ids=" ".join,
)
def test_promtool_finds_no_fault(promtool: str, arguments: tuple[str, ...]) -> None:
    done = subprocess.run(
        [promtool, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout + done.stderr
