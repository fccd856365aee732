"""Ten thousand hostile and malformed requests: each is answered with a status that tells the caller something, and
nothing of them stays.

`--test_arg=--hypothesis-seed=N` repeats a run; a failure prints the request, and its seed, in full.
"""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from orchestrator.fuzzing.hostile import METHODS, ROLES, TASK_IDS, malformed, messages, metadata, nearly_right
from orchestrator.fuzzing.victim import Holdings, Victim, serving
from protos.orchestrator.v1 import orchestrator_pb2 as pb

# Of each method; there are 15.
_HOSTILE = 300
_NEARLY_RIGHT = 300
_MALFORMED = 150

# Of any method, in sequences.
_WARM_UP = 100
_AFTERWARDS = 100
_LENGTH = 20

# What leaks grows each time. What grew once, in a machine's busy moment, need not.
_TIMES = 3

# No request of these makes the service work for so long.
_HANG_S = 20.0

# All that a caller may get. The service's own DEADLINE_EXCEEDED and an impatient caller's look the same.
_CODES = {
    grpc.StatusCode.OK,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}

_NAMED = {method.name: method for method in METHODS}
_BY_METHOD = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
_PHASES = (Phase.explicit, Phase.generate, Phase.shrink)


def _examples(count: int) -> settings:
    return settings(
        max_examples=count, deadline=None, database=None, phases=_PHASES, suppress_health_check=[*HealthCheck]
    )


class Caller:
    """Sends requests, and fails where an answer is none that a caller may get. `answers` counts method and code."""

    def __init__(self, victim: Victim) -> None:
        self.victim = victim
        self.answers: Counter[tuple[str, str]] = Counter()
        self._channel: Any = grpc.insecure_channel(victim.address)

    def call(self, method: MethodDescriptor, data: bytes, beside: Any = (), patience_s: float = _HANG_S) -> None:
        """Calls a method with these bytes as its request."""
        path = f"/{method.containing_service.full_name}/{method.name}"
        answer = GetMessageClass(method.output_type).FromString
        code, details = grpc.StatusCode.OK, ""
        started = time.monotonic()
        try:
            if method.server_streaming:
                for _ in self._channel.unary_stream(path, None, answer)(data, patience_s, beside):
                    pass
            else:
                self._channel.unary_unary(path, None, answer)(data, patience_s, beside)
        except grpc.RpcError as error:
            code, details = error.code(), error.details() or ""
        self.answers[method.name, code.name] += 1
        assert code in _CODES, f"{code.name}: {details}"
        assert time.monotonic() - started < _HANG_S, "it hangs"

    def arrange(self) -> None:
        """Sees to it that there are councils and deliberations for requests to meet."""
        for role in ROLES:
            council = pb.CreateCouncilRequest(role=role, num_agents=3, config=pb.CouncilConfig(agent_type="MOCK"))
            self.call(_NAMED["CreateCouncil"], council.SerializeToString())
        for task_id in TASK_IDS:
            task = pb.DeliberateRequest(task_id=task_id, task_description="Add.", role="DEV", mode=pb.ASYNC)
            self.call(_NAMED["Deliberate"], task.SerializeToString())

    def close(self) -> None:
        self._channel.close()


@pytest.fixture(scope="module")
def caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Caller]:
    with serving(tmp_path_factory.mktemp("victim") / "log") as victim:
        caller = Caller(victim)
        yield caller
        caller.close()
        for (method, code), count in sorted(caller.answers.items()):
            print(f"{method:24} {code:20} {count:6}")
        print(f"{caller.answers.total()} requests")
        assert victim.running
        assert victim.log() == "", "what a caller sends is no reason for a warning, and never one for a traceback"


_ANY = st.sampled_from(METHODS).flatmap(
    lambda method: st.tuples(
        st.just(method), st.one_of(messages(method.input_type), nearly_right(method.input_type)).map(_serialized)
    )
)


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()


@_BY_METHOD
def test_hostile_requests(caller: Caller, method: MethodDescriptor) -> None:
    caller.arrange()

    @_examples(_HOSTILE)
    @given(messages(method.input_type), metadata(), st.sampled_from((_HANG_S, _HANG_S, 0.001, 0.01)))
    def attack(request: Message, beside: Any, patience_s: float) -> None:
        caller.call(method, request.SerializeToString(), beside, patience_s)

    attack()


@_BY_METHOD
def test_requests_that_are_nearly_right(caller: Caller, method: MethodDescriptor) -> None:
    caller.arrange()

    @_examples(_NEARLY_RIGHT)
    @given(nearly_right(method.input_type))
    def attack(request: Message) -> None:
        caller.call(method, request.SerializeToString())

    attack()
    # If none got through, nothing behind the first check was attacked.
    assert caller.answers[method.name, "OK"]


@_BY_METHOD
def test_malformed_requests(caller: Caller, method: MethodDescriptor) -> None:
    @_examples(_MALFORMED)
    @given(malformed(method.input_type))
    def attack(data: bytes) -> None:
        caller.call(method, data)

    attack()


def test_nothing_of_them_stays(caller: Caller) -> None:
    def attack(sequences: int) -> None:
        @_examples(sequences)
        @given(st.lists(_ANY, min_size=_LENGTH, max_size=_LENGTH))
        def sequence(requests: Any) -> None:
            caller.arrange()
            for method, data in requests:
                caller.call(method, data)

        sequence()

    attack(_WARM_UP)
    seen = [caller.victim.holdings()]
    for _ in range(_TIMES):
        attack(_AFTERWARDS)
        seen.append(caller.victim.settled(seen[-1].tasks))
        if not _grew(*seen[-2:]):
            return
    pytest.fail(f"it holds more each time: {seen}")


def _grew(before: Holdings, after: Holdings) -> bool:
    return (
        after.tasks > before.tasks
        or after.objects >= before.objects * 1.05
        or after.resident_bytes >= before.resident_bytes * 1.1
    )
