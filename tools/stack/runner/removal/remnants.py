"""What podman has lost sight of because it was killed itself, half-way through making a container.

SIGKILL of a whole process tree, as of Bazel's at the end of a test, meets podman's commands, too. Three things are then
left that `podman rm` does not remove: a container in podman's storage alone, without labels; one that the runtime has
made and podman has not yet noted, with its processes; and a network namespace that no container is known to have.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from tools.stack.runner.engine.environment import search_path
from tools.stack.runner.engine.podman import LABEL_RUN, Podman, Resource

NAMESPACES = Path("/run/netns")
BLANK_SECONDS = 15.0
_PODMANS = "netns-????????-????-????-????-????????????"
_LOCAL = re.compile(r"\|-- (\S+)\n\s+/32 host LOCAL")  # proc(5): /proc/net/fib_trie


async def remove_containers(podman: Podman, run_id: str) -> list[Resource]:
    """Ends what the runtime has made of a run's containers; those that podman itself would not think to remove.

    Raises PodmanCommandError.
    """
    filters = ("--filter", f"label={LABEL_RUN}={run_id}", "--filter", "status=created")
    if created := (await podman.call("ps", "--all", "--quiet", "--no-trunc", *filters)).split():
        runtime = (await podman.call("info", "--format", "{{.Host.OCIRuntime.Path}}")).strip()
        for container in created:  # For podman these were not started yet.
            await _run(runtime, "delete", "--force", container)  # No such container is no error.
    listed = json.loads(await podman.call("ps", "--all", "--external", "--no-trunc", "--format", "json") or "[]")
    return [
        Resource("container", entry["Id"], name, {})
        for entry in listed
        for name in entry["Names"] or ()
        if name.startswith(f"{run_id}-") and not entry["Labels"]
    ]


async def remove_networks(podman: Podman, run_id: str) -> None:
    """Removes what is left of networks whose containers are gone, as podman leaves it where not all of them were.

    Raises PodmanCommandError.
    """
    names = (await podman.call("network", "ls", "--quiet", "--filter", f"label={LABEL_RUN}={run_id}")).split()
    for network in json.loads(await podman.call("network", "inspect", *names)) if names else ():
        await remove_namespaces([subnet["subnet"] for subnet in network["subnets"]])
        await _run("ip", "link", "delete", network["network_interface"])


async def remove_namespaces(subnets: Sequence[str], directory: Path = NAMESPACES) -> None:
    """Removes podman's network namespaces with an address in one of these subnets, together with their interfaces."""
    networks = [IPv4Network(subnet) for subnet in subnets]
    for namespace in _namespaces(directory) if networks else ():
        addresses = await _addresses(namespace)
        if any(IPv4Address(address) in network for network in networks for address in addresses or ()):
            await _remove(namespace)


async def remove_blank_namespaces(directory: Path = NAMESPACES, age: float = BLANK_SECONDS) -> bool:
    """Removes podman's network namespaces that have had no address for `age` seconds, since podman gives one at once.

    Whether there is one that may yet get its address.
    """
    young = False
    for namespace in _namespaces(directory):
        if await _addresses(namespace) == set():
            if _age(namespace) >= age:
                await _remove(namespace)
            else:
                young = True
    return young


def _namespaces(directory: Path) -> list[Path]:
    return list(directory.glob(_PODMANS))


def _age(namespace: Path) -> float:
    try:
        return time.time() - namespace.stat().st_ctime
    except FileNotFoundError:
        return 0


async def _addresses(namespace: Path) -> set[str] | None:
    """The IPv4 addresses of its interfaces, its loopback included; None where it is gone, or is no namespace."""
    table = await _run("nsenter", f"--net={namespace}", "cat", "/proc/net/fib_trie")
    return None if table is None else set(_LOCAL.findall(table))


async def _remove(namespace: Path) -> None:
    await _run("umount", "--lazy", str(namespace))
    await asyncio.to_thread(namespace.unlink, missing_ok=True)


async def _run(*command: str) -> str | None:
    """What a command says, None where it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"PATH": search_path()},
    )
    output, _ = await process.communicate()
    return None if process.returncode else output.decode()
