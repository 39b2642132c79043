"""`make demo` and `make e2e`, on the services of these tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from services import REPOSITORY, Stack


@pytest.fixture
def directory(stack: Stack) -> Path:
    """The folder of a stack whose three services run."""
    for service in ("kafka", "mariadb", "elasticsearch"):
        stack.port(service)
    return stack.directory


def demo(module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip


def test_the_demo_shows_what_arrived_where(directory: Path) -> None:
    done = demo("demo", "--count", "3000", "--dir", str(directory))
    assert done.returncode == 0, done.stdout + done.stderr
    for hop in ("server-logs-status", "MySQL", "Elasticsearch server-logs"):
        row = next(line for line in done.stdout.splitlines() if line.startswith(f"{hop} "))
        good, bad, suspicious, present, *wrong = (int(cell.replace(",", "")) for cell in row.removeprefix(hop).split())
        assert good + bad + suspicious == present >= 3000
        assert wrong == [0, 0, 0, 0]
    for text in ("\ngood: no reason", "\nbad: ", "\nsuspicious: ", "stop them:", "watch it:", "clean: every log"):
        assert text in done.stdout


def test_the_end_to_end_run_prints_each_stages_rate(directory: Path) -> None:
    done = demo("demo.e2e", "--count", "5000", "--dir", str(directory))
    assert done.returncode == 0, done.stdout + done.stderr
    table = done.stdout[done.stdout.index("stage ") :]
    assert [line.split()[0] for line in table.splitlines()[1:5]] == ["producer", "processor", "indexer", "verify"]


def test_ctrl_c_ends_the_running_step_and_leaves_the_services(directory: Path, stack: Stack) -> None:
    command = [sys.executable, "-m", "demo.e2e", "--count", "3000", "--dir", str(directory)]
    with subprocess.Popen(
        command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("— processor"):
                break
        # Once while Spark starts.
        time.sleep(2)
        running.send_signal(signal.SIGINT)
        said = running.stdout.read()
        assert running.wait(60) == 130, said
    assert said.rstrip().endswith("e2e: stopped")
    assert "Traceback" not in said
    assert not processes_that_name(str(directory / "kafka" / "checkpoint-e2e"))
    assert all(stack.port(service) for service in ("kafka", "mariadb", "elasticsearch"))


def processes_that_name(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in command:
                found.append(command)
    return found
