"""The chat server: the same text each time, and trouble on demand."""

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from orchestrator.testing.openai_server import Behaviour, serving

BODY = {"model": "tiny", "messages": [{"role": "user", "content": "Hello."}], "seed": 1}


@pytest.fixture
def api() -> Iterator[httpx.Client]:
    with serving(Behaviour("tiny")) as url, httpx.Client(base_url=url.removesuffix("/v1"), timeout=5) as client:
        yield client


def complete(api: httpx.Client, **changes: object) -> httpx.Response:
    return api.post("/v1/chat/completions", json={**BODY, **changes}, headers={"X-Request-Id": "step"})


def text(answer: httpx.Response) -> str:
    return str(answer.raise_for_status().json()["choices"][0]["message"]["content"])


def control(api: httpx.Client, **wish: object) -> None:
    api.post("/control", json=wish).raise_for_status()


def counts(api: httpx.Client) -> dict[str, Any]:
    return dict(api.get("/control").json())


def test_the_text_depends_on_the_request_alone(api: httpx.Client) -> None:
    assert text(complete(api)) == text(complete(api)) != text(complete(api, seed=2))


def test_a_delay_is_kept_also_by_many_at_once(api: httpx.Client) -> None:
    control(api, delay_ms=200)
    began = time.monotonic()
    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(lambda seed: complete(api, seed=seed), range(64)))
    assert 0.2 <= time.monotonic() - began < 3
    assert len({text(answer) for answer in answers}) == 64
    assert (counts(api)["requests"], counts(api)["answered"], counts(api)["active"]) == (64, 64, 0)
    assert counts(api)["most_active"] > 1


def test_completions_are_held_until_they_are_let_go(api: httpx.Client) -> None:
    control(api, hold=True)
    with ThreadPoolExecutor(3) as pool:
        answers = [pool.submit(complete, api, seed=seed) for seed in range(3)]
        deadline = time.monotonic() + 3
        while counts(api)["active"] < 3:
            assert time.monotonic() < deadline, "three completions do not arrive"
        time.sleep(0.1)
        assert not any(answer.done() for answer in answers)
        control(api, hold=False)
        assert all(text(answer.result()) for answer in answers)


def test_a_reset_lets_go_what_is_held(api: httpx.Client) -> None:
    control(api, hold=True)
    control(api, reset=True)
    assert text(complete(api))


def test_jitter_spreads_delays_by_the_request() -> None:
    behaviour = Behaviour("tiny", delay_s=1.0, jitter=0.5)
    delays = [behaviour.delay_of({**BODY, "seed": seed}) for seed in range(50)]
    assert delays == [behaviour.delay_of({**BODY, "seed": seed}) for seed in range(50)]
    assert 0.5 <= min(delays) < 0.7
    assert 1.3 < max(delays) <= 1.5


def test_an_error_and_garbage_and_emptiness_come_on_demand(api: httpx.Client) -> None:
    control(api, fail="error")
    assert complete(api).status_code == 503
    control(api, fail="garbage")
    with pytest.raises(json.JSONDecodeError):
        json.loads(complete(api).raise_for_status().content.decode(errors="replace"))
    control(api, fail="empty")
    assert text(complete(api)) == ""
    control(api, fail="nonsense")
    assert text(complete(api))
    control(api, fail="refuse")
    with pytest.raises(httpx.RemoteProtocolError):
        complete(api)
    control(api, fail=None)
    assert text(complete(api))
    assert counts(api)["failed"] == 5


def test_a_client_that_gives_up_is_counted(api: httpx.Client) -> None:
    control(api, fail="hang")
    with pytest.raises(httpx.ReadTimeout):
        api.post("/v1/chat/completions", json=BODY, timeout=0.2)
    deadline = time.monotonic() + 5
    while counts(api)["aborted"] != 1:
        assert time.monotonic() < deadline
    assert counts(api)["active"] == 0


def test_trouble_strikes_as_often_as_it_is_told_and_only_what_matches(api: httpx.Client) -> None:
    control(api, fail="error", count=1, match="Hello")
    other = [{"role": "user", "content": "Good evening."}]
    assert [complete(api, messages=other).status_code, complete(api).status_code, complete(api).status_code] == [
        200,
        503,
        200,
    ]


def test_requests_that_came_again_are_told_by_their_ids(api: httpx.Client) -> None:
    complete(api)
    assert counts(api)["repeated"] == {}
    complete(api)
    assert counts(api)["repeated"] == {"step": 2}


def test_a_reset_makes_it_as_new(api: httpx.Client) -> None:
    control(api, delay_ms=1, fail="error")
    complete(api)
    control(api, reset=True)
    assert counts(api)["requests"] == 0
    assert complete(api).status_code == 200


@pytest.mark.parametrize(
    "wish", [{"fail": "explode"}, {"delay": 1}, {"delay_ms": -1}, {"jitter": 2}, {"delay_ms": "x"}]
)
def test_a_wish_that_makes_no_sense_is_refused_and_changes_nothing(api: httpx.Client, wish: dict[str, object]) -> None:
    assert api.post("/control", json={"reset": True, **wish}).status_code == 400
    assert complete(api).status_code == 200


@pytest.mark.parametrize("path", ["/control", "/v1/chat/completions"])
@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"{}"])
def test_what_cannot_be_read_is_refused(api: httpx.Client, path: str, body: bytes) -> None:
    if (path, body) != ("/control", b"{}"):  # This one wishes for nothing, and can be read.
        assert api.post(path, content=body).status_code == 400


def test_it_counts_as_vllm_does(api: httpx.Client) -> None:
    complete(api)
    assert 'vllm:request_success_total{model_name="tiny"} 1.0' in api.get("/metrics").text


def test_a_client_that_wants_the_connection_closed_gets_that(api: httpx.Client) -> None:
    with socket.create_connection((api.base_url.host, api.base_url.port or 0), timeout=5) as connection:
        connection.sendall(b"GET /health HTTP/1.1\r\nConnection: close\r\n\r\n")
        assert connection.makefile("rb").read().endswith(b"\r\n\r\n{}")


def test_requests_on_one_connection_are_answered_in_turn(api: httpx.Client) -> None:
    assert [api.get(path).status_code for path in ("/health", "/v1/models", "/nowhere", "/health")] == [
        200,
        200,
        404,
        200,
    ]
