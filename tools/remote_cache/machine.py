"""A machine that builds: a small workspace at a path of its own, with an output base of its own, under a real Bazel."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tools.remote_cache.build_events import Build, read_build

# Where it is, Bazel finds its modules without the internet (bazelw).
_TOOLBOX = Path("/run/ray-vllm-toolbox")

_BUILD = """\
load(":check.bzl", "check_test")

[
    genrule(
        name = "part{}".format(number),
        outs = ["part{}.txt".format(number)],
        cmd = "seq {}000 >$@".format(number),
    )
    for number in range(1, 6)
]

genrule(
    name = "whole",
    srcs = ["part{}.txt".format(number) for number in range(1, 6)],
    outs = ["whole.txt"],
    cmd = "cat $(SRCS) | COMMAND >$@",
)

check_test(
    name = "check",
    file = "whole.txt",
)
"""
# A test that takes no toolchain.
_CHECK = """\
def _check_impl(ctx):
    script = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(script, "#!/bin/sh\\ntest -s " + ctx.file.file.short_path, is_executable = True)
    return DefaultInfo(executable = script, runfiles = ctx.runfiles([ctx.file.file]))

check_test = rule(
    implementation = _check_impl,
    attrs = {"file": attr.label(allow_single_file = True)},
    test = True,
)
"""
COUNT, SUM = "wc -l", "cksum"
ACTIONS = 6


@dataclass(frozen=True, slots=True)
class Outcome:
    """How Bazel ended, what it says that it did, what it wrote, and `whole.txt`, if it is there."""

    status: int
    build: Build
    log: str
    whole: str


class Machine:
    """A checkout of the small workspace. `close` ends its Bazel."""

    def __init__(self, checkout: Path, output_base: Path, repository: Path) -> None:
        """Writes the workspace.

        Args:
            checkout: where to.
            output_base: an empty folder, or none yet.
            repository: where .bazelrc and the registry of this repository are.
        """
        self._checkout, self._output_base = checkout, output_base
        checkout.mkdir(parents=True)
        (checkout / "MODULE.bazel").write_text('module(name = "small")\n')
        (checkout / "check.bzl").write_text(_CHECK)
        for name in (".bazelrc", ".bazelversion"):
            shutil.copyfile(repository / name, checkout / name)
        shutil.copytree(repository / "tools/registry", checkout / "tools/registry")
        self.write(COUNT)

    def write(self, command: str) -> None:
        """Changes what makes the whole of its parts: COUNT or SUM."""
        (self._checkout / "BUILD.bazel").write_text(_BUILD.replace("COMMAND", command))

    def clean(self) -> None:
        """Forgets everything that was built."""
        self._bazel("clean").check_returncode()

    def run(self, command: str, url: str, *options: str, target: str = "//...") -> Outcome:
        """Builds or tests, as CI does, with the cache at `url`."""
        events = self._checkout / "events.json"
        events.unlink(missing_ok=True)
        flags = ["--config=ci", f"--remote_cache={url}", f"--build_event_json_file={events}", *options]
        done = self._bazel(command, *flags, target)
        print(done.stderr)  # For a test that fails.
        whole = self._checkout / "bazel-bin/whole.txt"
        build = read_build(events.read_text().splitlines()) if events.exists() else Build()
        return Outcome(done.returncode, build, done.stderr, whole.read_text() if whole.exists() else "")

    def close(self) -> None:
        """Ends its Bazel server."""
        self._bazel("shutdown")

    def _bazel(self, command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        bazel = shutil.which("bazel") or shutil.which("bazelisk")
        if not bazel:
            raise FileNotFoundError("there is neither bazel nor bazelisk on PATH")
        startup = [
            f"--output_base={self._output_base}/base",
            # Its cache of downloads: in a sandbox the home folder can't be written.
            f"--output_user_root={self._output_base}/user",
            "--host_jvm_args=-Xmx400m",
            "--host_jvm_args=-XX:TieredStopAtLevel=1",
            "--max_idle_secs=60",
        ]
        config = ["--config=offline"] if _TOOLBOX.exists() and command != "shutdown" else []
        # The test's own sandbox is enough.
        local = ["--spawn_strategy=local"] if command in ("build", "test") else []
        environment = {name: os.environ[name] for name in ("PATH", "HOME", "USER") if name in os.environ}
        return subprocess.run(
            [bazel, *startup, command, *config, *local, *arguments],
            cwd=self._checkout,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
