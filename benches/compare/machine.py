"""What the figures were measured on, and with."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

from benches.compare.rust import rust_version

__all__ = ["machine", "versions"]

_PYTHON = ("logcore-streaming", "polars", "duckdb", "pyarrow", "jsonschema", "pyspark")
_RUST = ("serde_json", "simd-json", "sonic-rs")


def machine() -> dict[str, object]:
    """The processor's name, the cores that this process may use, and the system."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return {
        "cpu": names[0] if names else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Of everything that is compared, of Python and of the Rust compiler."""
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True, check=True).stdout.split()[1]
    return {
        "python": platform.python_version(),
        "rustc": rustc,
        **{name: version(name) for name in _PYTHON},
        **{name: rust_version(name) for name in _RUST},
    }
