"""Where one stack keeps its things."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

__all__ = ["REPOSITORY", "SERVICE_NAMES", "Layout", "shown", "write_private"]

REPOSITORY = Path(__file__).resolve().parent.parent
SERVICE_NAMES = ("kafka", "mariadb", "elasticsearch")


@dataclass(frozen=True)
class Layout:
    """The folder of one stack: ``artifacts/``, ``logs/``, ``run/`` and one folder of data a service."""

    root: Path

    @property
    def artifacts(self) -> Path:
        """One folder for each version of pom.xml, named by its hash."""
        return self.root / "artifacts"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """Records of running processes, and MariaDB's socket."""
        return self.root / "run"

    @property
    def lock(self) -> Path:
        return self.root / "lock"

    @property
    def mysql_defaults(self) -> Path:
        """A MySQL defaults file (``[client]`` host, port, user, password), readable by its owner only."""
        return self.root / "mysql.cnf"

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def record(self, service: str) -> Path:
        """Where the running process of one service is written down."""
        return self.run / f"{service}.json"

    def data(self, service: str) -> Path:
        """The folder of one service: its configuration and its data."""
        return self.root / service

    def create(self) -> None:
        """Makes the folders that every command needs."""
        for folder in (self.root, self.artifacts, self.logs, self.run):
            folder.mkdir(parents=True, exist_ok=True)

    @property
    def key(self) -> str:
        """A short name for this folder, for what has to lie outside of it."""
        return hashlib.sha256(os.fsencode(self.root)).hexdigest()[:12]


def shown(path: Path) -> str:
    """The path as a person standing in the current folder would type it."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def write_private(path: Path, text: str) -> None:
    """Writes a file of mode 600 and never lets another user see a part of it."""
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)
