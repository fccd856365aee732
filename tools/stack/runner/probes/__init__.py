"""Typed questions to a service: are you ready?"""

from __future__ import annotations

from tools.stack.runner.probes.base import Answer, Probe, Target
from tools.stack.runner.probes.factory import make
from tools.stack.runner.probes.wait import Readiness, until_ready

__all__ = ["Answer", "Probe", "Readiness", "Target", "make", "until_ready"]
