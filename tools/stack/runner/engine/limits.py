"""Resource limits that a container may ask for without the start being refused."""

from __future__ import annotations

import resource

_MOST_FILES = 1 << 20
_MOST_PROCESSES = 90_000


def ulimits() -> list[str]:
    """Values for podman's --ulimit.

    podman's own defaults can exceed this process's hard limits, and without CAP_SYS_RESOURCE the container then does
    not start ("setrlimit: operation not permitted"). Raising the soft limit to the hard one is always allowed.
    """
    files = _capped(resource.getrlimit(resource.RLIMIT_NOFILE)[1], _MOST_FILES)
    processes = _capped(resource.getrlimit(resource.RLIMIT_NPROC)[1], _MOST_PROCESSES)
    return [f"nofile={files}:{files}", f"nproc={processes}:{processes}"]


def _capped(hard: int, most: int) -> int:
    return most if hard == resource.RLIM_INFINITY else min(hard, most)
