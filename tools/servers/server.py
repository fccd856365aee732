"""A server that tests start, freeze and kill."""

import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

_START_S = 10
_STOP_S = 5


class Server:
    """A program that listens on a port of its own; it can be killed and started again on the same port."""

    def __init__(self, command: Sequence[str], port: int) -> None:
        self.port = port
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it accepts connections.

        Raises:
            TimeoutError: when it does not; with what it wrote to standard error.
        """
        with tempfile.TemporaryFile() as errors:
            self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=errors)
            deadline = time.monotonic() + _START_S
            while self._process.poll() is None and time.monotonic() < deadline:
                if self._accepts():
                    return
                time.sleep(0.01)
            self.stop()
            errors.seek(0)
            said = errors.read()[-1000:].decode(errors="replace")
        raise TimeoutError(f"{' '.join(self._command)} did not start: {said}")

    def freeze(self) -> None:
        """From now on connections are accepted, by the kernel, and nobody answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Ends a freeze."""
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """Kills it, as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait(_STOP_S)
            self._process = None

    def _accepts(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def _signal(self, number: signal.Signals) -> None:
        if self._process:
            self._process.send_signal(number)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Starts it for the duration of the block."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
