"""The command line of logcore.tail."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from logcore.tail.options import parse


def test_what_is_not_given_has_its_default() -> None:
    options = parse(["k:9092"])
    assert (options.brokers, options.topic, options.since, options.color) == (
        "k:9092", "server-logs-status", "latest", "auto",
    )  # fmt: skip
    assert (options.statuses, options.reasons, options.count) == (frozenset(), (), None)
    assert [options.json, options.wide, options.until_end, options.endless] == [False, False, False, True]


def test_it_begins_now_unless_only_what_is_there_is_asked_for() -> None:
    assert parse(["k:9092", "--until-end"]).since == "earliest"
    assert parse(["k:9092", "--until-end", "--since", "latest"]).since == "latest"
    assert parse(["k:9092", "--count", "3"]).since == "latest"
    assert parse(["k:9092", "--since", "2023-11-14T22:13:20Z"]).since == 1_700_000_000_000


def test_statuses_are_a_list_or_several_options() -> None:
    for arguments in (["--status", "bad,suspicious"], ["--status", "bad", "--status", "suspicious , bad"]):
        assert parse(["k:9092", *arguments]).statuses == {"bad", "suspicious"}


def test_only_logs_that_have_reasons_are_looked_into_for_one() -> None:
    assert parse(["k:9092", "--reason", "null"]).statuses == {"bad", "suspicious"}
    assert parse(["k:9092", "--reason", "null", "--status", "good,bad"]).statuses == {"bad"}
    reasons = parse(["k:9092", "--reason", "null", "--reason", "device:missing"]).reasons
    found = [any(one.matches([{"path": p, "code": c}]) for one in reasons) for p, c in
             (("x", "null"), ("device", "missing"), ("device", "wrong_type"))]  # fmt: skip
    assert found == [True, True, False]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "BROKERS"),
        (["kafka"], "'kafka' is not HOST:PORT"),
        (["k:9092", "--topic", "a,b"], "'a,b' is not a topic's name"),
        (["k:9092", "--status", "bda"], "'bda' is no status; did you mean bad?"),
        (["k:9092", "--status", "bad,"], "'' is no status; there are good, bad, suspicious"),
        (["k:9092", "--status", "good", "--reason", "null"], "a good log has no reasons"),
        (["k:9092", "--reason", "mising"], "did you mean missing?"),
        (["k:9092", "--since", "yesterday"], "'yesterday' is none of: earliest, latest, 90s"),
        (["k:9092", "--count", "0"], "'0' is not a whole number above 0"),
        (["k:9092", "--color", "red"], "invalid choice: 'red'"),
        (["k:9092", "--config", "/nowhere"], "--config /nowhere: No such file"),
        (["k:9092", "--follow"], "there is no option --follow"),
        (["k:9092", "--nope"], "there is no option --nope; see"),
        (["k:9092", "--until"], "there is no option --until; did you mean --until-end?"),
    ],
)
def test_a_wrong_option_is_one_line_and_status_2(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        parse(arguments)
    assert stopped.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("logcore-tail: ")
    assert message in line


def test_a_file_may_set_properties_and_is_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text("sasl.password=hidden\n", "utf-8")
    options = parse(["k:9092", "--config", str(file)])
    assert dict(options.config) == {"sasl.password": "hidden"}
    assert "hidden" not in repr(options)


def test_the_help_has_examples() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "logcore.tail", "--help"], capture_output=True, text=True, check=True, timeout=60
    )
    assert "examples:" in shown.stdout
    assert "--until-end" in shown.stdout
