import csv
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from base64 import urlsafe_b64encode
from pathlib import Path

import pytest

from images.wheels.install import main

PACKAGES = "usr/local/lib/python3.11/dist-packages"


def write_wheel(folder: Path, name: str, files: dict[str, bytes], *, entry_points: str = "") -> Path:
    """Write NAME-1.0-py3-none-any.whl with these files; those below `NAME-1.0.data/scripts/` may run."""
    info = f"{name}-1.0.dist-info"
    content = {
        **files,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if entry_points:
        content[f"{info}/entry_points.txt"] = entry_points.encode()
    record = "".join(
        f"{path},sha256={urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for path, data in content.items()
    )
    content[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
    path = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, data in content.items():
            written = zipfile.ZipInfo(member)
            written.external_attr = (0o100755 if "/scripts/" in member else 0o100644) << 16
            wheel.writestr(written, data)
    return path


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return write_wheel(
        tmp_path,
        "council",
        {
            "council/__init__.py": b"def main():\n    print('in session')\n",
            "council/types.pyi": b"def main() -> None: ...\n",
            "council/tests/test_main.py": b"",
            "council-1.0.data/scripts/council-shell": b"#!python\nprint('shell')\n",
        },
        entry_points="[console_scripts]\ncouncil = council:main\n",
    )


def installed(output: Path, *arguments: str | Path) -> dict[str, bytes]:
    """The files of the layer that is made of wheels, by path."""
    assert main(["--output", str(output), *map(str, arguments)]) == 0
    with tarfile.open(output) as layer:
        streams = {member.name: layer.extractfile(member) for member in layer if member.isfile()}
        return {name: stream.read() for name, stream in streams.items() if stream}


def test_modules_land_where_debians_python_looks(tmp_path: Path, wheel: Path) -> None:
    files = installed(tmp_path / "layer.tar", wheel)
    assert f"{PACKAGES}/council/__init__.py" in files
    assert f"{PACKAGES}/council/__pycache__/__init__.cpython-311.pyc" in files
    assert files[f"{PACKAGES}/council-1.0.dist-info/INSTALLER"] == b"bazel\n"


def test_scripts_run_with_the_images_python(tmp_path: Path, wheel: Path) -> None:
    files = installed(tmp_path / "layer.tar", wheel)
    assert files["usr/local/bin/council"].startswith(b"#!/usr/bin/python3.11\n")
    assert files["usr/local/bin/council-shell"].startswith(b"#!/usr/bin/python3.11\n")
    with tarfile.open(tmp_path / "layer.tar") as layer:
        assert layer.getmember("usr/local/bin/council").mode == 0o755
        assert layer.getmember("usr/local/bin/council-shell").mode == 0o755


def test_the_record_lists_what_is_there_and_nothing_else(tmp_path: Path, wheel: Path) -> None:
    files = installed(tmp_path / "layer.tar", "--exclude", "*.pyi", "--exclude", "council/tests/*", wheel)
    record = files[f"{PACKAGES}/council-1.0.dist-info/RECORD"].decode()
    rows = list(csv.reader(io.StringIO(record)))
    listed = {os.path.normpath(f"{PACKAGES}/{path}"): digest for path, digest, _ in rows}
    assert set(listed) == set(files)
    module = files[f"{PACKAGES}/council/__init__.py"]
    expected = urlsafe_b64encode(hashlib.sha256(module).digest()).rstrip(b"=").decode()
    assert listed[f"{PACKAGES}/council/__init__.py"] == f"sha256={expected}"


def test_two_builds_in_different_surroundings_are_equal(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "copy").mkdir()
    copy = tmp_path / "copy" / wheel.name
    copy.write_bytes(wheel.read_bytes())
    os.utime(copy, (0, 0))
    program = "import os, sys; os.umask(int(sys.argv.pop(1), 8)); from images.wheels.install import main; main()"
    surroundings: list[tuple[Path, str, dict[str, str]]] = [
        (wheel, "022", {"LC_ALL": "C", "TZ": "UTC", "PYTHONHASHSEED": "1"}),
        (copy, "077", {"LC_ALL": "C.UTF-8", "TZ": "Asia/Kathmandu", "PYTHONHASHSEED": "2"}),
    ]
    digests = set()
    for path, umask, variables in surroundings:
        output = path.parent / "layer.tar"
        subprocess.run(
            [sys.executable, "-c", program, umask, "--output", output, path],
            env=os.environ | variables | {"PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
        )
        digests.add(hashlib.sha256(output.read_bytes()).hexdigest())
    assert len(digests) == 1


def test_wheels_may_share_a_namespace(tmp_path: Path) -> None:
    one = write_wheel(tmp_path, "one", {"google/__init__.py": b"# namespace\n", "google/one.py": b""})
    two = write_wheel(tmp_path, "two", {"google/__init__.py": b"# namespace\n", "google/two.py": b""})
    files = installed(tmp_path / "layer.tar", two, one)
    assert {f"{PACKAGES}/google/one.py", f"{PACKAGES}/google/two.py"} <= set(files)


def test_wheels_with_different_files_at_one_path_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = write_wheel(tmp_path, "one", {"tests.py": b"1"})
    two = write_wheel(tmp_path, "two", {"tests.py": b"2"})
    assert main(["--output", str(tmp_path / "layer.tar"), str(one), str(two)]) == 1
    expected = f"install: two-1.0-py3-none-any.whl: another wheel has a different /{PACKAGES}/tests.py\n"
    assert capsys.readouterr().err == expected


def test_what_is_no_wheel_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "council-1.0-py3-none-any.whl"
    path.write_bytes(b"<html>")
    assert main(["--output", str(tmp_path / "layer.tar"), str(path)]) == 1
    assert capsys.readouterr().err == f"install: {path.name}: File is not a zip file\n"
