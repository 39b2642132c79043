"""A user and a place for the one service that refuses to run as root."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import stat
import subprocess
from pathlib import Path

from stack.error import StackError
from stack.java import Java
from stack.layout import Layout

__all__ = ["give", "outside_folder", "place_for", "require_java_for", "user"]

_ACCOUNT = "nobody"


def user() -> tuple[int, int] | None:
    """(uid, gid) to run as if we are root, else None: then we run as who we are."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(_ACCOUNT)
    except KeyError as error:
        raise StackError(
            f"Elasticsearch does not run as root, and there is no user {_ACCOUNT}: run the stack as an ordinary user"
        ) from error
    return entry.pw_uid, entry.pw_gid


def outside_folder(layout: Layout) -> Path:
    """Where Elasticsearch lives if `nobody` cannot reach the stack's folder (a checkout under /root, say).

    In /var/tmp, which outlives a reboot as the rest of the stack does.
    """
    return Path("/var/tmp") / f"logcore-stack-{layout.key}"  # noqa: S108 - made with an owner check


def place_for(layout: Layout, account: tuple[int, int]) -> Path:
    """The stack's own folder if `account` can reach it, else :func:`outside_folder`, made for this stack.

    A folder outside remembers whose it is: after somebody deleted ``.stack`` by hand, the old indices there must not
    meet a new and empty Kafka.
    """
    if _runs(["test", "-x", str(layout.root)], account):
        return layout.root
    identity = layout.root / "identity"
    if not identity.exists():
        identity.write_text(secrets.token_hex(16) + "\n", encoding="ascii")
    folder = outside_folder(layout)
    owner = folder / "owner"
    if folder.is_symlink() or (folder.exists() and not _is_roots_own(folder)):
        raise StackError(f"{folder} belongs to somebody else: delete it, or choose another folder with --dir")
    if folder.exists() and (not owner.exists() or owner.read_text("ascii") != identity.read_text("ascii")):
        shutil.rmtree(folder)
    folder.mkdir(mode=0o755, exist_ok=True)
    folder.chmod(0o755)
    owner.write_text(identity.read_text("ascii"), encoding="ascii")
    return folder


def require_java_for(account: tuple[int, int], java: Java) -> None:
    """Raises :class:`StackError` if `account` cannot run `java`, as with a JDK in root's home."""
    if not _runs([str(java.program), "-version"], account):
        raise StackError(
            f"Elasticsearch runs as {_ACCOUNT} when root starts it, and {_ACCOUNT} cannot run {java.program}:"
            " install a JDK for all users (apt-get install openjdk-17-jdk-headless), or run it as an ordinary user"
        )


def give(folder: Path, account: tuple[int, int]) -> None:
    """Makes `folder` and all in it `account`'s own, following no link."""
    os.chown(folder, *account, follow_symlinks=False)
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(Path(parent) / name, *account, follow_symlinks=False)


def _is_roots_own(folder: Path) -> bool:
    entry = folder.lstat()
    return stat.S_ISDIR(entry.st_mode) and entry.st_uid == 0


def _runs(argv: list[str], account: tuple[int, int]) -> bool:
    uid, gid = account
    try:
        return (
            subprocess.run(
                argv,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                check=False,
                timeout=60,
                user=uid,
                group=gid,
                extra_groups=[],
            ).returncode
            == 0
        )
    except PermissionError:
        return False  # it may not even read the program
