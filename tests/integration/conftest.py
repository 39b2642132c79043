"""Real services for the tests of this folder: started on free ports when a test first asks, stopped at the end.

With LOGCORE_TEST_STACK=DIR the services of `python -m stack up --dir DIR` are used as they run, and left running.
"""

from __future__ import annotations

import argparse
import os
import signal
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from logcore.mysql_options import add_mysql_arguments, mysql_connection
from services import RUNNING_STACK, Stack
from spark_runs import SPARK_35, SPARK_41, Submission, Submit
from verdict_hops import USERS, set_users

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


@pytest.fixture(params=[SPARK_35, SPARK_41], ids=["spark-3.5", "spark-4.1"])
def environment(request: pytest.FixtureRequest) -> Path:
    assert (request.param / "bin" / "spark-submit").is_file(), f"{request.param} has no Spark; make it first"
    return Path(request.param)


@pytest.fixture
def submit(environment: Path, stack: Stack, tmp_path: Path) -> Iterator[Submit]:
    """Starts the processor on the stack's Kafka; whatever still runs at the end is killed."""
    started: list[Submission] = []

    def start(*arguments: str) -> Submission:
        log = tmp_path / f"run-{len(started)}.log"
        started.append(Submission(environment, log, [stack.brokers, *arguments]))
        return started[-1]

    yield start
    for submission in started:
        submission.kill()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    return tmp_path / "checkpoint"


@pytest.fixture
def mysql(stack: Stack) -> dict[str, Any]:
    """How to reach MariaDB, which holds USERS from here on."""
    parser = argparse.ArgumentParser()
    add_mysql_arguments(parser)
    connection = mysql_connection(parser.parse_args(["--mysql-defaults-file", str(stack.mysql_defaults_file)]))
    set_users(connection, USERS)
    return connection


@pytest.fixture
def users_file(tmp_path: Path) -> Path:
    """A CSV that holds USERS."""
    file = tmp_path / "users.csv"
    file.write_text(USERS.csv, "utf-8")
    return file
