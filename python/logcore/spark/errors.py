"""What the processor raises on purpose, and the one line that says why anything else failed."""

from __future__ import annotations

import re
from typing import Any

from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException

__all__ = ["JAVA_ERRORS", "CheckpointError", "OptionsError", "ProcessorError", "java_class", "root_cause"]

JAVA_ERRORS = (Py4JJavaError, PySparkException)
"""What an exception of Java's is in Python: Spark gives some classes, IllegalArgumentException among them, its own."""

_LONGEST = 600
_TRACEBACK = "Traceback (most recent call last):"
# Before the message of the task that failed Spark puts where it ran.
_TASK_PLACE = re.compile(
    r"\AJob aborted due to stage failure:.*?most recent failure: Lost task .*?\)(?: \(.*?\))*: ", re.DOTALL
)
_JAVA_CLASS = re.compile(r"\A(?:[a-z_][\w]*\.)+([A-Z]\w*): ")


class ProcessorError(Exception):
    """The processor can't start or go on; the message is one line that says what to do."""


class OptionsError(ProcessorError):
    """Options that are wrong, as far as it takes more than the command line to see it."""


class CheckpointError(ProcessorError):
    """The checkpoint's folder `logcore` can't be used."""


def java_class(error: BaseException) -> str:
    """The full name of the Java class of one of JAVA_ERRORS; empty where Spark keeps it to itself."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    return "" if java is None else str(java.getClass().getName())


def root_cause(error: BaseException) -> str:
    """One line without a stack trace: the innermost cause of an error of Python, py4j or Spark."""
    java = getattr(error, "java_exception", None) or getattr(error, "_origin", None)
    text = _innermost(java) if java is not None else str(error)
    return _one_line(text) or type(error).__name__


def _innermost(java: Any) -> str:
    text = ""
    # Causes may form a ring.
    for _ in range(30):
        if java is None:
            break
        message = java.getMessage()
        if message:
            name = java.getClass().getSimpleName()
            text = message if _says_enough(name, message) else f"{name}: {message}"
        java = java.getCause()
    return text


def _says_enough(class_name: str, message: str) -> bool:
    return class_name.startswith(("Spark", "Python", "Py4J", "Streaming", "Analysis")) or " " in message


def _one_line(text: str) -> str:
    text = _TASK_PLACE.sub("", text)
    if _TRACEBACK in text:
        text = _raised(text.rpartition(_TRACEBACK)[2])
    text = text.split("\n\tat ", 1)[0].split("\nDriver stacktrace", 1)[0]
    text = _JAVA_CLASS.sub(r"\1: ", " ".join(text.split()))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _raised(frames: str) -> str:
    """The message below a traceback's frames: the first line that isn't indented, and what follows it."""
    lines = frames.splitlines()
    for index, line in enumerate(lines):
        if line.strip() and not line.startswith(" "):
            return "\n".join(lines[index:])
    return frames
