"""Strategies for what a hostile or broken caller sends, made from the contract's descriptor: what is added there is covered."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from google.protobuf.descriptor import Descriptor, FieldDescriptor, MethodDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from hypothesis import strategies as st

from protos.orchestrator.v1 import orchestrator_pb2 as pb

METHODS: Sequence[MethodDescriptor] = tuple(pb.DESCRIPTOR.services_by_name["OrchestratorService"].methods)

# What means something to a layer below: subjects and wildcards of NATS, patterns and protocol of Redis, paths, templates,
# formats, shells, markup, JSON, log lines, control and bidirectional characters, and text that grows when its case changes.
_METACHARACTERS = (
    "",
    " \t\n",
    "\0",
    "a\0b",
    "agent.steps.>",
    "*",
    "a.*.b",
    "$JS.API.STREAM.DELETE.AGENT_STEPS",
    "[a-z]?\\",
    "deliberation:*",
    "\r\n*1\r\n$8\r\nFLUSHALL\r\n",
    "../../../etc/passwd",
    "/dev/stdin",
    "C:\\con",
    "{0.__class__.__init__.__globals__}",
    "{",
    "}}{{ 7*7 }}{% raw %}",
    "%s%n%(x)d%",
    "${jndi:ldap://x}",
    "$(touch x)`touch x`;&&|",
    "<script>alert(1)</script>",
    '{"marks": {"A": 10}}',
    '"]}',
    "```python\nraise SystemExit\n```",
    "```json\n" + "[" * 2000 + "\n```",
    "~~~\n",
    "\x1b[2J\x07\x7f",
    "\u202e\u2066gnp.exe\u2069",
    "\ufeff\ufffe\uffff",
    "\U0010ffff",
    "ß" * 50 + "İ" * 50,
    "e" + "\u0301" * 500,
    "-1",
    "0",
    "NaN",
    "1e999",
    "9" * 40,
    "٣",
    "null",
    "__proto__",
    "/".join(f"A{number}" for number in range(4_000)),
    ",".join(f"A{number}" for number in range(4_000)),
    "\n".join("- do it" for _ in range(4_000)),
    "x" * 128,
    "x" * 129,
    "x" * 20_000,
    "word " * 4_000,
)

ROLES = ("ARCHITECT", "DATA", "DEV", "DEVOPS", "QA", "SECURITY_2")
TASK_IDS = ("task-1", "task-2", "task-3")

# Values that get past the first check, by the names of fields, so that calls meet each other and reach what is behind.
_PLAUSIBLE: Mapping[str, Sequence[str]] = {
    "agent_id": ("agent-dev-1", "agent-qa-3", "guest-1", "guest-2"),
    "agent_type": ("MOCK", "VLLM", "RAY_VLLM"),
    "case_id": ("case-1", "case-2"),
    "dependency_order": (*ROLES, "DEV/DATA", "QA/DEV/QA"),
    "endpoint": ("", "", "http://127.0.0.1:1/v1", "http://169.254.169.254/latest", "file:///etc/passwd"),
    "event_type": ("plan.approved", "plan.created", "transition"),
    "from_state": ("DRAFT", "IN_REVIEW"),
    "metric_type": ("performance", "agents", "councils", "all"),
    "phase": ("DESIGN", "BUILD", "TEST", "DOCS"),
    "plan_id": ("plan-1", "plan-2"),
    "role": ROLES,
    "role_filter": ROLES,
    "roles": ROLES,
    "task_description": ("Add two numbers.", "Sort a list."),
    "task_id": ("", "", "", *TASK_IDS),
    "to_state": ("APPROVED", "DONE"),
}

_PARAMETERS = ("num_agents", "temperature", "seed")
_INTEGERS = (0, 1, 2, 3, 10, 11, -1, 2**31 - 1, -(2**31))
_LONG_INTEGERS = (*_INTEGERS, 2**63 - 1, -(2**63), 1_800_000_000_000)


def texts(field_name: str = "") -> st.SearchStrategy[str]:
    """Text for a field: what gets through, what means something somewhere, and anything that UTF-8 can carry."""
    anything = st.text(st.characters(codec="utf-8"), max_size=200)
    hostile = st.one_of(st.sampled_from(_METACHARACTERS), anything)
    plausible = _PLAUSIBLE.get(field_name)
    return st.one_of(st.sampled_from(plausible), st.sampled_from(plausible), hostile) if plausible else hostile


@functools.cache
def messages(descriptor: Descriptor) -> st.SearchStrategy[Message]:
    """Messages of a type, each field of which is there or not and has any value of its type."""
    kind = GetMessageClass(descriptor)
    fields = {field.name: _values(field) for field in descriptor.fields}
    return st.fixed_dictionaries({}, optional=fields).map(lambda values: kind(**values))


@functools.cache
def nearly_right(descriptor: Descriptor) -> st.SearchStrategy[Message]:
    """Messages that a friendly caller could send, with one field at most that it could not."""
    kind = GetMessageClass(descriptor)
    friendly = st.fixed_dictionaries({field.name: _friendly(field) for field in descriptor.fields})
    odd = [st.tuples(st.just(field.name), _values(field)) for field in descriptor.fields]
    spoiled = st.tuples(friendly, st.one_of(odd)).map(lambda given: {**given[0], given[1][0]: given[1][1]})
    return st.one_of(friendly, spoiled).map(lambda values: kind(**values))


def metadata() -> st.SearchStrategy[tuple[tuple[str, str], ...]]:
    """What a caller may put beside the request; mostly nothing."""
    printable = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=100)
    traceparents = st.sampled_from(
        ("00-" + "0" * 32 + "-" + "0" * 16 + "-01", "00-" + "f" * 32 + "-" + "f" * 16 + "-ff")
    )
    names = st.sampled_from(("traceparent", "tracestate", "baggage", "authorization", "x-request-id"))
    pairs = st.lists(st.tuples(names, st.one_of(printable, traceparents)), max_size=3)
    return st.one_of(st.just(()), st.just(()), pairs.map(tuple))


def malformed(descriptor: Descriptor) -> st.SearchStrategy[bytes]:
    """Bytes that are no message of the type, or hardly one: noise, messages cut short or overwritten, odd wire formats."""
    whole = messages(descriptor).map(lambda message: message.SerializeToString())
    cut = st.tuples(whole, st.integers(0, 200)).map(lambda given: given[0][: given[1]])
    overwritten = st.tuples(whole, st.integers(0, 200), st.binary(min_size=1, max_size=4)).map(
        lambda given: given[0][: given[1]] + given[2] + given[0][given[1] + len(given[2]) :]
    )
    odd = st.sampled_from(
        (
            b"\x0a\x02\xff\xfe",  # Field 1 is not UTF-8.
            b"\x0a\xff\xff\xff\xff\x0f",  # Longer than what follows.
            b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x08" + b"\xff" * 11,  # A varint without end.
            b"\x0b" * 200,  # Groups in groups.
            b"\x1a\x80\x80\x01" * 50,
            b"\x00",  # Field 0.
            b"\xfa\xff\xff\xff\x0f\x00",  # The highest field number.
            b"\x00" * 2_000_000,
        )
    )
    return st.one_of(st.binary(max_size=300), cut, overwritten, odd)


def _values(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    entry = field.message_type
    if entry is not None and entry.GetOptions().map_entry:
        keys = st.one_of(st.sampled_from(_PARAMETERS), texts())
        return st.one_of(
            st.dictionaries(keys, _single(entry.fields_by_name["value"]), max_size=5),
            st.just({f"key {number}": "value" for number in range(2_000)}),
        )
    if field.is_repeated:
        single = _single(field)
        return st.one_of(st.lists(single, max_size=5), single.map(lambda value: [value] * 1_000))
    return _single(field)


def _single(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return messages(field.message_type)
    if field.type == FieldDescriptor.TYPE_STRING:
        return texts(field.name)
    return _SCALARS[field.type]


def _friendly(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.is_repeated:
        # Few fields of the contract need to be given, and none of these more than twice.
        entry = field.message_type
        if entry is not None and entry.GetOptions().map_entry:
            return st.just({})
        return st.lists(_friendly_single(field), max_size=2)
    return _friendly_single(field)


def _friendly_single(field: FieldDescriptor) -> st.SearchStrategy[Any]:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return st.one_of(st.none(), nearly_right(field.message_type))
    if field.type == FieldDescriptor.TYPE_STRING:
        return st.sampled_from(_PLAUSIBLE.get(field.name, ("", "something")))
    if field.type == FieldDescriptor.TYPE_BOOL:
        return st.booleans()
    return st.integers(0, 2)


# proto3's enums are open: a number without a name is valid on the wire.
_INT32 = st.one_of(st.sampled_from(_INTEGERS), st.integers(0, 10), st.integers(-(2**31), 2**31 - 1))
_SCALARS: Mapping[int, st.SearchStrategy[Any]] = {
    FieldDescriptor.TYPE_BOOL: st.booleans(),
    FieldDescriptor.TYPE_DOUBLE: st.floats(),
    FieldDescriptor.TYPE_ENUM: _INT32,
    FieldDescriptor.TYPE_INT32: _INT32,
    FieldDescriptor.TYPE_INT64: st.one_of(st.sampled_from(_LONG_INTEGERS), st.integers(-(2**63), 2**63 - 1)),
}
