"""A real nats-server with JetStream on loopback, from the wheel that the images use."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_START_S = 10
_STOP_S = 5


def _program() -> str:
    """The program in Bazel's runfiles; outside of Bazel, the one on PATH."""
    if runfiles := os.environ.get("TEST_SRCDIR"):
        workspace = os.environ.get("TEST_WORKSPACE", "_main")
        return str(Path(runfiles) / workspace / "orchestrator/testing/nats_server")
    found = shutil.which("nats-server")
    if found is None:
        raise FileNotFoundError("nats-server is not on PATH")
    return found


class NatsServer:
    """A server on a port of its own. It can be stopped and started again on the same port and store."""

    def __init__(self, store: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._store = store
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Returns when it accepts connections."""
        command = [_program(), "-js", "-sd", str(self._store), "-a", "127.0.0.1", "-p", str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
                    if connection.recv(4) == b"INFO":
                        return
            except OSError:
                time.sleep(0.01)
        raise TimeoutError(f"nats-server did not start within {_START_S} s")

    def stop(self) -> None:
        """Kills it, as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait(_STOP_S)
            self._process = None


@contextmanager
def running(store: Path) -> Iterator[NatsServer]:
    """A server for the duration of the block."""
    server = NatsServer(store)
    server.start()
    try:
        yield server
    finally:
        server.stop()
