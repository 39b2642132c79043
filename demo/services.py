"""The stack as the demo uses it: started where it does not run, and stopped again if the person interrupts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from demo.step import Step, StepFailedError, run
from stack.layout import REPOSITORY, SERVICE_NAMES
from stack.options import DIRECTORY_VARIABLE

__all__ = ["Services"]


@dataclass
class Services:
    """Kafka, MariaDB and Elasticsearch of one folder; `asked` if the person named it, who then has to name it again."""

    directory: Path
    asked: bool = False
    started: list[str] = field(default_factory=list)
    ports: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, directory: Path | None) -> Services:
        """Those of the folder, or of the usual one."""
        usual = Path(os.environ.get(DIRECTORY_VARIABLE) or REPOSITORY / ".stack")
        return cls((directory or usual).resolve(), asked=directory is not None)

    def up(self) -> bool:
        """Starts what does not run; False if that failed, and the stack has said why."""
        self.started = [name for name, state in self._status().items() if state["state"] != "running"]
        try:
            run(Step("services", self._stack("up")))
        except StepFailedError:
            return False
        self.ports = {name: int(str(state["port"])) for name, state in self._status().items()}
        return True

    def stop_started(self) -> None:
        """Stops what `up` started; services that ran before stay."""
        if self.started:
            subprocess.run(self._stack("down", *self.started), cwd=REPOSITORY, check=False, start_new_session=True)

    @property
    def brokers(self) -> str:
        """Kafka's bootstrap server."""
        return f"127.0.0.1:{self.ports['kafka']}"

    @property
    def elasticsearch_url(self) -> str:
        """Elasticsearch's address."""
        return f"http://127.0.0.1:{self.ports['elasticsearch']}"

    @property
    def mysql_defaults_file(self) -> Path:
        """Host, port, user and password for MySQL's clients."""
        return self.directory / "mysql.cnf"

    def _stack(self, *arguments: str) -> list[str]:
        where = ["--dir", str(self.directory)] if self.asked else []
        return [sys.executable, "-m", "stack", *arguments, *where]

    def _status(self) -> dict[str, dict[str, object]]:
        # Its exit status says whether all of them run.
        listed = subprocess.run(
            self._stack("status", "--json"), cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        if not listed.stdout.strip():
            return {name: {"state": "stopped", "port": 0} for name in SERVICE_NAMES}
        return {state["service"]: state for state in json.loads(listed.stdout)}
