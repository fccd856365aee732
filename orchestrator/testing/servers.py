"""Real servers on loopback, from the same wheel and packages that the images are made of."""

import os
import shutil
import socket
import subprocess
import tarfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

_START_S = 10
_STOP_S = 5


class Server:
    """A program that listens on a port of its own; it can be killed and started again on the same port."""

    def __init__(self, command: Sequence[str], port: int) -> None:
        self.port = port
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns when it accepts connections."""
        self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_S
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                    return
            except OSError:
                time.sleep(0.01)
        self.stop()
        raise TimeoutError(f"{self._command[0]} did not start")

    def stop(self) -> None:
        """Kills it, as a crash would."""
        if self._process:
            self._process.kill()
            self._process.wait(_STOP_S)
            self._process = None


def nats_server(folder: Path, *options: str) -> Server:
    """nats-server with JetStream, which keeps its store in `folder`; `options` are further arguments."""
    port = _free_port()
    program = _runfile("orchestrator/testing/nats_server") or _on_path("nats-server")
    return Server([str(program), "-js", "-sd", str(folder), "-a", "127.0.0.1", "-p", str(port), *options], port)


def redis_server(folder: Path, *more_options: str) -> Server:
    """redis-server without persistence; its files go to `folder`. `more_options` are further arguments."""
    port = _free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *more_options]
    layers = [_runfile(f"images/layers/{name}.tar") for name in ("base", "redis")]
    if None in layers:
        return Server([str(_on_path("redis-server")), *options], port)
    for layer in filter(None, layers):
        with tarfile.open(layer) as archive:
            for member in archive:
                if _is_wanted(member):
                    archive.extract(member, folder)
    libraries = folder / "usr/lib/x86_64-linux-gnu"
    # Its own loader and libraries: the machine that runs the test may have others, or none.
    loader = [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries)]
    return Server([*loader, str(folder / "usr/bin/redis-server"), *options], port)


@contextmanager
def running(server: Server) -> Iterator[Server]:
    """Starts it for the duration of the block."""
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _is_wanted(member: tarfile.TarInfo) -> bool:
    return "/x86_64-linux-gnu/" in f"/{member.name}" or Path(member.name).name.startswith("redis-")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _runfile(path: str) -> Path | None:
    """A file that Bazel built for this test; None outside of Bazel."""
    runfiles = os.environ.get("TEST_SRCDIR")
    return Path(runfiles) / os.environ.get("TEST_WORKSPACE", "_main") / path if runfiles else None


def _on_path(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise FileNotFoundError(f"{program} is not on PATH")
    return found
