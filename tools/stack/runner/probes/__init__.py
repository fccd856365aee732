"""Typed questions to a service: are you ready?"""

from __future__ import annotations

from tools.stack.runner.probes.base import Answer, Probe, Target
from tools.stack.runner.probes.factory import make
from tools.stack.runner.probes.wait import ATTEMPT_TIMEOUT, Readiness, ask, until_ready

__all__ = ["ATTEMPT_TIMEOUT", "Answer", "Probe", "Readiness", "Target", "ask", "make", "until_ready"]
