"""Fault, failover, load and latency tests, against a stack whose services they may hurt.

Every fault is done to 40 deliberations in flight. What became of them is a row in faults.txt and faults.json, in the
test's outputs.
"""

import pytest

# What they check is checked in these; a failure should show the values there, too.
pytest.register_assert_rewrite("e2e.faults.fleet", "e2e.faults.scenario")
