"""How much memory moving a backlog takes at most, by what takes it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from stack.layout import REPOSITORY

__all__ = ["peaks"]

_EVERY_S = 0.1
_CALLED = {"java": "JVM", "pyspark.daemon": "Python workers, together"}


def peaks(command: Sequence[str], environment: dict[str, str]) -> dict[str, float]:
    """The most that processes of `command`, until it ends, had in memory at a time: MiB of resident memory, by kind."""
    most: dict[str, float] = {}
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, **environment}, stdout=output, stderr=output
        )
        while process.poll() is None:
            for kind, mebibytes in _now(process.pid).items():
                most[kind] = max(most.get(kind, 0.0), mebibytes)
            time.sleep(_EVERY_S)
        if process.returncode != 0:
            output.seek(0)
            said = output.read().decode(errors="replace")
            sys.exit(f"bench: {command[0]} ended with {process.returncode}:\n{said[-2000:]}")
    return most


def _now(root: int) -> dict[str, float]:
    parents, texts = {}, {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            status = (folder / "status").read_text()
            called = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        parent, resident = re.search(r"^PPid:\s+(\d+)", status, re.M), re.search(r"^VmRSS:\s+(\d+)", status, re.M)
        if parent and resident:
            parents[int(folder.name)] = int(parent[1])
            texts[int(folder.name)] = (called, int(resident[1]) / 1024)
    found: dict[str, float] = {}
    for process, (called, mebibytes) in texts.items():
        if _descends(process, root, parents):
            kind = next((kind for word, kind in _CALLED.items() if word in called), "Python")
            found[kind] = found.get(kind, 0.0) + mebibytes
    return found


def _descends(process: int, root: int, parents: dict[int, int]) -> bool:
    while process != root and process in parents:
        process = parents[process]
    return process == root
