"""A language model in memory: deterministic text, for tests and `--dev`."""

import json
from collections.abc import Callable

from orchestrator.application.ports import Completion
from orchestrator.domain.review import HIGHEST_MARK
from orchestrator.domain.steps import StepKind, StepRequest, Usage

Behaviour = Callable[[StepRequest, int], str]


def plausible_answer(request: StepRequest, seed: int) -> str:
    """Text that has the form of an answer and depends on nothing but the request and the seed."""
    if request.labels:
        marks = {label: (seed + index * 3) % HIGHEST_MARK + 1 for index, label in enumerate(request.labels)}
        comments = dict.fromkeys(request.labels, "Say how it is tested.")
        return json.dumps({"marks": marks, "comments": comments})
    task = request.messages[-1].content.splitlines()[0].removeprefix("Task: ")
    verb = "Revised proposal" if request.kind is StepKind.REVISE else "Proposal"
    name = f"step_{seed % 1000}"
    return f"{verb} for: {task}\n\n```python\ndef {name}() -> str:\n    return {task[:60]!r}\n```\n"


class MockModel:
    """ChatModel in memory, which answers the agents of type MOCK. It keeps nothing.

    `behaviour` makes the text, and may raise what the port may raise.
    """

    def __init__(self, behaviour: Behaviour = plausible_answer) -> None:
        self._behaviour = behaviour

    async def complete(self, request: StepRequest, seed: int, schema: object | None, timeout_s: float) -> Completion:
        text = self._behaviour(request, seed)
        words = sum(len(message.content.split()) for message in request.messages)
        return Completion(text, Usage(words, len(text.split())), f"mock-{request.step_id}-{seed}", request.model)


class InMemoryModel(MockModel):
    """ChatModel for tests, which keeps what it was asked."""

    def __init__(self, behaviour: Behaviour = plausible_answer) -> None:
        super().__init__(behaviour)
        self.requests: list[StepRequest] = []

    async def complete(self, request: StepRequest, seed: int, schema: object | None, timeout_s: float) -> Completion:
        self.requests.append(request)
        return await super().complete(request, seed, schema, timeout_s)
