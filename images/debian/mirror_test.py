import hashlib
import lzma
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from images.debian import mirror
from images.debian.mirror import MirrorError, bases, packages_index

DEBIANS_KEYRING = mirror.KEYRING
INDEX = "Package: libc6\nVersion: 2.36-9\n"


class QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        pass


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[str, Path]]:
    """A mirror of one suite on 127.0.0.1, unsigned: its address and its folder."""
    monkeypatch.setattr(mirror, "KEYRING", tmp_path / "no-keyring")
    folder = tmp_path / "dists/bookworm/main/binary-amd64"
    folder.mkdir(parents=True)
    packed = lzma.compress(INDEX.encode())
    (folder / "Packages.xz").write_bytes(packed)
    digest = hashlib.sha256(packed).hexdigest()
    release = (
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
        f"Codename: bookworm\nSHA256:\n {digest} {len(packed)} main/binary-amd64/Packages.xz\n"
        "-----BEGIN PGP SIGNATURE-----\n\nnone\n-----END PGP SIGNATURE-----\n"
    )
    (tmp_path / "dists/bookworm/InRelease").write_text(release)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", tmp_path
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_index_is_that_of_the_first_mirror_with_the_suite(served: tuple[str, Path]) -> None:
    address, _ = served
    assert packages_index([f"{address}/elsewhere", address], "bookworm", "amd64") == INDEX


def test_an_index_that_is_not_the_one_of_the_release_is_refused(served: tuple[str, Path]) -> None:
    address, folder = served
    (folder / "dists/bookworm/main/binary-amd64/Packages.xz").write_bytes(lzma.compress(b"Package: evil\n"))
    with pytest.raises(MirrorError, match="not the one that InRelease names"):
        packages_index([address], "bookworm", "amd64")


@pytest.mark.skipif(not DEBIANS_KEYRING.exists(), reason="this machine has no keyring of Debian's")
def test_a_release_that_debian_did_not_sign_is_refused(
    served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "KEYRING", DEBIANS_KEYRING)
    with pytest.raises(MirrorError, match="not signed by a key in"):
        packages_index([served[0]], "bookworm", "amd64")


def test_a_suite_that_no_mirror_has_is_named(served: tuple[str, Path]) -> None:
    with pytest.raises(MirrorError, match="Debian's bullseye: set DEBIAN_MIRROR"):
        packages_index([served[0]], "bullseye", "amd64")


def test_a_mirror_that_does_not_answer_is_named() -> None:
    with pytest.raises(MirrorError, match=r"http://127\.0\.0\.1:1/dists/bookworm/InRelease: "):
        packages_index(["http://127.0.0.1:1"], "bookworm", "amd64")


def test_the_environment_names_mirrors_before_apt_does(tmp_path: Path) -> None:
    assert bases({"DEBIAN_MIRROR": "http://a/debian/ http://b"}, tmp_path) == ["http://a/debian", "http://b"]


def test_mirrors_are_found_in_both_of_apts_formats(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "# deb http://commented/debian sid main\n"
        "deb [arch=amd64 signed-by=/usr/share/k.gpg] http://one/debian/ sid main contrib\n"
        "deb-src http://source/debian sid main\n"
        "deb https://vendor/apt stable vendor\n"
    )
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/debian.sources").write_text(
        "Types: deb deb-src\nURIs: http://two/debian\n http://three/debian\nSuites: bookworm\nComponents: main\n\n"
        "Types: deb\nURIs: http://four/node\nSuites: nodistro\nComponents: other\n"
    )
    assert bases({}, tmp_path) == ["http://one/debian", "http://two/debian", "http://three/debian"]


def test_a_machine_without_apt_is_told_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(MirrorError, match="set DEBIAN_MIRROR"):
        bases({}, tmp_path)


def test_what_only_apt_can_read_is_no_mirror(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text(
        "deb cdrom:[Debian GNU/Linux 12]/ bookworm main\n"
        "deb mirror+file:/etc/apt/mirrors/debian.list bookworm main\n"
        "deb http://one/debian bookworm main\n"
    )
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d/debian.sources").write_text(
        "Types: deb\nURIs: mirror+file:///etc/apt/mirrors/debian.list\nSuites: bookworm\nComponents: main\n"
    )
    assert bases({}, tmp_path) == ["http://one/debian"]
