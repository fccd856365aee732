"""Real servers on loopback, from the same wheel and packages that the images are made of."""

import os
import shutil
from pathlib import Path

from tools.servers.layer_program import layer_program
from tools.servers.server import Server, free_port, running

__all__ = ["Server", "nats_server", "redis_server", "running"]


def nats_server(folder: Path, *options: str) -> Server:
    """nats-server with JetStream, which keeps its store in `folder`; `options` are further arguments."""
    port = free_port()
    program = _runfile("orchestrator/testing/nats_server") or _on_path("nats-server")
    return Server([str(program), "-js", "-sd", str(folder), "-a", "127.0.0.1", "-p", str(port), *options], port)


def redis_server(folder: Path, *more_options: str) -> Server:
    """redis-server without persistence; its files go to `folder`. `more_options` are further arguments."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder), *more_options]
    layers = [layer for name in ("base", "redis") if (layer := _runfile(f"images/layers/{name}.tar"))]
    command = layer_program(layers, "usr/bin/redis-server", folder) if layers else [_on_path("redis-server")]
    return Server([*command, *options], port)


def _runfile(path: str) -> Path | None:
    """A file that Bazel built for this test; None outside of Bazel."""
    runfiles = os.environ.get("TEST_SRCDIR")
    return Path(runfiles) / os.environ.get("TEST_WORKSPACE", "_main") / path if runfiles else None


def _on_path(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        raise FileNotFoundError(f"{program} is not on PATH")
    return found
