"""The Java that Kafka and Elasticsearch run on."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from stack.error import StackError

__all__ = ["Java", "find_java", "parse_settings"]

_INSTALL = "install a JDK 17 (Debian, Ubuntu: apt-get install openjdk-17-jdk-headless) or set JAVA_HOME to one"
OLDEST = 17
NEWEST_FOR_ELASTICSEARCH = 23
"""Elasticsearch 8.11 needs the security manager, which JDK 24 took away."""


@dataclass(frozen=True)
class Java:
    """A Java installation: its folder (as ``java.home`` says) and its major version."""

    home: Path
    version: int

    @property
    def program(self) -> Path:
        return self.home / "bin" / "java"


def find_java(elasticsearch: bool) -> Java:
    """JAVA_HOME's java, else the PATH's. Raises :class:`StackError` if there is none or its version does not fit."""
    program = _program()
    try:
        answer = subprocess.run(
            [program, "-XshowSettings:properties", "-version"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
            start_new_session=True,
        ).stdout.decode("utf-8", "replace")
    except (OSError, subprocess.TimeoutExpired) as error:
        raise StackError(f"{program} does not run ({error}): {_INSTALL}") from error
    settings = parse_settings(answer)
    if settings is None:
        raise StackError(f"{program} does not say its version: {_INSTALL}")
    home, version = settings
    if version < OLDEST:
        raise StackError(f"{program} is Java {version}, and Kafka 4 needs {OLDEST} or newer: {_INSTALL}")
    if elasticsearch and version > NEWEST_FOR_ELASTICSEARCH:
        raise StackError(
            f"{program} is Java {version}, and Elasticsearch 8.11 runs on"
            f" {OLDEST} to {NEWEST_FOR_ELASTICSEARCH}: {_INSTALL}"
        )
    return Java(home=Path(home), version=version)


def parse_settings(text: str) -> tuple[str, int] | None:
    """(java.home, major version) from the output of ``java -XshowSettings:properties -version``."""
    home = re.search(r"^\s*java\.home = (.+?)\s*$", text, re.M)
    version = re.search(r"^\s*java\.specification\.version = (?:1\.)?(\d+)", text, re.M)
    if home is None or version is None:
        return None
    return home.group(1), int(version.group(1))


def _program() -> str:
    home = os.environ.get("JAVA_HOME")
    if home:
        program = Path(home) / "bin" / "java"
        if not os.access(program, os.X_OK):
            raise StackError(f"JAVA_HOME is {home}, which holds no bin/java: {_INSTALL}")
        return str(program)
    found = shutil.which("java")
    if found is None:
        raise StackError(f"java is not on the PATH: {_INSTALL}")
    return found
