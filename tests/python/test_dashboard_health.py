"""The page's second tab: figures of the pipeline's own processes, as they are scraped."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.client import BadStatusLine
from typing import Any

import pytest

from logcore.dashboard.health import Health, Target
from logcore.dashboard.options import parse

TEXT = """\
# HELP logcore_processor_logs_total Logs judged and written
# TYPE logcore_processor_logs_total counter
logcore_processor_logs_total{{engine="process",status="bad"}} {bad}
# HELP logcore_processor_lag_logs Logs on the topic that are not judged yet
# TYPE logcore_processor_lag_logs gauge
logcore_processor_lag_logs{{engine="process"}} {lag}
# HELP process_open_fds Not ours
# TYPE process_open_fds gauge
process_open_fds 12
"""
URL = "http://127.0.0.1:9402/metrics"


def answers(**values: Any) -> Callable[[str], str]:
    return lambda _: TEXT.format(**values)


def raising(error: Exception) -> Callable[[str], str]:
    def read(_: str) -> str:
        raise error

    return read


def figures(target: Target) -> dict[str, Any]:
    return {each["name"]: each for each in target.shown()["figures"]}


def test_counters_have_a_rate_and_gauges_a_history() -> None:
    target = Target(URL)
    assert target.shown() == {"url": URL, "error": "not read yet", "figures": []}
    for at, (bad, lag) in enumerate([(100, 7), (140, 0), (160, 3)]):
        target.read(answers(bad=bad, lag=lag), 10.0 + 2 * at)
    found = figures(target)
    assert set(found) == {"logcore_processor_logs_total", "logcore_processor_lag_logs"}
    bad = found["logcore_processor_logs_total"]
    assert (bad["value"], bad["rate"], bad["history"]) == (160, 10, [20, 10])
    assert (bad["labels"], bad["text"]) == ({"engine": "process", "status": "bad"}, "Logs judged and written")
    lag = found["logcore_processor_lag_logs"]
    assert (lag["value"], lag["rate"], lag["history"]) == (3, None, [7, 0, 3])
    assert target.shown()["error"] is None


def test_a_process_that_began_anew_has_no_rate_below_nothing() -> None:
    target = Target(URL)
    for at, bad in enumerate([100, 200, 5, 25]):
        target.read(answers(bad=bad, lag=0), 2.0 * at)
    assert figures(target)["logcore_processor_logs_total"]["history"] == [10]


def test_a_target_that_goes_away_says_so_and_keeps_what_it_said() -> None:
    target = Target(URL)
    target.read(answers(bad=1, lag=2), 0.0)
    target.read(raising(ConnectionRefusedError(111, "Connection refused")), 2.0)
    assert target.shown()["error"] == "[Errno 111] Connection refused"
    assert figures(target)["logcore_processor_lag_logs"]["value"] == 2
    # As where a port speaks TLS: no error of the system's, and none of values.
    target.read(raising(BadStatusLine("\x15\x03")), 3.0)
    assert "\x15" in str(target.shown()["error"])
    target.read(lambda _: "<html>not a metric", 4.0)
    assert target.shown()["error"] not in (None, "[Errno 111] Connection refused")


def test_what_is_odd_is_no_trouble() -> None:
    target = Target(URL)
    target.read(answers(bad=1, lag="NaN"), 0.0)
    assert figures(target)["logcore_processor_lag_logs"]["value"] is None
    json.dumps(target.shown(), allow_nan=False)
    # Series without end, which a hostile or broken process could answer with.
    many = "# TYPE logcore_x gauge\n" + "".join(f'logcore_x{{n="{number}"}} 1\n' for number in range(1_000))
    target.read(lambda _: many, 2.0)
    assert len(target.shown()["figures"]) == 300
    # One that is no longer there, such as the last users' version, is not shown any more.
    target.read(answers(bad=1, lag=1), 4.0)
    assert set(figures(target)) == {"logcore_processor_logs_total", "logcore_processor_lag_logs"}


def test_without_targets_there_is_nothing() -> None:
    health = Health([])
    assert health.view("status") == {"topic": "status", "targets": []}
    health.close()


def test_targets_are_addresses(capsys: pytest.CaptureFixture[str]) -> None:
    options = parse(["b:9092", "--metrics", "127.0.0.1:9402", "--metrics", "http://[::1]:9403/metrics"])
    assert options.metrics == (URL, "http://[::1]:9403/metrics")
    for wrong in ("nonsense", "http://user:secret@h:1/", "ftp://h:1/", "h:99999", "["):
        with pytest.raises(SystemExit):
            parse(["b:9092", "--metrics", wrong])
        assert "is neither HOST:PORT nor a URL" in capsys.readouterr().err
