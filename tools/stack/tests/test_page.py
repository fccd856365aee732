"""The page of a run, as data and as text; how it looks is for test_page_in_browser."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tools.stack.runner.manifest import parse
from tools.stack.runner.reporting.document import Run, document
from tools.stack.runner.reporting.log_spans import LogSpan, fill
from tools.stack.runner.reporting.page import page
from tools.stack.runner.reporting.resources import ResourceWatch
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.tests import samples
from tools.stack.tests.runs import FAILED, HOSTILE, sample_run


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return sample_run(tmp_path)


def case(data: dict[str, Any], number: int) -> dict[str, Any]:
    (found,) = (case for case in data["cases"] if f"::test_case_{number}_" in case["name"])
    return dict(found)


def test_a_case_has_the_lines_that_any_service_wrote_in_its_time(run: Run) -> None:
    of_failed = case(document(run), next(iter(FAILED)))
    start, end = of_failed["start"], of_failed["start"] + of_failed["seconds"]
    assert {service for _, service, _ in of_failed["lines"]} == {*run.logs}
    assert all(start <= time < end for time, _, _ in of_failed["lines"])
    assert [time for time, *_ in of_failed["lines"]] == sorted(time for time, *_ in of_failed["lines"])


def test_no_line_is_in_two_places_and_none_is_lost(run: Run) -> None:
    data = document(run)
    parts = [*data["cases"], *data["logs"]]
    kept = sum(len(part["lines"]) + sum(part["left_out"].values()) for part in parts)
    assert kept == sum(len(path.read_text().splitlines()) for path in run.logs.values())


def test_the_diagnosis_and_its_evidence_are_there(run: Run) -> None:
    data = document(run)
    assert data["failure"] == str(run.failure)
    assert HOSTILE in data["evidence"]
    assert case(data, 7)["message"] == FAILED[7]


def test_a_run_that_hardly_began_has_a_page_too() -> None:
    timeline = Timeline()
    data = document(Run(parse(samples.manifest({"name": "web"})), timeline, ResourceWatch(timeline.now), OSError()))
    assert data["failure"] == "OSError"
    assert page(data, "")


def test_what_a_container_wrote_cannot_become_markup(run: Run) -> None:
    text = page(document(run), HOSTILE)
    assert HOSTILE not in text
    assert text.count("<script") == 2
    assert "<img" not in text
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    assert json.loads(data) == json.loads(json.dumps(document(run)))


def test_the_page_needs_nothing_but_itself(run: Run) -> None:
    text = page(document(run), "")
    assert 'http-equiv="Content-Security-Policy" content="default-src \'none\'' in text
    # A namespace of SVG is a name, and is not fetched.
    assert set(re.findall(r"""https?://[^"'\s<]+""", text)) == {"http://www.w3.org/2000/svg"}


def test_a_span_keeps_the_last_lines_of_each_service_and_counts_the_others(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).write_text("".join(f"1970-01-01T00:00:{n:02}Z {name}{n}\n" for n in range(20)))
    spans = [LogSpan(0, 2), LogSpan(10, 2)]
    fill(spans, {name: tmp_path / name for name in ("a", "b")}, began=0)
    assert [line.text for line in spans[0].lines] == ["a8", "b8", "a9", "b9"]
    assert [line.text for line in spans[1].lines] == ["a18", "b18", "a19", "b19"]
    assert spans[0].left_out == spans[1].left_out == {"a": 8, "b": 8}


def test_long_lines_are_cut_and_what_has_no_time_has_that_of_the_line_before(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(f"1970-01-01T00:00:05Z {'x' * 9000}\nno time\n")
    span = LogSpan(0, 9)
    fill([span], {"a": tmp_path / "a", "absent": tmp_path / "absent"}, began=0)
    assert len(span.lines[0].text) < 1100
    assert (span.lines[1].time, span.lines[1].text) == (5, "no time")


def test_of_a_very_long_log_beginning_and_end_are_read(tmp_path: Path) -> None:
    with (tmp_path / "a").open("w") as log:
        for number in range(200_000):
            log.write(f"1970-01-01T00:00:00Z {number} {'x' * 80}\n")
    span = LogSpan(0, 10)
    fill([span], {"a": tmp_path / "a"}, began=0)
    assert span.lines[-1].text.startswith("199999 ")
    assert span.left_out["a"] < 150_000


def test_failures_keep_their_lines_when_there_is_too_much(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tools.stack.runner.reporting.document._MOST_LOG", 100_000)
    data = document(run)
    assert case(data, 7)["lines"]
    assert not case(data, 39)["lines"]
    assert case(data, 39)["left_out"]
    assert len(page(data, "")) < 600_000
