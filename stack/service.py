"""What the three services have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path

from stack.layout import Layout
from stack.process import Command

__all__ = ["Service"]


class Service(ABC):
    """One service of one stack: how to set it up and start it.

    :meth:`prepare` writes configuration and is quick. A service whose data are made once by a program of their own
    gives that program as :meth:`initialisation`; the file `initialised_marker` then says that it ended well, and
    :meth:`prepare` throws data without it away, being half made.
    """

    name: str

    def __init__(self, layout: Layout, port: int) -> None:
        self.layout = layout
        self.port = port

    @property
    def home(self) -> Path:
        """The service's folder: its configuration and data."""
        return self.layout.data(self.name)

    @property
    def log(self) -> Path:
        return self.layout.log(self.name)

    @property
    def initialised_marker(self) -> Path:
        return self.home / "initialised"

    @abstractmethod
    def prepare(self) -> None:
        """Makes folders and writes configuration files."""

    def initialisation(self) -> Command | None:
        """The program that makes the data; None if there is nothing to make."""
        return None

    @abstractmethod
    def server(self) -> Command:
        """The program that stays."""
