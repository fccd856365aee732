"""What a run leaves behind for people and tools."""

from __future__ import annotations

import json
from pathlib import Path

from tools.stack.runner.engine.confidential import Secrets
from tools.stack.runner.engine.container import Place
from tools.stack.runner.engine.network import Network
from tools.stack.runner.engine.podman import ContainerState
from tools.stack.runner.errors import StackError
from tools.stack.runner.manifest import parse
from tools.stack.runner.reporting.redact import redact
from tools.stack.runner.reporting.report import Report
from tools.stack.runner.reporting.resources import ResourceWatch
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.runfiles import Runfiles
from tools.stack.tests import samples


def test_each_container_has_a_log_and_a_state(tmp_path: Path) -> None:
    workdir, outputs = tmp_path / "work", tmp_path / "outputs"
    workdir.mkdir()
    place = Place("run", Network("net", {}), Runfiles([]), workdir, Secrets(workdir))
    place.log_path("web").write_text("T stdout F hello\n")
    report = Report(parse(samples.manifest({"name": "web"})), Timeline(), ResourceWatch(Timeline().now), outputs)
    report.write_containers([ContainerState("id", "web", "exited", 137, True, "", 1.0, {"Id": "id"})], place)
    report.write_summary(StackError("web exited"))
    assert (outputs / "logs/web.log").read_text() == "T hello\n"
    assert json.loads((outputs / "state/web.json").read_text()) == {"Id": "id"}
    timeline = json.loads((outputs / "timeline.json").read_text())
    assert timeline["failure"] == "web exited"
    assert timeline["containers"]["web"] == {"exit_code": 137, "oom_killed": True, "status": "exited"}
    assert (outputs / "summary.txt").is_file()
    assert json.loads((outputs / "resources.json").read_text())["series"] == {}
    assert json.loads((outputs / "trace.json").read_text())["traceEvents"]


def test_the_state_of_a_container_has_no_secrets() -> None:
    told = {
        "Env": [
            "PATH=/bin",
            "API_TOKEN=abc",
            "DB_PASSWORD_FILE=/run/secrets/db",
            "REDIS_URL=redis://me:abc@redis:6379/0",
        ],
        "CreateCommand": ["podman", "--env", "api_key=abc", "--name", "web"],
    }
    assert redact(told) == {
        "Env": [
            "PATH=/bin",
            "API_TOKEN=(hidden)",
            "DB_PASSWORD_FILE=/run/secrets/db",
            "REDIS_URL=redis://me:(hidden)@redis:6379/0",
        ],
        "CreateCommand": ["podman", "--env", "api_key=(hidden)", "--name", "web"],
    }


def test_phases_and_milestones_are_in_seconds_since_the_start() -> None:
    now = 100.0

    def clock() -> float:
        return now

    timeline = Timeline(clock)
    with timeline.phase("start"):
        now = 101.5
        timeline.service("web").started = timeline.now()
    document = timeline.document()
    assert document["phases"] == [{"name": "start", "start": 0.0, "end": 1.5}]
    assert document["services"]["web"]["started"] == 1.5
