"""Is a port free, and if not, whose is it?"""

from __future__ import annotations

import errno
import socket
from pathlib import Path

from stack.error import StackError

__all__ = ["HOST", "any_free_port", "owner", "require_free"]

HOST = "127.0.0.1"
"""Everything in the stack listens here and nowhere else."""

_LISTEN = "0A"


def any_free_port() -> int:
    """A port that nobody uses now, chosen by the kernel."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def require_free(port: int, purpose: str, option: str, variable: str) -> None:
    """Raises :class:`StackError`, naming the holder and the ways out, if `port` cannot be listened on."""
    with socket.socket() as probe:
        # As the services do: a port whose old connections are in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EACCES:
                reason = "may not be used by this user (ports under 1024 belong to root)"
            elif error.errno == errno.EADDRINUSE:
                holder = owner(port)
                reason = f"is taken by {holder}" if holder else "is taken by a process this user may not see"
            else:
                raise
        else:
            return
    raise StackError(
        f"port {port} for {purpose} {reason}: stop that or choose another port with {option} or {variable}"
    )


def owner(port: int) -> str | None:
    """The process listening on `port`, as ``name (pid N)``, where ``/proc`` lets this user see it."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            for descriptor in (entry / "fd").iterdir():
                if str(descriptor.readlink()) in wanted:
                    return f"{(entry / 'comm').read_text().strip()} (pid {entry.name})"
        except OSError:
            continue  # it ended meanwhile, or belongs to somebody else
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            lines = Path(table).read_text(encoding="ascii").splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            fields = line.split()
            if fields[3] == _LISTEN and int(fields[1].rpartition(":")[2], 16) == port:
                inodes.add(fields[9])
    return inodes
