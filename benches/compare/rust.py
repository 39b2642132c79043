"""The Rust decoders of benches/rivals: serde_json, simd-json and sonic-rs, each with the same rules, users and columns.

They run in a process of their own, batch by batch as logcore does. Built without target-cpu=native, as logcore is:
simd-json looks at run time what the processor can do, sonic-rs takes what the compiler's target has, on x86-64 SSE2.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from stack.layout import REPOSITORY

if TYPE_CHECKING:
    from benches.compare.logs import Logs

__all__ = ["rust_rivals", "rust_version"]

_PACKAGE = REPOSITORY / "benches" / "rivals"


@contextmanager
def rust_rivals(logs: Logs) -> Iterator[Callable[[], dict[str, float]]]:
    """Builds the decoders and lends what runs each once, warmed up: how long each took, under its name and version.

    That ends the program where one counts other statuses than the logs were made with.
    """
    build = ["cargo", "build", "--quiet", "--release", "--locked"]
    if subprocess.run(build, cwd=_PACKAGE, check=False).returncode:
        sys.exit("bench: benches/rivals can't be built")
    with tempfile.TemporaryDirectory(prefix="logcore-bench-") as folder:
        values, users = Path(folder) / "logs.jsonl", Path(folder) / "users.csv"
        values.write_text("\n".join(logs.batch["value"].to_pylist()), encoding="utf-8")
        users.write_text("\n".join(f"{account},{device}" for account, device in logs.pairs), encoding="utf-8")
        yield lambda: _run([str(values), str(users), "1"], logs.counts)


def _run(arguments: list[str], made: dict[str, int]) -> dict[str, float]:
    command = [str(_PACKAGE / "target" / "release" / "rivals"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"bench: {done.stderr.strip()}")
    seconds = {}
    for name, figures in json.loads(done.stdout).items():
        counts = {status: count for status, count in figures["counts"].items() if count}
        if counts != made:
            sys.exit(f"bench: {name} counts {counts}, the logs were made as {made}")
        (seconds[f"{name} {rust_version(name)}"],) = figures["seconds"]
    return seconds


def rust_version(package: str) -> str:
    """The version that benches/rivals/Cargo.lock pins."""
    lines = (_PACKAGE / "Cargo.lock").read_text(encoding="utf-8").splitlines()
    return lines[lines.index(f'name = "{package}"') + 1].removeprefix('version = "').removesuffix('"')
