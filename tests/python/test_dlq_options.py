"""The command line of python -m logcore.dlq."""

from __future__ import annotations

from pathlib import Path

import pytest

from logcore.dlq.options import Options, parse
from logcore.dlq.place import Place, place_of


def test_each_action_has_its_options(tmp_path: Path) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_text("", "utf-8")
    assert parse(["list", "h:1"]) == Options("list", "h:1")
    listed = parse(["list", "h:1", "--reason", "device", "--reason", "null", "--status", "suspicious", "--json"])
    assert [only.text for only in listed.reasons] == ["device", "null"]
    assert (listed.status, listed.json, listed.topic) == ("suspicious", True, "server-logs-status")
    assert parse(["show", "h:1", "logs:2:19"]).keys == (Place("logs", 2, 19),)
    exported = parse(["export", "h:1", "--output", "x", "--since", "2026-11-25T16:00Z", "--topic", "t"])
    assert (exported.output, exported.since, exported.topic) == ("x", 1_795_622_400_000, "t")
    replay = parse(["replay", "h:1", "--key", "a:0:1", "--key", "a:0:2", "--to", "b", "--yes", "--again"])
    assert (replay.keys, replay.to, replay.yes, replay.again) == ((Place("a", 0, 1), Place("a", 0, 2)), "b", True, True)
    assert parse(["replay", "h:1", "--from", str(file), "--dry-run"]).source == str(file)
    assert parse(["replay", "h:1", "--since", "earliest", "--yes"]).since is None


def test_somebody_at_a_terminal_can_be_asked(capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["replay", "h:1", "--reason", "null"]
    assert not parse(asked, terminal=lambda: True).yes
    with pytest.raises(SystemExit) as ended:
        parse(asked, terminal=lambda: False)
    assert ended.value.code == 2
    assert "give --yes, or --dry-run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "the following arguments are required"),
        (["lst"], "there is no action 'lst'; did you mean list?"),
        (["h:1", "list"], "there is no action 'h:1'; give one of list, show, export, replay"),
        (["list"], "the following arguments are required: BROKERS"),
        (["list", "h"], "'h' is not HOST:PORT"),
        (["list", "h:1", "--reason", "nul"], "did you mean null?"),
        (["list", "h:1", "--sicne", "1h"], "there is no option --sicne; did you mean --since?"),
        (["list", "h:1", "--since", "latest"], "--since latest: that is nothing"),
        (["list", "h:1", "--status", "good"], "invalid choice: 'good'"),
        (["list", "h:1", "--config", "nowhere"], "--config nowhere: No such file or directory"),
        (["show", "h:1"], "the following arguments are required: KEY"),
        (["show", "h:1", "logs:19"], "'logs:19' is not a log's key, topic:partition:offset"),
        (["export", "h:1", "--output", ""], "it is empty"),
        (["replay", "h:1", "--yes"], "say which logs: --reason, --key, --from or --since"),
        (["replay", "h:1", "--reason", "null", "--key", "a:0:1", "--yes"], "not allowed with argument"),
        (["replay", "h:1", "--from", "nowhere", "--yes"], "--from nowhere: no such file"),
        (["replay", "h:1", "--reason", "null", "--contract", "nowhere", "--yes"], "--contract nowhere: no such file"),
        (["replay", "h:1", "--reason", "null", "--to", "server-logs-status", "--yes"], "is the status topic"),
        (["replay", "h:1", "--reason", "null", "--to", "a,b", "--yes"], "'a,b' is not a topic's name"),
    ],
)
def test_a_wrong_option_is_one_line(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(arguments)
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("logcore-dlq: ")
    assert said in line


@pytest.mark.parametrize("arguments", [[], ["list"], ["show"], ["export"], ["replay"]])
def test_help_has_examples(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parse([*arguments, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert f"usage: python -m logcore.dlq {' '.join(arguments)}".strip() in said
    assert "\nexamples:\n  python -m logcore.dlq " in said
    assert "exit status: 0 done" in said


@pytest.mark.parametrize(
    "key",
    ["", "logs", "logs:0", "logs:0:-1", "logs:-0:1", "logs:00:1", "logs:0:01", "logs:0:1 ", "logs:0:1\n", "lo gs:0:1",
     "..:0:0", ".:0:0",
     "logs:2147483648:0", "logs:0:9223372036854775807", "logs:0:10000000000000000000", "logs:\u0661:0", ":0:1",
     f"{'x' * 250}:0:1"],
)  # fmt: skip
def test_no_key_of_the_pipeline(key: str) -> None:
    assert place_of(key) is None


def test_a_key_is_what_its_place_says() -> None:
    for key in ("logs:0:0", "a.b_c-D:2147483647:9223372036854775806"):
        assert str(place_of(key)) == key


def test_a_password_shows_nowhere(tmp_path: Path) -> None:
    config = tmp_path / "kafka.properties"
    config.write_text("sasl.password=hidden\n", "utf-8")
    options = parse(["list", "h:1", "--config", str(config)])
    assert options.config == {"sasl.password": "hidden"}
    assert "hidden" not in repr(options)
