"""How many of the tokens that vLLM can generate a deliberation gets out of it: with all that is around it, on one machine."""

from __future__ import annotations

import json
import statistics
from collections.abc import Mapping

from tools.benchmarks.core.benchmark import Benchmark, Better, Claim, Metric, Setting, Variant
from tools.benchmarks.stacks.run import run
from tools.benchmarks.tokens.progress import Progress, window

_TEST = "_main/tools/benchmarks/tokens/load"


# The deliberations begin one after the other: until then, and a little longer, the load is not whole.
_WARM_UP_S = 8.0


async def _measure(setting: Setting) -> Mapping[str, float]:
    done = await run(_TEST, setting, "-k", "short" if setting.short else "long")
    turns = json.loads((done.outputs / "outputs/tests/tokens.json").read_text())
    figures = [_figures({name: Progress(**samples) for name, samples in turn.items()}) for turn in turns]
    return {name: statistics.mean(each[name] for each in figures) for name in figures[0]}


def _figures(turn: Mapping[str, Progress]) -> dict[str, float]:
    """Tokens a second of each, over the same piece of work."""
    work = window(turn["deliberations"], _WARM_UP_S)
    figures = {name: progress.per_second(*work) for name, progress in turn.items()}
    return {**figures, "share": figures["deliberations"] / figures["bare"]}


BENCHMARK = Benchmark(
    name="tokens",
    title="Tokens a second through deliberations, and by a bare client that sends the same requests",
    metrics=[
        Metric(
            "deliberations", "tokens a second through deliberations, 16 requests at once", "tokens/s", Better.HIGHER
        ),
        Metric("bare", "tokens a second by a bare client, 16 requests at once", "tokens/s", Better.HIGHER),
        Metric("share", "the deliberations' share of the bare client's", "", Better.HIGHER),
    ],
    variants=[
        Variant(
            "vllm",
            "vLLM on the CPU with the chosen model, each of them four times in turn on one stack, in the short mode twice",
            _measure,
            600,
        )
    ],
    claims=[Claim("share", ours="vllm", at_least=0.95)],
    rounds=3,
    short_rounds=1,
)
