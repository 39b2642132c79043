"""Kafka, MariaDB and Elasticsearch as the tests of this folder start and find them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
RUNNING_STACK = "LOGCORE_TEST_STACK"
PORT_OPTIONS = {"kafka": "--kafka-port", "mariadb": "--mysql-port", "elasticsearch": "--elasticsearch-port"}


@dataclass
class Stack:
    """The services of one folder, each started when its port is first asked for."""

    directory: Path
    ours: bool

    def port(self, service: str) -> int:
        status = self._status()[service]
        if status["state"] != "running":
            assert self.ours, f"{service} does not run in {self.directory}, which {RUNNING_STACK} names"
            self._run("up", service, PORT_OPTIONS[service], str(_free_port()))
            status = self._status()[service]
        return int(status["port"])

    @property
    def brokers(self) -> str:
        return f"127.0.0.1:{self.port('kafka')}"

    @property
    def mysql_defaults_file(self) -> Path:
        self.port("mariadb")
        return self.directory / "mysql.cnf"

    @property
    def elasticsearch_url(self) -> str:
        return f"http://127.0.0.1:{self.port('elasticsearch')}"

    def kill(self, service: str) -> None:
        """Kills a service as a power cut would; asking for its port starts it again."""
        assert self.ours, "only a stack that the tests started is theirs to kill"
        pid = self._status()[service]["pid"]
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGKILL)

    @contextmanager
    def frozen(self, service: str) -> Iterator[None]:
        """Within, the service takes connections and bytes, and answers nothing."""
        pid = self._status()[service]["pid"]
        assert isinstance(pid, int)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)

    def restart(self, service: str) -> None:
        """Kills a service and starts it again on the same port."""
        port = self.port(service)
        self.kill(service)
        self._run("up", service, PORT_OPTIONS[service], str(port))

    def kafka_tool(self, main_class: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Runs one of Kafka's own command-line tools against the broker."""
        (jars,) = self.directory.glob("artifacts/*/kafka/lib")
        command = ["java", "-cp", f"{jars}/*", main_class, "--bootstrap-server", self.brokers, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return done

    def down(self) -> None:
        if self.ours:
            self._run("down", "--purge")

    def _status(self) -> dict[str, dict[str, object]]:
        command = [sys.executable, "-m", "stack", "status", "--json", "--dir", str(self.directory)]
        # Its exit status says whether all of them run.
        listed = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)
        assert listed.stdout.strip(), listed.stderr
        return {service["service"]: service for service in json.loads(listed.stdout)}

    def _run(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "stack", *arguments, "--dir", str(self.directory)]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
