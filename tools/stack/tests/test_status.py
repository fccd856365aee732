"""The table of how services are."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tools.stack.runner.display.progress import Progress
from tools.stack.runner.display.status import Row, State, table
from tools.stack.runner.engine.confidential import Secrets
from tools.stack.runner.engine.container import Place
from tools.stack.runner.engine.network import Network
from tools.stack.runner.engine.podman import Podman
from tools.stack.runner.manifest import ProbeSpec
from tools.stack.runner.probes import Answer, Readiness
from tools.stack.runner.reporting.resources import ResourceWatch
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running.container import Container
from tools.stack.runner.running.lifecycle import Supervisor
from tools.stack.runner.running.overview import rows
from tools.stack.tests import samples


def test_each_service_has_a_line_and_all_together_the_last() -> None:
    lines, codes = table(
        [
            Row("redis", State.READY, 65, 5_000_000, "PONG"),
            Row("vllm", State.STARTING, 12.4, 2_100_000_000, "connection refused"),
            Row("late", State.WAITING, 7000, 0, "it needs vllm"),
        ]
    )
    assert [line.split() for line in lines] == [
        ["redis", "ready", "65", "s", "5", "MB", "PONG"],
        ["vllm", "starting", "12", "s", "2.10", "GB", "connection", "refused"],
        ["late", "waiting", "2", "h", "-", "it", "needs", "vllm"],
        ["1", "of", "3", "ready", "2.10", "GB"],
    ]
    assert codes == []


def test_columns_are_aligned_and_what_may_be_long_stands_last() -> None:
    lines, _ = table([Row("a", State.READY, 1, 1_000_000, "A" * 50), Row("long-name", State.ENDED, 9999, 0, "B")])
    assert lines[0].index("A") == lines[1].index("B")


def test_colours_tell_states_apart() -> None:
    _, codes = table([Row("a", State.READY, 1, 0, ""), Row("b", State.ENDED, 1, 0, "")], color=True)
    assert len(set(codes)) == len(codes) == 2


async def test_a_service_is_what_its_container_and_its_last_answer_are(tmp_path: Path) -> None:
    now = 0.0
    timeline = Timeline(lambda: now)
    memory = ResourceWatch(timeline.now)
    asked = samples.service("asked", probe=ProbeSpec("tcp", {"port": "main"}))
    services = [asked, samples.service("plain"), samples.service("task", task=True), samples.service("late")]
    network = Network("net", {service.name: "10.0.0.1" for service in services})
    place = Place("run", network, Runfiles([]), tmp_path, Secrets(tmp_path))
    async with asyncio.TaskGroup() as group:
        supervisor = Supervisor(group, Podman(), place, {}, {}, timeline, Progress(timeline), memory, services)

    def states() -> dict[str, State]:
        return {row.name: row.state for row in rows(supervisor, timeline, memory)}

    assert set(states().values()) == {State.WAITING}
    for service in services[:3]:
        supervisor.containers[service.name] = Container(service, service.name, 1, 0, Readiness())
    now = 5.0
    assert states() == dict.fromkeys(("asked", "plain", "task"), State.STARTING) | {"late": State.WAITING}
    for container in supervisor.containers.values():
        container.ready = True
    supervisor.containers["asked"].readiness.answered(Answer(True, "open"), 5.0)
    assert states() | {"late": State.WAITING} == {
        "asked": State.READY,
        "plain": State.READY,
        "task": State.DONE,
        "late": State.WAITING,
    }
    supervisor.containers["asked"].readiness.answered(Answer(False, "refused"), 6.0)
    supervisor.containers["plain"].ended.set()
    assert (states()["asked"], states()["plain"]) == (State.FAILING, State.ENDED)
    supervisor.containers["plain"].end_is_wanted = True
    assert states()["plain"] is State.REPLACING
