"""Hurts services of the stack that a test runs beside: kills, stops, freezes, and cuts them off from each other.

For tests in the container of a `stack_test(faults = True)`. It reaches the services of that run, and nothing else.
"""

from tools.stack.faults.client import FaultFailed, Faults, Usage

__all__ = ["FaultFailed", "Faults", "Usage"]
