from itertools import pairwise

import pytest

from images.debian.versions import Version

ASCENDING = [
    "0~~",
    "0~",
    "0",
    "0.9-1",
    "1.0~rc1-1",
    "1.0-1",
    "1.0-1+b1",
    "1.0-1+deb12u2",
    "1.0-1+deb12u10",
    "1.0a-1",
    "1.0+dfsg-1",
    "1.2",
    "1.10",
    "1:0.1",
]


@pytest.mark.parametrize(("lower", "higher"), list(pairwise(ASCENDING)))
def test_versions_are_ordered_as_dpkg_orders_them(lower: str, higher: str) -> None:
    assert Version(lower) < Version(higher)
    assert Version(higher) > Version(lower)


def test_leading_zeros_and_a_missing_revision_make_no_difference() -> None:
    assert Version("1.02-0") == Version("1.2")
    assert hash(Version("1.02-0")) == hash(Version("1.2"))


@pytest.mark.parametrize(
    ("relation", "holds"),
    [("<<", False), ("<=", True), ("=", True), (">=", True), (">>", False)],
)
def test_relations_hold_between_equal_versions_where_they_include_equality(relation: str, holds: bool) -> None:
    assert Version("2.36-9").satisfies(relation, Version("2.36-9")) is holds
