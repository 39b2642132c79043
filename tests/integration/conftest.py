"""Real services for the tests of this folder: started on free ports when a test first asks, stopped at the end.

With LOGCORE_TEST_STACK=DIR the services of `python -m stack up --dir DIR` are used as they run, and left running.
"""

from __future__ import annotations

import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from services import RUNNING_STACK, Stack

# A shell has Ctrl-C ignored in what it starts in the background, and every process started from there inherits that;
# the tests' commands must hear it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    running = os.environ.get(RUNNING_STACK)
    if running:
        yield Stack(Path(running).resolve(), ours=False)
        return
    started = Stack(tmp_path_factory.mktemp("stack"), ours=True)
    try:
        yield started
    finally:
        started.down()


@pytest.fixture
def topic() -> Callable[[str], str]:
    """Makes names of topics that no other test, and no earlier run on the same services, has used."""
    unique = uuid.uuid4().hex[:10]
    return lambda purpose: f"test-{unique}-{purpose}"
