import hashlib
import os
import tarfile
from pathlib import Path

import pytest

from images.rootfs.deb_writer import entry, write_deb
from images.rootfs.merge import main


def merged(tmp_path: Path, *debs: Path, arguments: tuple[str, ...] = ()) -> dict[str, tarfile.TarInfo]:
    """The members of the layer that is made of the packages."""
    output = tmp_path / "layer.tar"
    given = [argument for deb in debs for argument in ("--deb", str(deb))]
    assert main(["--output", str(output), *given, *arguments]) == 0
    with tarfile.open(output) as layer:
        return {member.name: member for member in layer}


def content(tmp_path: Path, name: str) -> bytes:
    with tarfile.open(tmp_path / "layer.tar") as layer:
        stream = layer.extractfile(name)
        assert stream is not None
        return stream.read()


def test_files_of_the_old_places_land_in_usr(tmp_path: Path) -> None:
    members = merged(
        tmp_path,
        write_deb(tmp_path, "bash", entry("bin/"), entry("bin/bash", b"bash", 0o755)),
        write_deb(tmp_path, "libc6", entry("lib/x86_64-linux-gnu/libc.so.6", b"libc")),
        arguments=("--skeleton",),
    )
    assert members["bin"].linkname == "usr/bin"
    assert members["lib64"].linkname == "usr/lib64"
    assert members["usr/bin/bash"].mode == 0o755
    assert members["usr/lib/x86_64-linux-gnu/libc.so.6"].isfile()


@pytest.mark.parametrize(
    ("path", "target", "merged_target"),
    [
        ("usr/bin/sh", "dash", "dash"),
        ("lib64/ld.so", "/lib/x86_64-linux-gnu/ld.so", "/lib/x86_64-linux-gnu/ld.so"),
        ("lib/x86_64-linux-gnu/libz.so", "libz.so.1", "libz.so.1"),
        ("bin/tool", "../usr/lib/tool/main", "../lib/tool/main"),
        ("usr/lib/libx.so", "../../lib/x86_64-linux-gnu/libx.so", "x86_64-linux-gnu/libx.so"),
    ],
)
def test_links_still_lead_where_they_led(path: str, target: str, merged_target: str, tmp_path: Path) -> None:
    members = merged(tmp_path, write_deb(tmp_path, "any", entry(path, link=target)))
    link = members[path if path.startswith("usr/") else f"usr/{path}"]
    assert link.issym()
    assert link.linkname == merged_target


def test_hard_links_stay_hard_links_also_when_the_first_name_is_excluded(tmp_path: Path) -> None:
    deb = write_deb(
        tmp_path,
        "perl",
        entry("bin/a", b"program", 0o755),
        entry("usr/bin/b", link="./bin/a", hard=True),
        entry("usr/bin/c", link="./bin/a", hard=True),
    )
    members = merged(tmp_path, deb)
    assert members["usr/bin/b"].linkname == members["usr/bin/c"].linkname == "usr/bin/a"
    members = merged(tmp_path, deb, arguments=("--exclude", "usr/bin/a"))
    assert "usr/bin/a" not in members
    assert content(tmp_path, "usr/bin/b") == b"program"
    assert members["usr/bin/c"].linkname == "usr/bin/b"


def test_the_last_pattern_that_matches_decides(tmp_path: Path) -> None:
    deb = write_deb(tmp_path, "zlib1g", entry("usr/share/doc/zlib1g/copyright"), entry("usr/share/doc/zlib1g/NEWS.gz"))
    arguments = ("--exclude", "usr/share/doc/*", "--exclude", "!usr/share/doc/*/copyright")
    members = merged(tmp_path, deb, arguments=arguments)
    assert "usr/share/doc/zlib1g/copyright" in members
    assert "usr/share/doc/zlib1g/NEWS.gz" not in members


def test_everything_is_readable_and_nothing_is_set_uid(tmp_path: Path) -> None:
    members = merged(
        tmp_path, write_deb(tmp_path, "x", entry("etc/secret", mode=0o600), entry("usr/bin/su", mode=0o4755))
    )
    assert members["etc/secret"].mode == 0o644
    assert members["usr/bin/su"].mode == 0o755


def test_scanners_find_the_packages(tmp_path: Path) -> None:
    merged(tmp_path, write_deb(tmp_path, "zlib1g", entry("usr/lib/libz.so.1")))
    assert content(tmp_path, "var/lib/dpkg/status.d/zlib1g").startswith(b"Package: zlib1g\nVersion: 1.0\n")


def test_the_skeleton_has_a_user_with_a_home(tmp_path: Path) -> None:
    members = merged(tmp_path, write_deb(tmp_path, "base-files", entry("etc/")), arguments=("--skeleton",))
    assert b"app:x:10001:10001:" in content(tmp_path, "etc/passwd")
    assert (members["home/app"].uid, members["home/app"].gid) == (10_001, 10_001)
    assert members["tmp"].mode == 0o1777


def test_python_in_a_folder_is_compiled(tmp_path: Path) -> None:
    deb = write_deb(
        tmp_path, "python", entry("usr/lib/python3.11/json.py", b"x = 1"), entry("usr/share/other.py", b"y = 1")
    )
    members = merged(tmp_path, deb, arguments=("--bytecode", "usr/lib/python3.11"))
    assert [name for name in members if name.endswith(".pyc")] == [
        "usr/lib/python3.11/__pycache__/json.cpython-311.pyc"
    ]


def test_the_same_packages_in_any_order_make_the_same_layer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one = write_deb(tmp_path, "one", entry("usr/share/z", b"z"), entry("usr/share/a", b"a"))
    two = write_deb(tmp_path, "two", entry("usr/share/m", b"m"))
    merged(tmp_path, one, two)
    first = hashlib.sha256((tmp_path / "layer.tar").read_bytes()).hexdigest()
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    before = os.umask(0o077)
    try:
        merged(tmp_path, two, one)
    finally:
        os.umask(before)
    assert hashlib.sha256((tmp_path / "layer.tar").read_bytes()).hexdigest() == first


def test_two_packages_with_different_files_at_one_path_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write_deb(tmp_path, "one", entry("lib/tool", b"1"))
    two = write_deb(tmp_path, "two", entry("usr/lib/tool", b"2"))
    assert main(["--output", str(tmp_path / "layer.tar"), "--deb", str(one), "--deb", str(two)]) == 1
    assert capsys.readouterr().err == "merge: one and two both have /usr/lib/tool\n"


def test_packages_may_share_directories_and_equal_files(tmp_path: Path) -> None:
    one = write_deb(tmp_path, "one", entry("usr/share/"), entry("usr/share/same", b"same"), compression="gz")
    two = write_deb(tmp_path, "two", entry("usr/share/"), entry("usr/share/same", b"same"))
    assert merged(tmp_path, one, two)["usr/share/same"].size == 4


@pytest.mark.parametrize("damaged", [b"", b"<html>not found</html>", b"!<arch>\n"])
def test_what_is_no_package_is_named(damaged: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.deb").write_bytes(damaged)
    assert main(["--output", str(tmp_path / "layer.tar"), "--deb", str(tmp_path / "bad.deb")]) == 1
    error = capsys.readouterr().err
    assert error.startswith("merge: bad.deb: not a readable .deb: ")
    assert error.count("\n") == 1
