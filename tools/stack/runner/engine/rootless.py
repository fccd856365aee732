"""What rootless podman takes, and what of it a host lacks.

It is not supported: the addresses of a rootless stack's containers are in a network namespace of podman's own, where the
probes, and cutting the network, do not reach. Who is told so is told also what else would be missing.
"""

from __future__ import annotations

import os
import pwd
import shutil
from dataclasses import dataclass
from pathlib import Path

_FEWEST_IDS = 65536
_CONTROLLERS = {"cpu", "memory", "pids"}


@dataclass(frozen=True, slots=True)
class Host:
    """Where to look: the machine's root directory, the search path, the user."""

    user: pwd.struct_passwd
    path: str
    root: Path = Path("/")

    @classmethod
    def here(cls) -> Host:
        return cls(pwd.getpwuid(os.getuid()), os.environ.get("PATH", os.defpath))

    def lacks(self) -> list[str]:
        """What rootless podman needs for a stack and this host does not give this user: a few words each."""
        return [
            *self._programs(),
            *(f"subordinate ids in /etc/{file}" for file in ("subuid", "subgid") if not self._has_ids(file)),
            *self._kernel(),
            *self._control_groups(),
        ]

    def _programs(self) -> list[str]:
        words = [f"{program} (package uidmap)" for program in ("newuidmap", "newgidmap") if not self._program(program)]
        if not self._program("pasta") and not self._program("slirp4netns"):
            words.append("pasta (package passt) or slirp4netns")
        return words

    def _program(self, name: str) -> bool:
        return shutil.which(name, path=self.path) is not None

    def _has_ids(self, file: str) -> bool:
        """subuid(5): USER:FIRST:COUNT."""
        lines = (line.split(":") for line in self._read(f"etc/{file}").splitlines())
        ranges = [line for line in lines if len(line) == 3 and line[0] in (self.user.pw_name, str(self.user.pw_uid))]
        return sum(int(count) for _, _, count in ranges if count.strip().isdigit()) >= _FEWEST_IDS

    def _kernel(self) -> list[str]:
        words = []
        if "0" in (
            self._read("proc/sys/user/max_user_namespaces"),
            self._read("proc/sys/kernel/unprivileged_userns_clone"),
        ):
            words.append("user namespaces (sysctl)")
        if not os.access(self.root / "dev/net/tun", os.R_OK | os.W_OK):
            words.append("access to /dev/net/tun")
        return words

    def _control_groups(self) -> list[str]:
        if not self._read("sys/fs/cgroup/cgroup.controllers"):
            return ["control groups version 2"]
        uid = self.user.pw_uid
        own = f"sys/fs/cgroup/user.slice/user-{uid}.slice/user@{uid}.service/cgroup.controllers"
        missing = sorted(_CONTROLLERS - set(self._read(own).split()))
        return [f"delegation of {', '.join(missing)} to user@{uid}.service"] if missing else []

    def _read(self, path: str) -> str:
        try:
            return (self.root / path).read_text().strip()
        except OSError:
            return ""


def refusal(host: Host) -> str:
    """One line for somebody who is not root."""
    line = (
        "rootless podman is not supported yet: its containers' addresses can't be reached from outside them;"
        " run this as root"
    )
    lacks = host.lacks()
    return line + (f". For rootless podman this host also lacks: {'; '.join(lacks)}" if lacks else "")
