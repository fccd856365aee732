import json
from pathlib import Path

from images.debian.control import stanzas
from images.debian.lock import locked
from images.debian.resolve import Index, Package

PACKAGES = """\
Package: libc6
Version: 2.36-9
Architecture: amd64
Filename: pool/main/g/glibc/libc6_2.36-9_amd64.deb
Size: 2757
SHA256: aa
Description: GNU C Library
 with a second line

# a comment
Package: redis
Version: 5:7.0.15-1
Architecture: amd64
Depends: libc6 (>= 2.34),
 adduser
Filename: pool/main/r/redis/redis_7.0.15-1_amd64.deb
Size: 100
SHA256: bb
"""


def test_the_lock_has_every_layers_packages_and_each_package_once() -> None:
    index = Index(map(Package.from_stanza, stanzas(PACKAGES.splitlines())))
    wish = {
        "suite": "bookworm",
        "architecture": "amd64",
        "omit": ["adduser"],
        "layers": {"base": ["libc6"], "redis": ["redis"]},
    }
    lock = locked(wish, index)
    assert lock["layers"] == {"base": ["libc6"], "redis": ["redis"]}
    assert lock["packages"][1] == {
        "name": "redis",
        "version": "5:7.0.15-1",
        "architecture": "amd64",
        "path": "pool/main/r/redis/redis_7.0.15-1_amd64.deb",
        "sha256": "bb",
        "size": 100,
    }


def test_the_committed_lock_is_complete() -> None:
    lock = json.loads(Path("images/debian/lock.json").read_text())
    named = {name for names in lock["layers"].values() for name in names}
    assert named == {package["name"] for package in lock["packages"]}
    assert all(len(package["sha256"]) == 64 for package in lock["packages"])
    assert all(package["path"].startswith("pool/main/") for package in lock["packages"])
