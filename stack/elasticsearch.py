"""Elasticsearch: one node without security, reachable from this machine only."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

from stack import unprivileged
from stack.artifacts import Artifacts
from stack.java import Java
from stack.layout import Layout
from stack.ports import HOST
from stack.process import Command
from stack.service import Service

__all__ = ["Elasticsearch"]

_LOG4J = """\
status = error
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
"""


class Elasticsearch(Service):
    """Runs as `nobody` when root starts it, then perhaps outside of the stack's own folder (see `unprivileged`)."""

    name = "elasticsearch"

    def __init__(self, layout: Layout, artifacts: Artifacts, java: Java, port: int) -> None:
        super().__init__(layout, port)
        self._artifacts = artifacts
        self._java = java
        self._user: tuple[int, int] | None = None
        self._place = layout.root
        self._distribution = artifacts.elasticsearch

    @property
    def home(self) -> Path:
        return self._place / self.name

    def prepare(self) -> None:
        self._user = unprivileged.user()
        if self._user is not None:
            unprivileged.require_java_for(self._user, self._java)
            self._place = unprivileged.place_for(self.layout, self._user)
            if self._place != self.layout.root:
                self._distribution = self._copied_distribution()
        configuration = self.home / "config"
        shutil.rmtree(self.home / "tmp", ignore_errors=True)
        for folder in (configuration, self.home / "data", self.home / "tmp"):
            folder.mkdir(parents=True, exist_ok=True)
        (configuration / "elasticsearch.yml").write_text(self._configuration(), encoding="utf-8")
        (configuration / "log4j2.properties").write_text(_LOG4J, encoding="utf-8")
        (configuration / "jvm.options").write_text(
            "-Xms512m\n-Xmx1g\n-XX:+UseG1GC\n-XX:+ExitOnOutOfMemoryError\n-Djava.io.tmpdir=${ES_TMPDIR}\n",
            encoding="ascii",
        )
        if self._user is not None:
            self.home.chmod(0o755)
            unprivileged.give(self.home, self._user)

    def server(self) -> Command:
        environment = {
            "ES_JAVA_HOME": str(self._java.home),
            "ES_PATH_CONF": str(self.home / "config"),
            "ES_TMPDIR": str(self.home / "tmp"),
            "ES_JAVA_OPTS": "",
        }
        argv = [str(self._distribution / "bin" / "elasticsearch")]
        return Command(argv, cwd=self.home, environment=environment, user=self._user)

    def _copied_distribution(self) -> Path:
        """The distribution where `nobody` can read it; the folder gets its name when it is whole."""
        copy = self._place / f"distribution-{self._artifacts.root.name}"
        if not copy.exists():
            for old in self._place.glob("distribution-*"):
                shutil.rmtree(old)
            part = copy.with_name(copy.name + ".part")
            shutil.copytree(self._artifacts.elasticsearch, part)
            part.rename(copy)
        return copy

    def _configuration(self) -> str:
        # JSON strings are YAML strings too, whatever the path holds.
        return f"""\
# Written anew by every `python -m stack up`.
cluster.name: logcore
node.name: logcore
path.data: {json.dumps(os.fspath(self.home / "data"))}
path.logs: {json.dumps(os.fspath(self.home / "tmp"))}
network.host: {HOST}
http.port: {self.port}
discovery.type: single-node
xpack.security.enabled: false
xpack.ml.enabled: false
# On a nearly full disk Elasticsearch would make its indices read-only, and the pipeline would look broken.
cluster.routing.allocation.disk.threshold_enabled: false
"""
