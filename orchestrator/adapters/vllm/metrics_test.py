"""Requests to the model as metrics."""

import pytest
from prometheus_client import CollectorRegistry

from orchestrator.adapters.in_memory.model import MockModel
from orchestrator.adapters.vllm.metrics import MeasuredModel
from orchestrator.application.ports import ModelRejected
from orchestrator.domain.steps import StepRequest
from orchestrator.testing.builders import make_step_request


def _refuse(request: StepRequest, seed: int) -> str:
    raise ModelRejected("too long")


async def test_requests_are_timed_and_their_tokens_counted() -> None:
    registry = CollectorRegistry()
    answer = await MeasuredModel(MockModel(), registry).complete(make_step_request(), 1, None, 5)

    assert registry.get_sample_value("gen_ai_client_operation_duration_seconds_count", {"error_type": ""}) == 1
    tokens = {"input": answer.usage.prompt_tokens, "output": answer.usage.completion_tokens}
    for kind, count in tokens.items():
        assert registry.get_sample_value("gen_ai_client_tokens_total", {"gen_ai_token_type": kind}) == count


async def test_failures_are_counted_by_their_kind() -> None:
    registry = CollectorRegistry()
    with pytest.raises(ModelRejected):
        await MeasuredModel(MockModel(_refuse), registry).complete(make_step_request(), 1, None, 5)

    labels = {"error_type": "ModelRejected"}
    assert registry.get_sample_value("gen_ai_client_operation_duration_seconds_count", labels) == 1
