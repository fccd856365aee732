"""What a host lacks for rootless podman, on hosts that are made up here."""

from __future__ import annotations

import os
import pwd
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.stack.runner.engine.podman import Podman
from tools.stack.runner.engine.rootless import Host, refusal
from tools.stack.runner.errors import PodmanBrokenError

USER = pwd.struct_passwd(("mary", "x", 1000, 1000, "", "/home/mary", "/bin/sh"))
DELEGATED = "sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/cgroup.controllers"
FILES = {
    "etc/subuid": "root:1:1\nmary:100000:65536\n",
    "etc/subgid": "1000:100000:65536\n",
    "proc/sys/user/max_user_namespaces": "1000\n",
    "sys/fs/cgroup/cgroup.controllers": "cpu io memory pids\n",
    DELEGATED: "cpu memory pids\n",
    "dev/net/tun": "",
}


@dataclass
class Machine:
    """A host with everything; tests take things away."""

    root: Path

    @property
    def host(self) -> Host:
        return Host(USER, str(self.root / "bin"), self.root)

    def write(self, path: str, text: str) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    for path, text in FILES.items():
        machine.write(path, text)
    for program in ("newuidmap", "newgidmap", "pasta"):
        machine.write(f"bin/{program}", "")
    return machine


def test_a_host_with_everything_lacks_nothing(machine: Machine) -> None:
    assert machine.host.lacks() == []
    assert "lacks" not in refusal(machine.host)


@pytest.mark.parametrize(
    ("gone", "named"),
    [
        ("bin/newuidmap", "newuidmap"),
        ("bin/newgidmap", "newgidmap"),
        ("bin/pasta", "pasta"),
        ("etc/subuid", "/etc/subuid"),
        ("etc/subgid", "/etc/subgid"),
        ("dev/net/tun", "/dev/net/tun"),
        ("sys/fs/cgroup/cgroup.controllers", "version 2"),
        (DELEGATED, "cpu, memory, pids"),
    ],
)
def test_what_is_missing_is_named_and_nothing_else(machine: Machine, gone: str, named: str) -> None:
    (machine.root / gone).unlink()
    (lacked,) = machine.host.lacks()
    assert named in lacked
    assert named in refusal(machine.host)


@pytest.mark.parametrize(
    ("path", "text", "named"),
    [
        ("etc/subuid", "mary:100000:1000\nother:200000:65536\n", "/etc/subuid"),
        ("proc/sys/user/max_user_namespaces", "0\n", "user namespaces"),
        ("proc/sys/kernel/unprivileged_userns_clone", "0\n", "user namespaces"),
        (DELEGATED, "memory pids\n", "cpu"),
    ],
)
def test_what_is_there_in_part_is_named(machine: Machine, path: str, text: str, named: str) -> None:
    machine.write(path, text)
    (lacked,) = machine.host.lacks()
    assert named in lacked


def test_slirp4netns_will_do_as_well(machine: Machine) -> None:
    (machine.root / "bin/pasta").rename(machine.root / "bin/slirp4netns")
    assert machine.host.lacks() == []


async def test_who_is_not_root_is_told_so_before_podman_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PodmanBrokenError, match="rootless"):
        await Podman().check()
