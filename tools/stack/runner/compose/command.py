"""The command line of stack_compose."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from tools.stack.runner.compose.document import project
from tools.stack.runner.compose.export import COMPOSE_FILE, Export
from tools.stack.runner.display.progress import Progress
from tools.stack.runner.engine.podman import Podman
from tools.stack.runner.manifest import Manifest
from tools.stack.runner.reporting.timeline import Timeline
from tools.stack.runner.runfiles import Runfiles

DESCRIPTION = """\
Writes the stack as a compose file, for those who leave Bazel or need podman-compose.

The directory holds compose.yaml and everything that it mounts, and needs neither Bazel nor this repository. The images are put
into podman's storage, by the names that the file has. Its first lines say how to bring it up.
"""
EXAMPLES = """\
examples:
  bazel run //e2e:compose                        writes ./e2e-stack/
  bazel run //e2e:compose -- --output ~/stack    somewhere else
  bazel run //e2e:compose -- --no-images         only the files: nothing is loaded, and podman isn't needed
  cd e2e-stack && podman-compose up -d           brings it up
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments behind the manifest."""
    parser.add_argument("--output", metavar="DIRECTORY", help="where to write, instead of ./PACKAGE-STACK")
    parser.add_argument("--no-images", action="store_true", help="load no images; they can be loaded another time")


async def run(manifest: Manifest, runfiles: Runfiles, options: argparse.Namespace) -> None:
    """Writes the directory and loads the images. Raises StackError."""
    progress = Progress(Timeline())
    export = Export(manifest, runfiles)
    # bazel run starts the program elsewhere.
    here = Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    directory = here / (options.output or project(manifest.label))
    export.write(directory)
    progress.event(f"{directory / COMPOSE_FILE} is written")
    if not options.no_images:
        podman = Podman()
        await podman.check()
        await export.load_images(podman, progress)
        progress.event("podman has the images")
