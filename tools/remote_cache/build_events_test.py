import json

from tools.remote_cache.build_events import Build, read_build

METRICS = {
    "id": {"buildMetrics": {}},
    "buildMetrics": {
        "actionSummary": {
            "runnerCount": [
                {"name": "total", "count": 20},
                {"name": "remote cache hit", "count": 9},
                {"name": "disk cache hit", "count": 1},
                {"name": "internal", "count": 7},
                {"name": "linux-sandbox", "count": 2},
                {"name": "local", "count": 1},
            ]
        }
    },
}


def result(label: str, status: str = "PASSED", **how: bool) -> dict[str, object]:
    local = {"cachedLocally": True} if how.pop("cachedLocally", False) else {}
    return {"id": {"testResult": {"label": label}}, "testResult": {"status": status, "executionInfo": how, **local}}


def test_actions_are_counted_by_who_ran_them() -> None:
    build = read_build([json.dumps(METRICS)])
    assert (build.hits, build.executed) == (9, 3)


def test_a_test_ran_here_unless_all_of_its_shards_are_known() -> None:
    events = [
        result("//:known", cachedRemotely=True),
        result("//:same", cachedLocally=True),
        result("//:ran"),
        result("//:half", cachedRemotely=True),
        result("//:half"),
    ]
    build = read_build(map(json.dumps, events))
    assert build.tests == {"//:known": False, "//:same": False, "//:ran": True, "//:half": True}


def test_a_build_that_was_cut_short_counts_nothing() -> None:
    assert read_build([json.dumps({"id": {"progress": {}}, "progress": {}})]) == Build()
