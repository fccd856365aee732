"""What the work at hand is about."""

import asyncio

import pytest

from orchestrator.application.correlation import (
    about,
    bind,
    current_traceparent,
    log_fields,
    read_traceparent,
    trace_headers,
)

_TRACE, _SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
_PARENT = f"00-{_TRACE}-{_SPAN}-01"


def test_nothing_is_said_where_nothing_is_known() -> None:
    assert log_fields() == {}
    assert trace_headers() == {}


def test_what_is_said_holds_for_the_block_and_inner_blocks_add_to_it() -> None:
    with about(task_id="t", traceparent=_PARENT):
        with about(step_id="s"):
            assert log_fields() == {"task_id": "t", "step_id": "s", "trace_id": _TRACE, "span_id": _SPAN}
        assert "step_id" not in log_fields()
        assert trace_headers() == {"traceparent": _PARENT}
    assert log_fields() == {}


async def test_tasks_inherit_it_and_keep_what_they_bind_to_themselves() -> None:
    async def task(name: str) -> tuple[str | None, str]:
        bind(task_id=name)
        await asyncio.sleep(0)
        return log_fields().get("task_id"), current_traceparent()

    with about(traceparent=_PARENT):
        first, second = await asyncio.gather(task("a"), task("b"))
        assert (first, second) == (("a", _PARENT), ("b", _PARENT))
        assert "task_id" not in log_fields()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (_PARENT, _PARENT),
        (f"00-{_TRACE}-{_SPAN}-00", f"00-{_TRACE}-{_SPAN}-00"),
        pytest.param(f"cc-{_TRACE}-{_SPAN}-01-later", _PARENT, id="a later version"),
        ("", ""),
        (f"ff-{_TRACE}-{_SPAN}-01", ""),
        (f"00-{'0' * 32}-{_SPAN}-01", ""),
        (f"00-{_TRACE}-{'0' * 16}-01", ""),
        (f"00-{_TRACE.upper()}-{_SPAN}-01", ""),
        (f"{_PARENT}\n", ""),
        (f"{_PARENT}{'0' * 10_000}", ""),
    ],
)
def test_a_traceparent_from_outside_is_taken_only_in_its_form(text: str, read: str) -> None:
    assert read_traceparent(text) == read
    with about(traceparent=text):
        assert current_traceparent() == read
