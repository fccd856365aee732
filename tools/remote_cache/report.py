"""Closing lines of a CI run: what came from caches, what ran here, and what the machine sent and received.

Run as `bazel run //tools/remote_cache:report -- EVENTS PROFILE [--network FILE]`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.remote_cache.build_events import Build, read_build
from tools.remote_cache.profile import Profile, read_profile

_MOST_KINDS = 8


def report(build: Build, profile: Profile, network: tuple[int, int] | None = None) -> str:
    """The lines. `network` is the bytes that the machine received and sent."""
    asked = build.hits + build.executed
    lines = [f"remote cache: {build.hits} of {asked} actions were in it; {build.executed} ran here"]
    known = [label for label, ran in build.tests.items() if not ran]
    if build.tests:
        lines.append(f"tests: {len(known)} of {len(build.tests)} did not have to run")
    ran = sorted(((kind.seconds, kind.ran, name) for name, kind in profile.kinds.items() if kind.ran), reverse=True)
    lines += [f"  {name:<24} {count:>4} ran here, {seconds:>7.1f} s" for seconds, count, name in ran[:_MOST_KINDS]]
    if profile.lookups or profile.downloads or profile.uploads:
        waits = f"{profile.lookups:.1f} s for answers, {profile.downloads:.1f} s for files, {profile.uploads:.1f} s to upload"
        lines.append(f"waited for it, in all threads together: {waits}")
    if network:
        lines.append(f"network: {_size(network[0])} received, {_size(network[1])} sent by this machine meanwhile")
    return "\n".join(lines)


def network_bytes(before: str, after: str) -> tuple[int, int]:
    """The bytes received and sent between two copies of /proc/net/dev (proc(5)).

    Counted is every interface but loopback that was there all the time: those of containers come and go.
    """
    earlier, later = _by_interface(before), _by_interface(after)
    kept = [(earlier[name], later[name]) for name in earlier.keys() & later.keys() - {"lo"}]
    return sum(new[0] - old[0] for old, new in kept), sum(new[1] - old[1] for old, new in kept)


def _by_interface(text: str) -> dict[str, tuple[int, int]]:
    lines = (line.partition(":") for line in text.splitlines()[2:])
    fields = {name.strip(): numbers.split() for name, _, numbers in lines}
    return {name: (int(numbers[0]), int(numbers[8])) for name, numbers in fields.items()}


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"


def main(arguments: Sequence[str]) -> int:
    """The exit status: 0, also when there is nothing to say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("events", type=Path, help="what --build_event_json_file wrote")
    parser.add_argument("profile", type=Path, help="what --profile wrote")
    parser.add_argument("--network", type=Path, metavar="FILE", help="/proc/net/dev, copied before the build")
    options = parser.parse_args(arguments)
    try:
        build, profile = read_build(options.events.read_text().splitlines()), read_profile(options.profile)
    except (OSError, EOFError, ValueError) as error:
        print(f"report: the build left nothing to read: {error}", file=sys.stderr)
        return 0
    print(report(build, profile, _since(options.network) if options.network else None))
    return 0


def _since(earlier: Path) -> tuple[int, int] | None:
    """What went over the network since a copy of /proc/net/dev was made; None where there is no such thing."""
    try:
        return network_bytes(earlier.read_text(), Path("/proc/net/dev").read_text())
    except OSError:
        return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
