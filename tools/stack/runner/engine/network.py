"""A network of the stack's own, with an address and a name for each container."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from tools.stack.runner.engine.podman import Podman
from tools.stack.runner.errors import StackError

_POOLS = ("10.96.0.0/11", "172.24.0.0/14", "192.168.128.0/17")
_PREFIX = 24
_ATTEMPTS = 30
FIRST_HOST = 10  # Below are the gateway and room for people's own containers.


@dataclass(frozen=True, slots=True)
class Network:
    """`addresses` maps each container's name to its IPv4 address."""

    name: str
    addresses: Mapping[str, str]

    def hosts_file(self) -> str:
        """The text of /etc/hosts in every container.

        Addresses are fixed before anything starts, so that names need no server, and resolve before their container
        is up.
        """
        lines = ["127.0.0.1 localhost", *(f"{address} {name}" for name, address in self.addresses.items())]
        return "\n".join(lines) + "\n"


def hardware_address(address: str) -> str:
    """A locally administered MAC address that follows from an IPv4 address.

    A container that is started again keeps it. With another one, those who know the old one would not reach it until
    their neighbour caches give up on it, which takes up to a minute.
    """
    return ":".join(f"{octet:02x}" for octet in (0x02, 0x00, *IPv4Address(address).packed))


async def create(
    podman: Podman, name: str, containers: Iterable[str], *, reachable: bool, labels: Mapping[str, str]
) -> Network:
    """Creates a bridge network from which nothing outside can be reached. Raises StackError.

    `reachable` networks let ports be published on the host (which an internal network forbids) but give the
    containers no default route either, so that they stay without a way out.
    """
    # Names come from a hosts file and not from podman's aardvark-dns: that is one process for all networks, a child of
    # whichever test started it, and Bazel kills it with that test. Without it an internal network has an address
    # for this machine, and so can be probed from here, only if its gateway is given.
    options = ["--opt", "no_default_route=1"] if reachable else ["--internal"]
    for subnet in itertools.islice(candidates(), _ATTEMPTS):
        if await podman.create_network(name, str(subnet), str(subnet[1]), options, labels):
            return Network(name, assign(subnet, containers))
    raise StackError(f"no free subnet for the stack's network after {_ATTEMPTS} attempts in {', '.join(_POOLS)}")


def candidates() -> Iterator[IPv4Network]:
    """Subnets in random order, from each pool in turn, so that runs at the same time seldom meet."""
    for pool in itertools.cycle(IPv4Network(pool) for pool in _POOLS):
        index = secrets.randbelow(1 << (_PREFIX - pool.prefixlen))
        yield IPv4Network((int(pool.network_address) + (index << (32 - _PREFIX)), _PREFIX))


def extended(network: Network, containers: Iterable[str]) -> Network:
    """The network with addresses for further containers, each the one after the highest so far."""
    addresses = dict(network.addresses)
    for name in containers:
        addresses[name] = str(max(map(IPv4Address, addresses.values())) + 1)
    return Network(network.name, addresses)


def assign(subnet: IPv4Network, containers: Iterable[str]) -> dict[str, str]:
    """Addresses in the order given. Raises ValueError when the subnet is too small."""
    names = list(containers)
    if FIRST_HOST + len(names) >= subnet.num_addresses:
        raise ValueError(f"{subnet} is too small for {len(names)} containers")
    return {name: str(subnet[FIRST_HOST + index]) for index, name in enumerate(names)}
