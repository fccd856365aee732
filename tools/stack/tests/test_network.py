"""Subnets, addresses and names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network
from itertools import islice

import pytest

from tools.stack.runner.engine import network
from tools.stack.runner.engine.podman import Podman
from tools.stack.runner.errors import StackError


class Networks(Podman):
    """Creates no networks, and says of the first `taken` subnets that they are in use."""

    def __init__(self, taken: int) -> None:
        super().__init__()
        self.taken = taken
        self.asked: list[tuple[str, str, Sequence[str]]] = []

    async def create_network(
        self, name: str, subnet: str, gateway: str, options: Sequence[str], labels: Mapping[str, str]
    ) -> bool:
        self.asked.append((subnet, gateway, options))
        return len(self.asked) > self.taken


async def test_each_container_has_an_address_of_its_own_in_the_subnet() -> None:
    podman = Networks(taken=0)
    created = await network.create(podman, "net", ["a", "b"], reachable=False, labels={})
    subnet, gateway, _ = podman.asked[0]
    assert len({*created.addresses.values(), gateway}) == 3
    assert all(IPv4Network(f"{address}/32").subnet_of(IPv4Network(subnet)) for address in created.addresses.values())


async def test_a_subnet_in_use_is_passed_over() -> None:
    podman = Networks(taken=3)
    await network.create(podman, "net", ["a"], reachable=False, labels={})
    assert len({subnet for subnet, _, _ in podman.asked}) == 4


async def test_it_gives_up_when_every_subnet_is_in_use() -> None:
    with pytest.raises(StackError):
        await network.create(Networks(taken=10_000), "net", ["a"], reachable=False, labels={})


@pytest.mark.parametrize("reachable", [False, True])
async def test_there_is_no_way_out(reachable: bool) -> None:
    podman = Networks(taken=0)
    await network.create(podman, "net", ["a"], reachable=reachable, labels={})
    options = podman.asked[0][2]
    assert options == (["--opt", "no_default_route=1"] if reachable else ["--internal"])


def test_candidates_are_private_and_well_formed() -> None:
    subnets = list(islice(network.candidates(), 300))
    assert all(subnet.is_private and subnet.prefixlen == 24 for subnet in subnets)
    assert len(set(subnets)) > 200


def test_names_resolve_through_the_hosts_file() -> None:
    hosts = network.Network("net", {"web": "10.1.2.10", "db": "10.1.2.11"}).hosts_file()
    assert hosts.splitlines() == ["127.0.0.1 localhost", "10.1.2.10 web", "10.1.2.11 db"]


def test_a_subnet_can_be_too_small() -> None:
    with pytest.raises(ValueError, match="small"):
        network.assign(IPv4Network("10.0.0.0/28"), [f"s{n}" for n in range(6)])


def test_an_address_has_one_local_hardware_address_and_two_have_two() -> None:
    first, second = (network.hardware_address(address) for address in ("10.96.0.10", "10.96.1.10"))
    assert first == network.hardware_address("10.96.0.10") != second
    assert int(first.split(":")[0], 16) & 0b11 == 0b10, "locally administered, and of one station"
