"""The project's commands as processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path


class Command:
    """One `python -m logcore.NAME …`, its output going to files."""

    def __init__(self, folder: Path, name: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
        number = len(list(folder.glob(f"{name}-*.err")))
        self._out, self._err = folder / f"{name}-{number}.out", folder / f"{name}-{number}.err"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", f"logcore.{name}", *arguments],
                stdout=out, stderr=err, env={**os.environ, **(environment or {})},
            )  # fmt: skip

    @property
    def out(self) -> str:
        return self._out.read_text("utf-8")

    @property
    def err(self) -> str:
        return self._err.read_text("utf-8")

    def wait(self, timeout_s: float = 120.0) -> int:
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"it did not end in {timeout_s} s:\n{self.out}{self.err}") from None

    def wait_until(self, condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.out}{self.err}"
            assert time.monotonic() < deadline, f"waited {timeout_s} s in vain:\n{self.out}{self.err}"
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
