"""Brings a run of the harness to a moment, and kills it there.

What podman is asked, and the programs that podman itself starts, go through a script here, which stops at the command
that a test names: nothing depends on how fast the machine is. `Traces` then knows all that the run had made.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.stack.runner.removal import cleanup
from tools.stack.tests.podman.harness import Harness, Run, podman

# Stands for PROGRAM. BEFORE and AFTER are patterns of sh for its arguments.
_GATE = """\
#!/bin/sh
stop() {{ [ -e '{reached}' ] && return; echo "$*" >'{reached}.new'; mv '{reached}.new' '{reached}'; read -r _ <'{never}'; }}
case "$*" in {before}) stop "$*" ;; esac
case "$*" in {after}) '{program}' "$@"; code=$?; stop "$*"; exit $code ;; esac
exec '{program}' "$@"
"""
_NOTHING = "no such command"
# Where it looks for what it starts, after a directory of ours.
_HELPERS = ["/usr/local/libexec/podman", "/usr/local/lib/podman", "/usr/libexec/podman", "/usr/lib/podman"]


RUNTIME = "runtime"  # Stands for the program by which podman runs containers: runc, crun, ...


@dataclass(frozen=True)
class Moment:
    """Where a run stops: before or after `program` gets arguments that a pattern of sh matches."""

    before: str = _NOTHING
    after: str = _NOTHING
    program: str = "podman"

    def prepare(self, directory: Path) -> dict[str, str]:
        """The environment with which a run stops there."""
        program, gates = self._real(), directory / "gates"
        gates.mkdir()
        os.mkfifo(directory / "never")
        gate = gates / program.name
        names = {"reached": directory / "reached", "never": directory / "never", "program": program}
        patterns = {"before": self.before.replace(" ", r"\ "), "after": self.after.replace(" ", r"\ ")}
        gate.write_text(_GATE.format(**patterns, **names))
        gate.chmod(0o755)
        if self.program == "podman":
            return {"PATH": f"{gates}:{os.environ['PATH']}"}
        settings = f"[engine]\nhelper_binaries_dir = {json.dumps([str(gates), *_HELPERS])}\n"
        if self.program == RUNTIME:
            settings = f'[engine.runtimes]\n{program.name} = ["{gate}"]\n'
        configuration = directory / "containers.conf"
        configuration.write_text(settings)
        return {"CONTAINERS_CONF_OVERRIDE": str(configuration)}

    def _real(self) -> Path:
        if self.program == RUNTIME:
            return Path(podman("info", "--format", "{{.Host.OCIRuntime.Path}}").strip())
        found = shutil.which(self.program, path=":".join([os.environ["PATH"], *_HELPERS]))
        if not found:
            raise AssertionError(f"there is no {self.program}")
        return Path(found)

    def wait(self, directory: Path, run: Run) -> str:
        """The arguments at which it stopped."""
        until((directory / "reached").exists, lambda: f"not reached: {run.error}")
        return (directory / "reached").read_text().strip()


def until(true: Callable[[], bool], otherwise: Callable[[], str], seconds: float = 60) -> None:
    """Returns when that is true."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(otherwise())
        time.sleep(0.02)


def kill_group(run: Run) -> None:
    """SIGKILL for the runner's process group alone: podman, which has sessions of its own, goes on."""
    run.signal_group(signal.SIGKILL)
    run.end()


def kill_tree(run: Run) -> None:
    """What Bazel does to a test: SIGKILL for it and all that it has started, podman and daemons included.

    The run has to be one of wrapper.py's.
    """
    run.process.send_signal(signal.SIGTERM)
    run.end()


@dataclass(frozen=True)
class Traces:
    """What a run has made outside of its own processes, by names that nothing else ever gets."""

    run: str
    containers: frozenset[str]
    interfaces: frozenset[str]
    paths: frozenset[str]

    @classmethod
    def of(cls, harness: Harness) -> Traces:
        """Those of its only run that is under way; podman must be able to answer."""
        (run,) = (path.name for path in harness.directory.glob(f"{cleanup.WORKDIR_PREFIX}*"))
        listed = json.loads(podman("ps", "--all", "--external", "--no-trunc", "--format", "json"))
        containers = {entry["Id"] for entry in listed if (entry["Names"] or [""])[0].startswith(run)}
        inspected = json.loads(podman("inspect", "--type", "container", *containers)) if containers else []
        bridges = podman("network", "ls", "--filter", f"name=^{run}$", "--format", "{{.NetworkInterface}}").split()
        members = [link for bridge in bridges for link in Path(f"/sys/class/net/{bridge}/brif").glob("*")]
        return cls(
            run,
            frozenset(containers),
            frozenset(_index(name) for name in [*bridges, *(link.name for link in members)] if _index(name)),
            frozenset(filter(None, (container["NetworkSettings"]["SandboxKey"] for container in inspected))),
        )

    def left(self) -> list[str]:
        """Those that are still there."""
        names = {self.run, *self.containers}
        there = [link.name for link in Path("/sys/class/net").iterdir() if _index(link.name) in self.interfaces]
        there += [path for path in self.paths if Path(path).exists()]
        there += [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if _has(line, names)]
        there += [str(path) for container in self.containers for path in _directories(container)]
        listed = json.loads(podman("ps", "--all", "--external", "--no-trunc", "--format", "json"))
        there += [entry["Id"] for entry in listed if (entry["Names"] or [""])[0].startswith(self.run)]
        return there + _processes(names)


def _index(interface: str) -> str:
    """What the kernel numbers it by: a name comes again, a number doesn't."""
    try:
        return Path(f"/sys/class/net/{interface}/ifindex").read_text().strip()
    except OSError:
        return ""


def _has(text: str, names: set[str]) -> bool:
    return any(name in text for name in names)


def _directories(container: str) -> Iterator[Path]:
    """What the runtime, podman and the kernel have of a container that runs."""
    for parent in ("/run/runc", "/run/crun", "/run/containers/storage/overlay-containers"):
        if (path := Path(parent, container)).exists():
            yield path
    yield from Path("/sys/fs/cgroup").glob(f"*/libpod_parent/libpod-{container}*")
    yield from Path("/sys/fs/cgroup").glob(f"**/machine.slice/libpod-{container}*")


def _processes(names: set[str]) -> list[str]:
    """The processes that have one of these in their command line or in the path of their control group."""
    found = []
    for directory in Path("/proc").iterdir():
        if directory.name.isdigit() and int(directory.name) != os.getpid():
            with contextlib.suppress(OSError):
                command = (directory / "cmdline").read_bytes().decode(errors="replace").replace(chr(0), " ")
                if _has(command + (directory / "cgroup").read_text(), names):
                    found.append(f"{directory.name} {command}")
    return found
