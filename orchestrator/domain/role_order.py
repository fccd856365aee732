"""Which role's work comes before which.

Unless a caller says otherwise: ARCHITECT, then DEV and DATA, then QA, then DEVOPS. A caller's order lists roles from first to
last, `DEV/DATA` being side by side. A role that it does not name keeps its default place among the others, and one
that has none waits for nobody.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

DEFAULT_ORDER = ("ARCHITECT", "DEV/DATA", "QA", "DEVOPS")
SIDE_BY_SIDE = "/"


class ContradictoryOrder(ValueError):
    """Roles that would wait for each other. `cycle` names them in order, the first one again at the end."""

    def __init__(self, cycle: Sequence[str]) -> None:
        self.cycle = tuple(cycle)
        super().__init__(" → ".join(self.cycle))


@dataclass(frozen=True)
class RoleOrder:
    """Roles in an order that respects `waits_for`, the roles that each waits for and no more than it must.

    `ranks` says how many roles there are one after another before it.
    """

    roles: tuple[str, ...]
    waits_for: Mapping[str, tuple[str, ...]]
    ranks: Mapping[str, int]


def default_roles() -> tuple[str, ...]:
    """Every role that has a default place, in order."""
    return tuple(itertools.chain.from_iterable(_ranks(DEFAULT_ORDER)))


def order_roles(roles: Sequence[str], order: Sequence[str] = ()) -> RoleOrder:
    """The order of `roles` by the caller's `order`, or the default one. Raises ContradictoryOrder."""
    before = _before(roles, order)
    try:
        sorted_all = tuple(TopologicalSorter(before).static_order())
    except CycleError as error:
        # Each of graphlib's cycle is a predecessor of the next.
        raise ContradictoryOrder(error.args[1]) from error
    ancestors: dict[str, set[str]] = {}
    for role in sorted_all:
        ancestors[role] = before[role].union(*(ancestors[earlier] for earlier in before[role]))
    wanted = {role: {earlier for earlier in ancestors[role] if earlier in roles} for role in roles}
    ranks: dict[str, int] = {}
    for role in (role for role in sorted_all if role in wanted):
        ranks[role] = max((ranks[earlier] + 1 for earlier in wanted[role]), default=0)
    places = {role: place for place, role in enumerate(default_roles())}
    in_order = sorted(roles, key=lambda role: (ranks[role], places.get(role, len(places)), role))
    waits_for = {
        role: tuple(
            earlier
            for earlier in in_order
            if earlier in wanted[role] and not any(earlier in wanted[other] for other in wanted[role])
        )
        for role in in_order
    }
    return RoleOrder(tuple(in_order), waits_for, ranks)


def _before(roles: Sequence[str], order: Sequence[str]) -> dict[str, set[str]]:
    """The roles that come before each, as the caller's order and the default one say together."""
    stated = _ranks(order)
    named = {role for rank in stated for role in rank}
    before: dict[str, set[str]] = {role: set() for role in (*roles, *named)}
    for earlier, later in itertools.combinations(stated, 2):
        for role in later:
            before[role].update(earlier)
    for earlier, later in itertools.combinations(_ranks(DEFAULT_ORDER), 2):
        for first, second in itertools.product(earlier, later):
            if {first, second} <= before.keys() and not {first, second} <= named:
                before[second].add(first)
    return before


def _ranks(order: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(entry.split(SIDE_BY_SIDE)) for entry in order)
