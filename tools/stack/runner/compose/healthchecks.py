"""Probes as commands that run inside the container.

What bash can ask, bash asks, over its /dev/tcp. For the rest the container is given the harness's own probes as one
file, which needs Python 3.10 in the image, and for gRPC and Ray grpcio.
"""

from __future__ import annotations

import io
import json
import shlex
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.stack.runner.manifest import Service

PROGRAM = "/healthcheck.pyz"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_MAIN = "from tools.stack.runner.compose.check import main\nraise SystemExit(main())\n"


@dataclass(frozen=True, slots=True)
class Healthcheck:
    """`command` ends with 0 when the service is ready. `needs_program` says that it is PROGRAM that it runs."""

    command: tuple[str, ...]
    needs_program: bool = False
    password: str = ""


def of(service: Service, asked: Service) -> Healthcheck | None:
    """The check that stands for the service's probe, which asks `asked`: mostly the service itself.

    None where nothing inside the container could ask: without a probe, and for one that reads the log.
    """
    probe = service.probe
    if probe is None or probe.kind == "log":
        return None
    if probe.kind == "exec":
        return Healthcheck(tuple(probe.options["command"]))
    port = asked.ports[probe.options["port"]]
    connect = f"exec 3<>/dev/tcp/{asked.name}/{port}"
    match probe.kind:
        case "tcp":
            return _bash(connect)
        case "jetstream":
            return _bash(connect, *_http("/healthz?js-enabled-only=true", 200))
        case "http" if not probe.options.get("json") and not probe.options.get("regex"):
            return _bash(connect, *_http(probe.options.get("path", "/"), probe.options.get("status", 200)))
        case "redis":
            password = probe.options.get("password", "")
            return _bash(connect, *_redis(secret_path(service, password) if password else ""), password=password)
    question = {"host": asked.name, "ports": dict(asked.ports), "kind": probe.kind, "options": dict(probe.options)}
    return Healthcheck(("python3", PROGRAM, json.dumps(question)), needs_program=True)


def secret_path(service: Service, name: str) -> str:
    """Where the check finds a secret, whether or not the service itself is given it as a file."""
    return service.secrets.get(name, f"/run/secrets/{name}")


def program() -> bytes:
    """The file that PROGRAM is: the harness's probes, runnable by Python. The same bytes each time."""
    here = Path(__file__).parent
    runner = here.parent
    files = [here / "__init__.py", here / "check.py", *sorted((runner / "probes").glob("*.py"))]
    files += [runner / name for name in ("__init__.py", "errors.py", "manifest.py")]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("__main__.py", _EPOCH), _MAIN)
        for package in ("tools", "tools/stack"):  # Python finds no packages without it in an archive.
            archive.writestr(zipfile.ZipInfo(f"{package}/__init__.py", _EPOCH), "")
        for file in files:
            name = f"tools/stack/runner/{file.relative_to(runner)}"
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), file.read_bytes())
    return packed.getvalue()


def _bash(*steps: str, password: str = "") -> Healthcheck:
    return Healthcheck(("/bin/bash", "-c", " && ".join(steps)), password=password)


def _http(path: str, status: int) -> Sequence[str]:
    request = shlex.quote(rf"GET {path.replace('%', '%%')} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    return (f"printf {request} >&3", "read -r _ status _ <&3", f"[[ $status == {status} ]]")


def _redis(password: str) -> Sequence[str]:
    ping = [r"printf 'PING\r\n' >&3", "read -r answer <&3", "[[ $answer == +PONG* ]]"]
    if not password:
        return ping
    return [rf"""printf 'AUTH %s\r\n' "$(<{shlex.quote(password)})" >&3""", "read -r _ <&3", *ping]
