"""`stack_restart`: replaces services of a stack that is up by what they are built and declared as now."""

from __future__ import annotations

from collections.abc import Sequence

from tools.stack.runner.display.progress import Progress
from tools.stack.runner.engine import layout
from tools.stack.runner.engine.podman import Podman
from tools.stack.runner.manifest import Manifest
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.runfiles import Runfiles
from tools.stack.runner.running import standing
from tools.stack.runner.running.renewal import Renewal

DESCRIPTION = """\
Replaces services of the stack that stack_up has brought up, in this terminal or another: `bazel run` builds them, and
only their containers are ended and started anew, in the order of what needs what. It returns when they are ready.

Without a SERVICE it replaces those that differ from what is up: in their image, their declaration, or the files that
they mount. Volumes stay. When a new container does not start, it says why, and all others stay as they are.
"""
EXAMPLES = """\
examples:
  bazel run //tools:stack_restart                      what you have changed
  bazel run //tools:stack_restart -- orchestrator      the orchestrator, also when nothing of it has changed
  ibazel run //tools:stack_restart                     again at each change of a source, until Ctrl-C
"""


async def restart(manifest: Manifest, runfiles: Runfiles, names: Sequence[str]) -> None:
    """Replaces these services, or without any those that differ, and says how long it took.

    Raises StackDownError, ManifestError for a service that is not declared, and the StackError of the first that cannot
    be started or is not ready in time.
    """
    for name in names:
        manifest.service(name)
    timeline = Timeline()
    progress = Progress(timeline)
    stack = standing.find(await Podman().resources(), manifest, runfiles)
    layouts = layout.read_all(manifest.services, runfiles)
    with standing.held(stack) as lock:
        await lock.own(lambda: progress.event("waiting for others that change the stack, or whose tests run on it"))
        renewal = Renewal(stack, manifest, layouts, timeline, progress)
        reasons = dict.fromkeys(names, "as you asked") or await renewal.differences()
        for name, reason in reasons.items():
            progress.event(f"{name} is replaced: {reason}")
        await renewal.carry_out(reasons)
    if reasons:
        progress.event(f"{', '.join(reasons)}: replaced and ready", timeline.now())
    else:
        progress.event(f"all {len(manifest.services)} services are as they are built: nothing was replaced")
