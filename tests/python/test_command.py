"""The console script logcore."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

import logcore
from logcore import command, one_line_parser

PACKAGE = Path(command.__file__).parent


@pytest.fixture(autouse=True)
def _names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that are run in this process leave their names to other tests as they were."""
    monkeypatch.setattr(one_line_parser, "_start", one_line_parser._start)


def call(*arguments: str, module: str = "logcore.command", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments], capture_output=True, text=True, check=False, timeout=60,
        env={**os.environ, **environment},
    )  # fmt: skip


def modules_of_commands() -> set[str]:
    """The modules whose first line says that they are run with python -m."""
    found = set()
    for file in [*PACKAGE.glob("*.py"), *PACKAGE.glob("*/__main__.py")]:
        name = file.parent.name if file.name == "__main__.py" else file.stem
        if file.read_text("utf-8").startswith(f'"""``python -m logcore.{name}``'):
            found.add(name)
    return found


def test_every_command_is_known_and_every_known_one_is_a_command() -> None:
    assert modules_of_commands() == set(command._available())
    assert set(command._available()) <= set(command.COMMANDS)


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"], ["--help", "tail"]])
def test_without_a_command_all_are_listed(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(arguments) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("usage: logcore COMMAND ...\n")
    for name in modules_of_commands():
        assert f"\n  {name.ljust(9)}  {command.COMMANDS[name]}\n" in shown
    assert max(map(len, shown.splitlines())) <= 100


def test_a_command_that_is_not_installed_is_not_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "tail").mkdir()
    (tmp_path / "tail" / "__main__.py").touch()
    (tmp_path / "verify").mkdir()
    (tmp_path / "users.py").touch()
    monkeypatch.setattr(command, "__file__", str(tmp_path / "command.py"))
    assert command.main([]) == 0
    listed = capsys.readouterr().out.partition("commands:\n")[2].partition("\n\n")[0]
    assert [line.split()[0] for line in listed.splitlines()] == ["users", "tail"]
    assert command.main(["verify"]) == 2


@pytest.mark.parametrize("name", sorted(command.COMMANDS))
def test_help_and_errors_name_a_command_as_it_was_called(name: str) -> None:
    ours, directly = call(name, "--help"), call("--help", module=f"logcore.{name}")
    assert (ours.returncode, ours.stderr) == (directly.returncode, directly.stderr) == (0, "")
    assert ours.stdout.startswith(f"usage: logcore {name} ")
    assert f"\n  logcore {name} " in ours.stdout
    assert "python -m" not in ours.stdout
    assert ours.stdout.split() == directly.stdout.replace("python -m logcore.", "logcore ").split()
    said = call(name, "--no-such").stderr
    assert said.startswith(f"logcore-{name}: ")
    assert said.endswith(f"; see logcore {name} --help\n")


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--version"]) == 0
    assert capsys.readouterr().out == f"logcore {logcore.__version__}\n"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("tial", "there is no command 'tial'; did you mean tail?"),
        ("usres", "there is no command 'usres'; did you mean users?"),
        ("xyzzy", "there is no command 'xyzzy'"),
        ("spark", "there is no command 'spark'"),
        ("", "there is no command ''"),
        ("--vresion", "there is no option --vresion; did you mean --version?"),
        ("-x", "there is no option -x"),
    ],
)
def test_a_wrong_command_is_one_line_and_status_2(given: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main([given]) == 2
    shown, line = capsys.readouterr()
    assert shown == ""
    assert line == f"logcore: {said}; see logcore --help\n"


def test_arguments_and_exit_status_are_those_of_the_command(tmp_path: Path) -> None:
    done = call("users", "--csv", str(tmp_path / "users.csv"), "--accounts", "3")
    assert (done.returncode, done.stderr) == (0, "")
    assert len((tmp_path / "users.csv").read_text("utf-8").splitlines()) == 4
    assert call("contract", "check", str(tmp_path / "none.yaml")).returncode == 1
    wrong = call("tail")
    assert wrong.returncode == 2
    assert len(wrong.stderr.splitlines()) == 1


def test_a_package_that_is_missing_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'numpy.core'", name="numpy.core")

    monkeypatch.setattr("runpy.run_module", missing)
    monkeypatch.setattr(sys, "argv", ["logcore"])
    monkeypatch.setattr("importlib.metadata.requires", lambda _: ["pyarrow>=12", "numpy>=1.21 ; extra == 'numpy'"])
    assert command.main(["tail"]) == 1
    assert capsys.readouterr().err == (
        "logcore: tail needs the package numpy, which is not installed: pip install 'numpy>=1.21' (the extra 'numpy' "
        "of logcore-streaming)\n"
    )
    monkeypatch.setattr("importlib.metadata.requires", lambda _: None)
    assert command.main(["tail"]) == 1
    assert capsys.readouterr().err == "logcore: tail needs the package numpy, which is not installed\n"


def test_a_module_of_ours_that_is_missing_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'logcore.gone'", name="logcore.gone")

    monkeypatch.setattr("runpy.run_module", missing)
    monkeypatch.setattr(sys, "argv", ["logcore"])
    with pytest.raises(ModuleNotFoundError):
        command.main(["tail"])


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ("elasticsearch<9,>=8.11 ; extra == 'elasticsearch'", "(the extra 'elasticsearch' of logcore-streaming)"),
        ('Elastic-Search>=1; extra == "x"', None),
        ("elasticsearch-dsl>=1", None),
        ("elasticsearch", ""),
    ],
)
def test_what_to_install_is_what_the_distribution_requires(requirement: str, said: str | None) -> None:
    found = command._requirement("elasticsearch", ["pyarrow>=12", requirement])
    if said is None:
        assert found is None
    else:
        wanted = requirement.partition(";")[0].strip()
        assert found == f"pip install '{wanted}' {said}".strip()


def test_nothing_heavy_is_imported_before_the_command_is_known() -> None:
    script = textwrap.dedent("""\
        import sys
        from logcore.command import main
        main(["--help"])
        heavy = {"argparse", "pyarrow", "numpy", "pathlib", "runpy", "importlib.metadata", "elasticsearch", "json"}
        print(*(heavy & set(sys.modules)), file=sys.stderr)
        """)
    # -S: this environment's own .pth files import what they like.
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    done = subprocess.run(
        [sys.executable, "-S", "-c", script], capture_output=True, text=True, check=True, timeout=60, env=environment
    )
    assert done.stderr.split() == []


def test_a_reader_that_leaves_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "logcore.command"], stdout=writing, stderr=subprocess.PIPE, check=False, timeout=60
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_one_line() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "logcore.command"], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 1
    assert done.stderr == "logcore: standard output can't be written to: No space left on device\n"
