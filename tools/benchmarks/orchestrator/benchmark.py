"""How many steps of agents a second the service does, everything real but the model: over deliberations and agents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from tools.benchmarks.core.benchmark import Benchmark, Better, Claim, Metric, Setting, Variant
from tools.benchmarks.orchestrator.windows import OTHERS, SERVICE, Loaded, read
from tools.benchmarks.stacks.run import run

_PACKAGE = "_main/tools/benchmarks/orchestrator"
_STEPS = 9  # Of a deliberation with three agents and one round.
_FULL = 16

# The loads of test_load.py, and the numbers that they have there.
_LOADS = {
    "at_once": ("steps a second, {} deliberations at once of 3 agents", (1, 4, 16, 64)),
    "agents": ("steps a second, deliberations of {} agents, 48 agents in all", (1, 8, 32)),
    "slow": ("steps a second, {} at once, of a model that takes 250 ms", (1, 4, 16, 32, 64)),
}

# Which of them are measured, as pytest's -k has it: for what is claimed, and where agents don't matter.
_CLAIMED = f"at_once-1 or at_once-{_FULL} or slow"
_WITHOUT_AGENTS = "at_once or slow"
_ALL = "test_load"


async def _measure(test: str, loads: str, setting: Setting) -> Mapping[str, float]:
    done = read(await run(f"{_PACKAGE}/{test}", setting, "-k", _CLAIMED if setting.short else loads))
    figures = {f"{name}_{number}": load.steps_per_s for name in done for number, load in done[name].items()}
    full = done["at_once"][_FULL]
    figures["overhead"] = done["at_once"][1].duration_s * 1000
    figures["cpu_service"] = full.service_cpus / full.steps_per_s * 1000
    figures |= {f"cpu_{part}": full.cpus[part] / full.steps_per_s * 1000 for part in (*SERVICE, *OTHERS)}
    if shares := _shares_of_linear(done["slow"]):
        figures["linear"] = min(shares)
    return figures


def _shares_of_linear(loads: Mapping[int, Loaded]) -> Sequence[float]:
    """What so many deliberations did, as a share of what they would if each did as much as one alone.

    Only while less than a core is busy, with all that takes part.
    """
    alone = _STEPS / loads[1].duration_s
    return [load.steps_per_s / (number * alone) for number, load in loads.items() if number > 1 and load.all_cpus < 1]


BENCHMARK = Benchmark(
    name="orchestrator",
    title="Steps of agents a second, on everything real but the model",
    metrics=[
        *(
            Metric(f"{name}_{number}", title.format(number), "steps/s", Better.HIGHER)
            for name, (title, numbers) in _LOADS.items()
            for number in numbers
        ),
        Metric("overhead", f"a deliberation of {_STEPS} steps alone, of a model that takes no time", "ms"),
        Metric("linear", "share of linear in deliberations at once, while less than a core is busy", "", Better.HIGHER),
        Metric("cpu_service", f"processor time of the service for a step, {_FULL} at once", "ms"),
        *(Metric(f"cpu_{part}", f"of it {part}", "ms") for part in SERVICE),
        *(Metric(f"cpu_{part}", f"beside it {part}", "ms") for part in OTHERS),
    ],
    variants=[
        Variant("default", "each of the two actors works on 64 steps at once", partial(_measure, "load", _ALL), 300),
        Variant(
            "narrow", "on 8 (AGENT_CONCURRENCY=8)", partial(_measure, "narrow_load", _WITHOUT_AGENTS), 300, detail=True
        ),
    ],
    claims=[
        Claim(f"at_once_{_FULL}", ours="default", at_least=300),
        Claim("linear", ours="default", at_least=0.85),
    ],
    rounds=3,
    short_rounds=1,
)
