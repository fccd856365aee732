"""The environment of podman, and of what else the harness runs as an administrator would."""

from __future__ import annotations

import os
import pwd
from pathlib import Path


def of_podman() -> dict[str, str]:
    """What podman needs to find its storage, whatever HOME the test was given."""
    account = pwd.getpwuid(os.getuid())
    variables = {
        "PATH": search_path(),
        "HOME": account.pw_dir,
        "PODMAN_IGNORE_CGROUPSV1_WARNING": "1",
    }
    runtime = os.environ.get("XDG_RUNTIME_DIR", f"/run/user/{os.getuid()}")
    if Path(runtime).is_dir():
        variables["XDG_RUNTIME_DIR"] = runtime
    return variables | podman_settings()


def podman_settings() -> dict[str, str]:
    """What this process's environment says of podman: whoever cleans up must look where the run's containers are."""
    names = ("CONTAINERS_CONF", "CONTAINERS_CONF_OVERRIDE", "CONTAINERS_STORAGE_CONF", "CONTAINER_HOST")
    return {name: os.environ[name] for name in names if name in os.environ}


def search_path() -> str:
    """PATH, with the directories of programs for administrators, such as nft and iptables."""
    directories = os.environ.get("PATH", os.defpath).split(":")
    directories += [each for each in ("/usr/local/sbin", "/usr/sbin", "/sbin") if each not in directories]
    return ":".join(directories)
