"""The machine's own Debian mirror: where it is, and the index of a suite there."""

import hashlib
import lzma
import shlex
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path

from images.debian.control import stanzas

# What can be downloaded from. apt knows other ways, such as lists of mirrors and disks.
_SCHEMES = ("http://", "https://", "file:/")
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


class MirrorError(Exception):
    """The mirror cannot be found, cannot be read, or its index is not what its Release says."""


def bases(environment: Mapping[str, str], apt: Path = Path("/etc/apt")) -> list[str]:
    """Base addresses of the mirrors: DEBIAN_MIRROR (space-separated), else apt's configuration.

    `extension.bzl` finds the same ones, in Starlark, when packages are fetched.
    """
    given = environment.get("DEBIAN_MIRROR", "").split()
    found = given or [base for base in dict.fromkeys(_configured(apt)) if base.startswith(_SCHEMES)]
    if not found:
        raise MirrorError("no Debian mirror: apt names none by its address here, so set DEBIAN_MIRROR")
    return [base.rstrip("/") for base in found]


def _configured(apt: Path) -> Iterator[str]:
    parts = apt / "sources.list.d"
    for path in (apt / "sources.list", *sorted(parts.glob("*.list"))):
        for line in path.read_text().splitlines() if path.exists() else ():
            words = shlex.split(line.partition("#")[0].replace("[", " [ ").replace("]", " ] "))
            if words[:1] == ["deb"] and "main" in words:
                yield from [word for word in words[1:] if ":/" in word][:1]
    for path in sorted(parts.glob("*.sources")):
        for stanza in stanzas(path.read_text().splitlines()):
            if "deb" in stanza.get("Types", "") and "main" in stanza.get("Components", "").split():
                yield from stanza.get("URIs", "").split()


def packages_index(mirrors: list[str], suite: str, architecture: str) -> str:
    """The text of the suite's `main` index, from the first mirror that has the suite.

    It is checked against the suite's InRelease, and that against Debian's keyring where the
    machine has gpgv or sqv and the keyring.
    """
    for base in mirrors:
        try:
            release = _get(f"{base}/dists/{suite}/InRelease")
        except urllib.error.HTTPError:
            continue
        release = _authenticated(release)
        name = f"main/binary-{architecture}/Packages.xz"
        index = _get(f"{base}/dists/{suite}/{name}")
        if hashlib.sha256(index).hexdigest() != _listed_sha256(release.decode(), name):
            raise MirrorError(f"{suite}: {name} is not the one that InRelease names; try again")
        return lzma.decompress(index).decode()
    raise MirrorError(f"no mirror of this machine has Debian's {suite}: set DEBIAN_MIRROR")


def _get(url: str) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310, the mirror is the machine's own
            body: bytes = response.read()
            return body
    except urllib.error.HTTPError:
        raise
    except OSError as error:
        raise MirrorError(f"{url}: {error}") from error


def _listed_sha256(release: str, name: str) -> str:
    for stanza in stanzas(release.replace("\n\n", "\n", 1).splitlines()):
        for line in stanza.get("SHA256", "").splitlines():
            words = line.split()
            if len(words) == 3 and words[2] == name:
                return words[0]
    raise MirrorError(f"InRelease does not list {name}")


def _authenticated(release: bytes) -> bytes:
    """What of an InRelease is signed; all of it where the machine cannot check signatures."""
    if not KEYRING.exists():
        return release
    with tempfile.TemporaryDirectory() as folder:
        message, signed = Path(folder, "InRelease"), Path(folder, "Release")
        message.write_bytes(release)
        options = ["--keyring", str(KEYRING), "--output", str(signed)]
        for command in (["gpgv", *options, str(message)], ["sqv", *options, "--cleartext", str(message)]):
            try:
                result = subprocess.run(command, capture_output=True, check=False)
            except FileNotFoundError:
                continue
            if result.returncode != 0:
                raise MirrorError(f"InRelease is not signed by a key in {KEYRING}")
            return signed.read_bytes()
    return release
