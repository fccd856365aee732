"""A run's secrets, and the files in which containers see them.

The directory that holds the files is the run's own, which only its user can enter; the files themselves every user can
read, since a container's user is another one, and unknown here.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.stack.runner.manifest import Service

_REFERENCE = re.compile(r"\{([a-z][a-z0-9-]*)\}")
_BYTES = 24


def names(service: Service) -> set[str]:
    """The secrets that the service is given, by themselves or in templates."""
    return {*service.secrets, *(name for text in service.secret_files.values() for name in _REFERENCE.findall(text))}


class Secrets:
    """Every name has a secret: random text, made when it is first asked for, and the same from then on."""

    def __init__(self, directory: Path, known: Mapping[str, str] | None = None) -> None:
        """`directory` is where the files are written; it is made when it is needed. `known` are secrets that there are."""
        self._directory = directory
        self._values = dict(known or {})

    @property
    def known(self) -> Mapping[str, str]:
        """All that there are so far."""
        return dict(self._values)

    def value(self, name: str) -> str:
        """The secret of that name."""
        return self._values.setdefault(name, secrets.token_hex(_BYTES))

    def make(self, services: Iterable[Service]) -> None:
        """Makes all that these services are given, so that they are `known`."""
        for service in services:
            for name in sorted(names(service)):
                self.value(name)

    def write(self, service: Service) -> dict[Path, str]:
        """Writes the files that the service is given; where each appears in the container, by its path here."""
        texts = {path: self.value(name) for name, path in service.secrets.items()}
        texts |= {path: self.fill(template) for path, template in service.secret_files.items()}
        files = {}
        for number, (target, text) in enumerate(sorted(texts.items())):
            file = self._directory / f"{service.name}.{number}"
            self._directory.mkdir(exist_ok=True)
            file.write_text(text)
            file.chmod(0o444)
            files[file] = target
        return files

    def fill(self, template: str) -> str:
        """The template with each `{NAME}` replaced by that secret."""
        return _REFERENCE.sub(lambda match: self.value(match[1]), template)
