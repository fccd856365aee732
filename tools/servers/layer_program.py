"""Programs out of the layers of images, on a machine that has them neither installed nor in a container."""

import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath

_LIBRARIES = "usr/lib/x86_64-linux-gnu"


def layer_program(layers: Sequence[Path], program: str, folder: Path) -> list[str]:
    """The command that runs a program of Debian's.

    It runs on its own loader and libraries: the machine may have others, or none.

    Args:
        layers: the tars that it and its libraries are in.
        program: its path in them, such as usr/bin/redis-server.
        folder: where it is unpacked.
    """
    for layer in layers:
        with tarfile.open(layer) as archive:
            members = {member.name: member for member in archive}
            for name in [*_with_its_target(program, members), *(name for name in members if _is_library(name))]:
                archive.extract(members[name], folder)
    libraries = folder / _LIBRARIES
    return [str(libraries / "ld-linux-x86-64.so.2"), "--library-path", str(libraries), str(folder / program)]


def _with_its_target(program: str, members: Mapping[str, tarfile.TarInfo]) -> list[str]:
    """A program can be a link to another one beside it, and act by its own name."""
    if program not in members:
        return []
    link = members[program].linkname
    return [program, str(PurePath(program).parent / link)] if link else [program]


def _is_library(name: str) -> bool:
    return name.startswith(f"{_LIBRARIES}/")
