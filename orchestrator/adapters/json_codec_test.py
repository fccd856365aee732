"""Dataclasses as JSON and back."""

import json

import pytest

from orchestrator.adapters.json_codec import MalformedDocument, decode, encode
from orchestrator.domain.context import ContextSelection
from orchestrator.domain.deliberation import Deliberation
from orchestrator.domain.request import Constraints
from orchestrator.domain.steps import StepRequest, StepResponse
from orchestrator.testing.builders import answer_phase, finish, make_deliberation, make_request, make_step_request


@pytest.mark.parametrize("phases", range(5))
def test_a_deliberation_comes_back_as_it_was(phases: int) -> None:
    request = make_request(
        constraints=Constraints(rubric="r", requirements=("a",), metadata={"k": "v"}),
        architect_selection=True,
        case_id="c",
        context=ContextSelection(scopes=("s",)),
    )
    deliberation = make_deliberation(request)
    for _ in range(phases):
        answer_phase(deliberation)

    decoded = decode(Deliberation, encode(deliberation))

    assert decoded == deliberation
    assert decoded.request.fingerprint() == deliberation.fingerprint


def test_a_finished_deliberation_keeps_its_results() -> None:
    deliberation = finish(make_deliberation())

    assert decode(Deliberation, encode(deliberation)).results == deliberation.results


def test_a_step_request_comes_back_as_it_was() -> None:
    request = make_step_request()

    assert decode(StepRequest, encode(request)) == request


def test_missing_fields_take_their_default_and_unknown_ones_are_ignored() -> None:
    document = json.dumps({"step_id": "s", "task_id": "t", "invented_later": {"deep": [1]}})

    assert decode(StepResponse, document) == StepResponse("s", "t")


@pytest.mark.parametrize(
    "document",
    [
        "",
        "null",
        "[]",
        "7",
        "{}",
        '{"step_id": 7, "task_id": "t"}',
        '{"step_id": "s", "task_id": "t", "usage": []}',
        '{"step_id": "s", "task_id": "t", "attempts": true}',
        '{"step_id": "s", "task_id": "t", "prompt": {}}',
        '{"step_id": "\\ud800", "task_id": "t"}',
        b"\xff\xfe",
        "[" * 100_000,
    ],
)
def test_other_documents_are_malformed(document: str | bytes) -> None:
    with pytest.raises(MalformedDocument):
        decode(StepResponse, document)


def test_an_unknown_value_of_an_enumeration_is_malformed() -> None:
    document = encode(make_step_request()).replace(b'"propose"', b'"dance"')

    with pytest.raises(MalformedDocument):
        decode(StepRequest, document)
