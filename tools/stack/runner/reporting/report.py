"""What a run leaves for people and tools: logs, states, a timeline, resource use, a trace, a summary."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

from tools.stack.runner.engine.container import Place
from tools.stack.runner.engine.podman import ContainerState
from tools.stack.runner.manifest import Manifest
from tools.stack.runner.reporting import logs
from tools.stack.runner.reporting.critical_path import Leg, critical_path
from tools.stack.runner.reporting.document import Run, document
from tools.stack.runner.reporting.junit import Case
from tools.stack.runner.reporting.page import page
from tools.stack.runner.reporting.redact import redact
from tools.stack.runner.reporting.resources import ResourceWatch
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.reporting.trace import trace


class Report:
    """Collects a run's evidence and writes it to `outputs`, where there is one."""

    def __init__(self, manifest: Manifest, timeline: Timeline, memory: ResourceWatch, outputs: Path | None) -> None:
        self._manifest, self._timeline, self._memory, self._outputs = manifest, timeline, memory, outputs
        self.states: list[ContainerState] = []
        self.cases: list[Case] = []
        # How many bytes of a service's log are from before this run.
        self.log_starts: dict[str, int] = {}

    def write_containers(self, states: Sequence[ContainerState], place: Place) -> None:
        """Writes logs/SERVICE.log and state/SERVICE.json for each container."""
        self.states = list(states)
        if self._outputs is None:
            return
        for directory in ("logs", "state"):
            (self._outputs / directory).mkdir(parents=True, exist_ok=True)
        for state in states:
            name = state.service
            source, target = place.log_path(name), self._outputs / "logs" / f"{name}.log"
            logs.write_plain(source, target, self.log_starts.get(name, 0))
            (self._outputs / "state" / f"{name}.json").write_text(json.dumps(redact(state.raw), indent=2) + "\n")

    def keep_outputs(self, left: Path) -> None:
        """Moves the directory with what services left for the test's outputs, one folder a service, to outputs/."""
        if self._outputs is not None and left.is_dir():
            self._outputs.mkdir(parents=True, exist_ok=True)
            shutil.move(left, self._outputs / "outputs")

    def write_summary(self, failure: BaseException | None) -> None:
        """Writes timeline.json, resources.json, trace.json, summary.txt and report.html."""
        if self._outputs is None:
            return
        self._outputs.mkdir(parents=True, exist_ok=True)
        facts = {
            "stack": self._manifest.label,
            "failure": None if failure is None else str(failure) or type(failure).__name__,
            **self._timeline.document(),
            "memory": {"total_peak_bytes": self._memory.total_peak, "peak_bytes": self._memory.peaks},
            "containers": {
                state.service: {"exit_code": state.exit_code, "oom_killed": state.oom_killed, "status": state.status}
                for state in self.states
            },
            "tests": [{"name": c.name, "outcome": c.outcome, "seconds": c.seconds} for c in self.cases],
        }
        path = self._critical_path()
        events = trace(self._timeline, path, self.cases, self._memory.series)
        (self._outputs / "timeline.json").write_text(json.dumps(facts, indent=2) + "\n")
        (self._outputs / "resources.json").write_text(json.dumps(self._memory.document()) + "\n")
        (self._outputs / "trace.json").write_text(json.dumps(events) + "\n")
        (self._outputs / "summary.txt").write_text(self.summary() + "\n")
        logs = {file.stem: file for file in sorted((self._outputs / "logs").glob("*.log"))}
        run = Run(self._manifest, self._timeline, self._memory, failure, self.states, self.cases, path, logs)
        (self._outputs / "report.html").write_text(page(document(run), self.summary()))

    def _critical_path(self) -> list[Leg]:
        phases = {span.name: span for span in self._timeline.phases}
        if "start" not in phases:
            return []
        began, until = phases.get("images", phases["start"]).start, phases["start"].end
        end = self._timeline.now() if until is None else until
        return critical_path(self._manifest.services, self._timeline.services, began, end)

    def summary(self) -> str:
        """Phases and services as plain text."""
        lines = ["phase        seconds"]
        lines += [f"{span.name:<10} {span.seconds:9.1f}" for span in self._timeline.phases]
        lines += ["", "service          started   ready  ready after  peak memory"]
        for name, times in self._timeline.services.items():
            after = times.ready - times.started if times.ready is not None and times.started is not None else None
            memory = self._memory.peaks.get(name)
            lines.append(
                f"{name:<15} {_seconds(times.started):>8} {_seconds(times.ready):>7} {_seconds(after):>12}"
                f" {f'{memory / 1e6:.0f} MB' if memory else '-':>12}{'  from a snapshot' if times.from_snapshot else ''}"
            )
        lines.append(f"{'all at once':<15} {'':>8} {'':>7} {'':>12} {f'{self._memory.total_peak / 1e6:.0f} MB':>12}")
        return "\n".join(lines)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"
