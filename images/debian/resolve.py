"""Which packages a list of wanted ones needs: a pure function over a Packages index."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from images.debian.control import Stanza
from images.debian.versions import Version

_RELATION = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]*)(:[a-z0-9]+)?\s*(\((?P<op><<|<=|=|>=|>>)\s*(?P<version>[^)]+)\))?"
)


class UnresolvableError(Exception):
    """A dependency that nothing in the index satisfies; the text names it and who wants it."""


@dataclass(frozen=True)
class Requirement:
    """One alternative of a dependency: a package name and, where stated, bounds on its version."""

    name: str
    relation: str | None
    version: Version | None

    @classmethod
    def parse(cls, text: str) -> Self:
        match = _RELATION.match(text.strip())
        if match is None:
            raise UnresolvableError(f"not a dependency: {text!r}")
        version = match["version"]
        return cls(match["name"], match["op"], Version(version.strip()) if version else None)

    def accepts(self, version: Version | None) -> bool:
        """Whether a package (or an unversioned Provides: None) of this name satisfies it."""
        if self.relation is None or self.version is None:
            return True
        return version is not None and version.satisfies(self.relation, self.version)


@dataclass(frozen=True)
class Package:
    """A binary package as the index describes it; `path` is relative to the mirror's base."""

    name: str
    version: str
    architecture: str
    path: str
    sha256: str
    size: int
    depends: tuple[tuple[Requirement, ...], ...] = ()
    provides: tuple[Requirement, ...] = ()

    @classmethod
    def from_stanza(cls, stanza: Stanza) -> Self:
        fields = (stanza.get("Pre-Depends", ""), stanza.get("Depends", ""))
        groups = (group for field in fields for group in field.split(",") if group.strip())
        provides = (item for item in stanza.get("Provides", "").split(",") if item.strip())
        return cls(
            name=stanza["Package"],
            version=stanza["Version"],
            architecture=stanza["Architecture"],
            path=stanza["Filename"],
            sha256=stanza["SHA256"],
            size=int(stanza["Size"]),
            depends=tuple(tuple(map(Requirement.parse, group.split("|"))) for group in groups),
            provides=tuple(map(Requirement.parse, provides)),
        )


class Index:
    """The packages of a suite: the newest of each name, and who provides which virtual name."""

    def __init__(self, packages: Iterable[Package]) -> None:
        self._packages: dict[str, Package] = {}
        self._providers: dict[str, list[tuple[Package, Version | None]]] = {}
        for package in packages:
            known = self._packages.get(package.name)
            if known is None or Version(known.version) < Version(package.version):
                self._packages[package.name] = package
        for package in self._packages.values():
            for provided in package.provides:
                entry = (package, provided.version)
                self._providers.setdefault(provided.name, []).append(entry)

    def candidates(self, requirement: Requirement) -> list[Package]:
        """The packages that satisfy it: the one of that name first, then providers by name."""
        real = self._packages.get(requirement.name)
        found = [real] if real and requirement.accepts(Version(real.version)) else []
        providers = self._providers.get(requirement.name, ())
        fitting = [package for package, version in providers if requirement.accepts(version)]
        return found + sorted(fitting, key=lambda package: package.name)


def closure(
    index: Index,
    wanted: Iterable[str],
    *,
    omit: Collection[str] = (),
    installed: Mapping[str, Package] | None = None,
) -> dict[str, Package]:
    """The wanted packages and all that they depend on, by name, without those `installed` below.

    Of alternatives, one that is there already wins, else the first that the index has: what apt
    does without Recommends. A dependency with an alternative named in `omit` counts as met.
    """
    below = installed or {}
    chosen: dict[str, Package] = {}
    queue: list[tuple[tuple[Requirement, ...], str]] = []
    queue.extend(((Requirement.parse(name),), "the list") for name in wanted)
    while queue:
        alternatives, wanted_by = queue.pop(0)
        if any(requirement.name in omit for requirement in alternatives):
            continue
        options = [package for each in alternatives for package in index.candidates(each)]
        if any(option.name in chosen or option.name in below for option in options):
            continue
        if not options:
            text = " | ".join(requirement.name for requirement in alternatives)
            raise UnresolvableError(f"nothing satisfies {text}, wanted by {wanted_by}")
        package = options[0]
        chosen[package.name] = package
        queue.extend((group, package.name) for group in package.depends)
    return chosen
