"""Whether ports of this machine are free, and who has those that are not."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable
from pathlib import Path

from tools.stack.runner.errors import PortTakenError
from tools.stack.runner.manifest import PublishedPort

_LISTENING = "0A"


def check_free(published: Iterable[PublishedPort]) -> None:
    """Raises PortTakenError for the first port of 127.0.0.1 that something listens on."""
    for port in published:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port.host_port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                holder = listener(port.host_port) or "another process"
                raise PortTakenError(
                    f"port {port.host_port}, meant for {port.service}'s {port.port}, is taken by {holder}:"
                    f" end that, or pass --publish {port.service}:{port.port}=OTHER_PORT"
                ) from error


def listener(port: int) -> str | None:
    """Name and id of the process that listens on a TCP port; None when there is none or it can't be seen."""
    sockets = {f"socket:[{inode}]" for inode in _listening_inodes(port)}
    if not sockets:
        return None
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit():
            continue
        try:
            if any(str(link.readlink()) in sockets for link in (directory / "fd").iterdir()):
                return f"{(directory / 'comm').read_text().strip()} (process {directory.name})"
        except OSError:
            continue  # It ended meanwhile, or it is somebody else's.
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
        except OSError:
            continue
        # proc_net_tcp: local address "HEX:HEXPORT", state and inode are fields 1, 3 and 9.
        inodes |= {row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port}
    return inodes
