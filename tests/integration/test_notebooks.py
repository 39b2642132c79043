"""Each notebook runs from a clean kernel, on the installed wheel, over logs that came through the real pipeline."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from commands import Command
from kafka_records import USERS, produce_logs, send, status_records, statuses_of
from logcore import Classifier, Contract
from logcore._core import ensure_topic, send_records
from services import REPOSITORY, Stack

NOTEBOOKS = REPOSITORY / "notebooks"
NAMES = ["explore-a-topic", "tune-a-job", "your-own-contract"]
MOST_BYTES = 100_000
"""A notebook is committed with its outputs, small enough for a diff to be read."""
RENTALS = """\
apiVersion: v3.1.0
kind: DataContract
id: rentals
version: 1.0.0
status: active
schema:
  - name: rentals
    logicalType: object
    properties:
      - {name: time, logicalType: string, required: true}
      - {name: count, logicalType: integer}
      - {name: class, logicalType: array, items: {logicalType: string}}
      - name: $a$
        logicalType: object
        properties:
          - {name: $_$, logicalType: integer, required: true}
"""
"""Names that mean something to pandas, to Python or to matplotlib."""


class Notebook:
    """One that was run from a clean kernel, where no source lies beside it: what it imports is the wheel."""

    def __init__(self, folder: Path, name: str, **variables: str) -> None:
        path = folder / f"{name}.ipynb"
        path.write_bytes((NOTEBOOKS / path.name).read_bytes())
        done = subprocess.run(
            [
                sys.executable, "-m", "pytest", "--nbmake", "--overwrite", "--nbmake-timeout=240", "-q",
                "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(folder), str(path),
            ],
            cwd=folder, env={**os.environ, **variables}, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 passed" in done.stdout
        self.outputs = outputs_of(path)

    @property
    def text(self) -> str:
        """Whatever its cells print and show, without pictures and HTML."""
        return "\n".join(shown.get("text/plain", "") for shown in self.outputs)


def code_cells(path: Path) -> list[dict[str, Any]]:
    return [cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"]


def outputs_of(path: Path) -> list[dict[str, str]]:
    """For each output its text by media type; what is printed counts as plain text."""
    outputs = [output for cell in code_cells(path) for output in cell["outputs"] if output.get("name") != "stderr"]
    shown = [output.get("data", {"text/plain": output.get("text", "")}) for output in outputs]
    return [{kind: "".join(lines) for kind, lines in each.items()} for each in shown]


@pytest.fixture
def explored(stack: Stack, tmp_path: Path) -> Callable[[str], str]:
    """What explore-a-topic shows of a topic."""
    return lambda topic: (
        Notebook(tmp_path, "explore-a-topic", LOGCORE_BROKERS=stack.brokers, LOGCORE_STATUS_TOPIC=topic).text
    )


def test_a_job_is_tuned(stack: Stack, tmp_path: Path) -> None:
    text = Notebook(tmp_path, "tune-a-job", LOGCORE_BROKERS=stack.brokers, LOGCORE_TUNE_LOGS="5000").text
    assert "2 thread(s) {1: " in text


def test_what_is_stored_of_your_own_contract_is_what_it_shows_now(tmp_path: Path) -> None:
    def without_addresses(outputs: list[dict[str, str]]) -> list[dict[str, str]]:
        return [{kind: re.sub("at 0x[0-9a-f]+", "at", text) for kind, text in each.items()} for each in outputs]

    now = Notebook(tmp_path, "your-own-contract").outputs
    assert without_addresses(outputs_of(NOTEBOOKS / "your-own-contract.ipynb")) == without_addresses(now)


class TestExploreATopic:
    def test_logs_that_came_through_the_pipeline(
        self, stack: Stack, topic: Callable[[str], str], tmp_path: Path, explored: Callable[[str], str]
    ) -> None:
        (tmp_path / "users.csv").write_text(USERS.csv, "utf-8")
        produce_logs(stack.brokers, topic("logs"), 2_000)
        options = ["--input", topic("logs"), "--output", topic("status"), "--group", topic("status")]
        users = ["--users", str(tmp_path / "users.csv"), "--no-tables"]
        command = Command(tmp_path, "processor", stack.brokers, *options, *users, "--trigger", "available-now")
        assert command.wait() == 0
        text = explored(topic("status"))
        assert "2,000 verdicts; 0 records are no verdicts" in text
        assert "location_country" in text
        assert "device: device_mismatch" in text
        assert f"{topic('logs')}:" in text

    def test_an_empty_topic(self, stack: Stack, topic: Callable[[str], str], explored: Callable[[str], str]) -> None:
        ensure_topic(stack.brokers, topic("empty"))
        text = explored(topic("empty"))
        assert "0 verdicts; 0 records are no verdicts\nThere is no verdict to look at" in text
        assert "No log has a time to be drawn at." in text
        assert "0 bad logs" in text

    def test_records_that_are_no_verdicts(
        self, stack: Stack, topic: Callable[[str], str], explored: Callable[[str], str]
    ) -> None:
        log = {
            "event_id": "0" * 32, "account_id": 1, "event_type": "click", "device": "OTHER", "location_country": "DE",
            "event_timestamp": 1_700_000_000,
        }  # fmt: skip
        (verdict,) = statuses_of([json.dumps(log)])
        foreign = [None, b"", b"no JSON", b"\xff", b"[]", b"[" * 100_000, b"7", b"{}", verdict.value[:-1]]
        ensure_topic(stack.brokers, topic("mixed"))
        key = verdict.key.encode()
        records = [(key, value, []) for value in [*foreign, verdict.value]]
        send_records(stack.brokers, topic("mixed"), [*records, (None, verdict.value, [])])
        text = explored(topic("mixed"))
        assert f"1 verdicts; {len(foreign) + 1} records are no verdicts" in text
        assert "0" * 32 in text
        assert "There is no verdict" not in text

    def test_verdicts_that_the_pipeline_would_hardly_write(
        self, stack: Stack, topic: Callable[[str], str], explored: Callable[[str], str]
    ) -> None:
        times = [None, 7, "", "0001-01-01T00:00:00.000Z", "1970-01-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"]
        records = [
            {
                "status": "bad", "reasons": [{"path": "$\\frac$", "code": "\0"}], "raw_base64": "not base64",
                "source": {"topic": "logs", "partition": 0, "offset": offset}, "@timestamp": time, "text": "\0",
            }
            for offset, time in enumerate(times)
        ]  # fmt: skip
        ensure_topic(stack.brokers, topic("odd"))
        named = [(f"logs:0:{offset}".encode(), json.dumps(each).encode(), []) for offset, each in enumerate(records)]
        send_records(stack.brokers, topic("odd"), named)
        assert "6 verdicts; 0 records are no verdicts" in explored(topic("odd"))

    @pytest.mark.parametrize("bad", [False, True], ids=["good alone", "bad as well"])
    def test_another_contract(
        self, bad: bool, stack: Stack, topic: Callable[[str], str], explored: Callable[[str], str]
    ) -> None:
        good = [b'{"time": "noon", "count": 7, "class": ["a", "b"], "$a$": {"$_$": 1}}', b'{"time": "night"}']
        logs = good + bad * [b'{"time": 5, "$a$": {"$_$": "x"}}', b"\xff", b"", None]
        batch = pa.record_batch(
            {
                "value": pa.array(logs, pa.binary()),
                "topic": ["rentals"] * len(logs),
                "partition": pa.array([0] * len(logs), pa.int32()),
                "offset": pa.array(range(len(logs)), pa.int64()),
                "timestamp": pa.array([1_700_000_000_000] * len(logs), pa.timestamp("ms", "UTC")),
            }
        )
        send(stack.brokers, topic("rentals"), status_records(Classifier(Contract.parse(RENTALS)).judge(batch)))
        text = explored(topic("rentals"))
        assert f"{len(logs)} verdicts; 0 records are no verdicts" in text
        for shown in ("count", "class", "$a$", "{'$_$': 1}", "[a, b]"):
            assert shown in text
        assert ("$a$.$_$: wrong_type" in text) is bad
        assert (r"b'\xff'" in text) is bad


def test_all_are_committed_with_their_outputs() -> None:
    assert sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb")) == NAMES
    for name in NAMES:
        path = NOTEBOOKS / f"{name}.ipynb"
        cells = code_cells(path)
        assert [cell["execution_count"] for cell in cells] == list(range(1, len(cells) + 1)), name
        assert not [out for cell in cells for out in cell["outputs"] if out["output_type"] == "error"], name
        assert path.stat().st_size < MOST_BYTES, name
        # Nobody's machine.
        text = path.read_text("utf-8")
        for machine in ("/root/", "/home/", "/tmp/", "/work/", "site-packages"):
            assert machine not in text, (name, machine)
