"""What Bazel's build events (`--build_event_json_file`) say of a build."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_HIT = "remote cache hit"
_DISK_HIT = "disk cache hit"
# Links, files and the like, which Bazel writes itself within the blink of an eye.
_INTERNAL = "internal"
_NO_ACTIONS = (_HIT, _DISK_HIT, _INTERNAL, "total")


@dataclass(frozen=True, slots=True)
class Build:
    """How the actions of a build came about, by who ran them; `tests` says of each whether it ran here.

    An action that was up to date is in none of these.
    """

    runners: Mapping[str, int] = field(default_factory=dict)
    tests: Mapping[str, bool] = field(default_factory=dict)

    @property
    def hits(self) -> int:
        """Actions that the remote cache answered for."""
        return self.runners.get(_HIT, 0)

    @property
    def executed(self) -> int:
        """Actions, tests among them, that ran a process on this machine."""
        return sum(count for name, count in self.runners.items() if name not in _NO_ACTIONS)


def read_build(lines: Iterable[str]) -> Build:
    """The build that events are of. A build that was cut short has no metrics: it counts nothing."""
    runners: Counter[str] = Counter()
    tests: dict[str, bool] = {}
    for line in lines:
        event = json.loads(line)
        label = event.get("id", {}).get("testResult", {}).get("label")
        if label:
            info = event["testResult"].get("executionInfo", {})
            ran = not (info.get("cachedRemotely") or event["testResult"].get("cachedLocally"))
            tests[label] = tests.get(label, False) or ran
        for runner in event.get("buildMetrics", {}).get("actionSummary", {}).get("runnerCount", []):
            runners[runner["name"]] += runner["count"]
    return Build(runners, tests)
