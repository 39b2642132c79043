"""OpenSearch, for the tests of ingest pipelines: the Elasticsearch of the stack is a build without grok.

Its ingest processors are those of Elasticsearch 7.10, from which it was forked. The node runs pipelines for _simulate
alone: its runner leaves the role of an ingest node out.
"""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from stack.artifacts import fetch
from stack.interrupt import Interrupt
from stack.java import find_java
from stack.layout import Layout
from stack.process import Command, Record, start
from stack.stop import stop_all

POM = Path(__file__).with_name("opensearch.pom.xml")
START_S = 90.0
# One node that asks no other; and a test must not fail for want of space on somebody's disk.
_CONFIGURATION = "discovery.type: single-node\ncluster.routing.allocation.disk.threshold_enabled: false\n"


class OpenSearch:
    """One node with its data in `directory`, on a port that it chooses itself."""

    def __init__(self, directory: Path) -> None:
        layout = Layout(directory)
        layout.create()
        jars = fetch(layout, POM, Interrupt(), others_running=False).root / "opensearch" / "lib"
        home = directory / "home"
        configuration = home / "node_1" / "config"
        configuration.mkdir(parents=True)
        (configuration / "opensearch.yml").write_text(_CONFIGURATION, "utf-8")
        options = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        runner = ["org.codelibs.opensearch.runner.OpenSearchRunner", "-basePath", str(home), "-numOfNode", "1"]
        # Nodes of one name on one machine would find each other.
        name = ["-clusterName", f"test-{uuid.uuid4().hex[:10]}"]
        java = str(find_java(elasticsearch=False).program)
        self._log = layout.log("opensearch")
        command = Command([java, *options, "-cp", f"{jars}/*", *runner, *name], cwd=home)
        self._process = start(command, self._log)
        self._record = Record.of(self._process.pid, port=0)
        self._url = ""

    def wait(self) -> None:
        """Until it answers."""
        deadline = time.monotonic() + START_S
        while not self._answers():
            log = self._log.read_text("utf-8", "replace")
            assert self._process.poll() is None, f"OpenSearch ended with {self._process.returncode}:\n{log}"
            assert time.monotonic() < deadline, f"OpenSearch was not up after {START_S} s:\n{log}"
            time.sleep(0.1)

    def stop(self) -> None:
        left = stop_all({"opensearch": self._record}, Interrupt(), lambda _name, _how: None, grace_s=10.0)
        assert left == []
        self._process.wait(30)

    def request(self, method: str, path: str, body: Any = None) -> Any:
        """The answer to a request, its body as JSON. Raises AssertionError with the reason where it is refused."""
        return self._send(method, path, None if body is None else json.dumps(body).encode(), "application/json")

    def bulk(self, path: str, lines: Iterable[Any]) -> Any:
        """The answer to a bulk request of these actions and documents."""
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        return self._send("POST", path, body, "application/x-ndjson")

    def _send(self, method: str, path: str, body: bytes | None, content_type: str) -> Any:
        request = urllib.request.Request(self._url + path, body, {"Content-Type": content_type}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read().decode('utf-8', 'replace')}") from error

    def _answers(self) -> bool:
        port = re.search(r"^HTTP Port: +(\d+)", self._log.read_text("utf-8", "replace"), re.MULTILINE)
        if port is None:
            return False
        self._url = f"http://127.0.0.1:{port.group(1)}"
        try:
            health = self.request("GET", "/_cluster/health?timeout=1s")
        except (OSError, AssertionError):
            return False
        return health["status"] in {"green", "yellow"}
