"""The rules that cut a container off."""

from __future__ import annotations

from tools.stack.runner.faults.netfilter import rules


def test_both_directions_are_cut_for_each_address() -> None:
    script = rules({"10.0.0.11", "10.0.0.10"})
    assert "hook input priority 0; ip saddr { 10.0.0.10, 10.0.0.11 } drop" in script
    assert "hook output priority 0; ip daddr { 10.0.0.10, 10.0.0.11 } drop" in script


def test_earlier_rules_are_replaced_and_without_addresses_only_removed() -> None:
    for script in (rules({"10.0.0.10"}), rules(())):
        assert script.index("delete table") < script.find("drop") or "drop" not in script
    assert "drop" not in rules(())
