"""Which role's work comes before which."""

import itertools
from graphlib import TopologicalSorter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestrator.domain.role_order import ContradictoryOrder, default_roles, order_roles


def test_the_default_order() -> None:
    order = order_roles(("QA", "DEVOPS", "DATA", "ARCHITECT", "DEV"))

    assert order.roles == default_roles() == ("ARCHITECT", "DEV", "DATA", "QA", "DEVOPS")
    assert order.waits_for == {
        "ARCHITECT": (),
        "DEV": ("ARCHITECT",),
        "DATA": ("ARCHITECT",),
        "QA": ("DEV", "DATA"),
        "DEVOPS": ("QA",),
    }
    assert [order.ranks[role] for role in order.roles] == [0, 1, 1, 2, 3]


def test_a_role_waits_for_the_nearest_that_takes_part() -> None:
    order = order_roles(("DEVOPS", "ARCHITECT"))

    assert order.waits_for == {"ARCHITECT": (), "DEVOPS": ("ARCHITECT",)}
    assert order.ranks == {"ARCHITECT": 0, "DEVOPS": 1}


def test_a_callers_order_goes_before_the_default() -> None:
    order = order_roles(("DEV", "QA", "DATA"), ("QA", "DEV/DATA"))

    assert order.waits_for == {"QA": (), "DEV": ("QA",), "DATA": ("QA",)}


def test_an_order_holds_through_a_role_that_takes_no_part() -> None:
    assert order_roles(("DEV", "POET"), ("POET", "CRITIC", "DEV")).waits_for == {"POET": (), "DEV": ("POET",)}


def test_roles_that_an_order_does_not_name_keep_their_place() -> None:
    order = order_roles(("ARCHITECT", "DEV", "QA", "POET"), ("DEV", "QA"))

    assert order.waits_for == {"ARCHITECT": (), "POET": (), "DEV": ("ARCHITECT",), "QA": ("DEV",)}


@pytest.mark.parametrize(
    ("roles", "order", "cycle"),
    [
        (("DEV", "QA"), ("DEV", "QA", "DEV"), {"DEV", "QA"}),
        (("DEV",), ("DEV/QA", "QA"), {"QA"}),
        (("ARCHITECT", "DEV", "QA"), ("QA", "ARCHITECT"), {"ARCHITECT", "DEV", "QA"}),
    ],
)
def test_a_contradiction_is_named(roles: tuple[str, ...], order: tuple[str, ...], cycle: set[str]) -> None:
    with pytest.raises(ContradictoryOrder) as raised:
        order_roles(roles, order)

    assert set(raised.value.cycle) <= cycle
    assert raised.value.cycle[0] == raised.value.cycle[-1]


_ROLES = st.lists(st.sampled_from([*default_roles(), "POET", "CRITIC"]), unique=True)


@settings(deadline=None)
@given(_ROLES, _ROLES)
def test_an_order_without_repeats_is_a_topological_one_or_a_contradiction(roles: list[str], order: list[str]) -> None:
    try:
        found = order_roles(roles, order)
    except ContradictoryOrder:
        assert set(roles) - set(order)
        return

    assert sorted(found.roles) == sorted(roles)
    list(TopologicalSorter(found.waits_for).static_order())
    places = {role: place for place, role in enumerate(found.roles)}
    assert all(places[earlier] < places[role] for role in roles for earlier in found.waits_for[role])
    asked = [role for role in order if role in roles]
    assert all(found.ranks[first] < found.ranks[second] for first, second in itertools.combinations(asked, 2))
