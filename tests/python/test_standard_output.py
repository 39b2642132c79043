"""Commands whose standard output is full, closed, or read no further."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_COMMANDS = {
    "contract": ["explain"],
    "users": ["--csv", "{folder}/users.csv", "--accounts", "3"],
    "indexer": ["--print-template", "index"],
    "command": ["--version"],
}


def _run(name: str, folder: Path, redirection: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", f"logcore.{name}", *(word.format(folder=folder) for word in _COMMANDS[name])]
    shell = ["bash", "-c", f'"$@" {redirection}', "bash", *words]
    return subprocess.run(shell, capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize("name", _COMMANDS)
@pytest.mark.parametrize(
    ("redirection", "said"),
    [(">/dev/full", "standard output can't be written to: No space left on device"),
     (">&-", "standard output is closed")],
    ids=["full", "closed"],
)  # fmt: skip
def test_output_that_nobody_can_take_is_one_line(name: str, redirection: str, said: str, tmp_path: Path) -> None:
    done = _run(name, tmp_path, redirection)
    assert done.returncode == 1
    program = "logcore" if name == "command" else f"logcore-{name}"
    assert done.stderr == f"{program}: {said}\n"


@pytest.mark.parametrize("name", _COMMANDS)
def test_a_reader_that_leaves_hears_no_complaint(name: str, tmp_path: Path) -> None:
    done = _run(name, tmp_path, "> >(exec true); wait $!; sleep 0.1")
    assert done.stderr == ""
