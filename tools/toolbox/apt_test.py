"""What the toolbox reads from the machine's apt configuration, by apt itself."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tools.toolbox.shell import output, run

pytestmark = pytest.mark.skipif(not shutil.which("apt-get"), reason="only Debian has apt")


class Apt:
    """An apt configuration of its own."""

    def __init__(self, folder: Path) -> None:
        self.sources = folder / "sources.list.d"
        self.lists = folder / "lists"
        self.config = folder / "apt.conf"
        self.sources.mkdir()
        self.lists.mkdir()
        self.config.write_text(
            'Dir::Etc::sourcelist "/dev/null";\n'
            'Dir::Etc::parts "/dev/null";\n'
            f'Dir::Etc::sourceparts "{self.sources}";\n'
            f'Dir::State::Lists "{self.lists}";\n'
            f'Dir::Cache "{folder}/cache";\n'
        )

    def add(self, name: str, text: str) -> None:
        (self.sources / name).write_text(text)

    def has_read(self, archive: str, suite: str, origin: str, codename: str) -> None:
        """As after an apt-get update."""
        stem = f"{archive.replace('/', '_')}_dists_{suite}"
        (self.lists / f"{stem}_Release").write_text(f"Origin: {origin}\nCodename: {codename}\n")
        (self.lists / f"{stem}_main_binary-amd64_Packages").touch()

    def debian_source(self, codename: str = "trixie") -> list[str] | None:
        """Address and keyring; None when there is none."""
        done = run('debian_source "$1"', codename, parts=("apt",), env={"APT_CONFIG": self.config})
        return done.stdout.rstrip("\n").split("\t") if done.returncode == 0 else None


@pytest.fixture
def apt(tmp_path: Path) -> Apt:
    return Apt(tmp_path)


def test_deb822_with_keyring(apt: Apt) -> None:
    apt.add(
        "debian.sources",
        "# a comment that stands alone\n\n"
        "Types: deb-src\nURIs: http://sources.example/debian\nSuites: trixie\nComponents: main\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://disabled.example/debian\nSuites: trixie\nComponents: main\n\n"
        "Types: deb\n# a comment within\nURIs: http://good.example/debian/\nSuites: trixie trixie-updates\n"
        "Components: main contrib\nSigned-By:\n /keys/debian.gpg\n",
    )
    assert apt.debian_source() == ["http://good.example/debian", "/keys/debian.gpg"]


def test_one_line_with_keyring(apt: Apt) -> None:
    apt.add(
        "debian.list",
        "# deb http://commented.example/debian trixie main\n"
        "deb http://updates.example/debian trixie-updates main\n"
        "deb [arch=amd64 signed-by=/keys/debian.gpg] http://good.example/debian trixie main\n",
    )
    assert apt.debian_source() == ["http://good.example/debian", "/keys/debian.gpg"]


def test_no_keyring_named(apt: Apt) -> None:
    apt.add("debian.list", "deb http://good.example/debian trixie main\n")
    assert apt.debian_source() == ["http://good.example/debian", ""]


def test_vendors_archive_with_the_same_suite_is_not_debians(apt: Apt) -> None:
    apt.add("a-vendor.list", "deb http://vendor.example/debian/13/prod trixie main\n")
    apt.add("b-debian.list", "deb http://good.example/debian trixie main\n")
    assert apt.debian_source() == ["http://good.example/debian", ""]


def test_origin_in_the_release_file_decides(apt: Apt) -> None:
    apt.add("a-vendor.list", "deb http://vendor.example/debian trixie main\n")
    apt.has_read("vendor.example/debian", "trixie", "Vendor", "trixie")
    apt.add("b-debian.list", "deb http://good.example/mirror stable main\n")
    apt.has_read("good.example/mirror", "stable", "Debian", "trixie")
    assert apt.debian_source() == ["http://good.example/mirror", ""]


def test_first_of_a_list_of_mirrors(apt: Apt, tmp_path: Path) -> None:
    mirrors = tmp_path / "mirrors.list"
    mirrors.write_text("# nearest first\nhttp://first.example/debian\tpriority:1\nhttp://second.example/debian\n")
    apt.add("debian.list", f"deb mirror+file:{mirrors} trixie main\n")
    assert apt.debian_source() == ["http://first.example/debian", ""]


def test_no_source_of_main(apt: Apt) -> None:
    apt.add("debian.list", "deb http://good.example/debian trixie contrib\n")
    assert apt.debian_source() is None


def test_sources_for_the_toolbox() -> None:
    assert output("sources_list http://m.example/debian /k.gpg sid bookworm", parts=("apt",)) == [
        "deb [signed-by=/k.gpg] http://m.example/debian sid main",
        "deb [signed-by=/k.gpg] http://m.example/debian bookworm main",
    ]
    assert output("sources_list http://m.example/debian '' sid", parts=("apt",)) == [
        "deb http://m.example/debian sid main"
    ]


def test_proxy_and_certificates_go_along(apt: Apt) -> None:
    with apt.config.open("a") as config:
        config.write(
            'Acquire::http::Proxy "http://proxy.example:3128";\n'
            'Acquire::https::CaInfo "/ca.pem";\n'
            'Acquire::http::Proxy::direct.example "DIRECT";\n'
            'APT::Install-Recommends "true";\n'
        )
    options = output("transport_options /run/host", parts=("apt",), env={"APT_CONFIG": apt.config})
    assert 'Acquire::http::Proxy "http://proxy.example:3128";' in options
    assert 'Acquire::http::Proxy::direct.example "DIRECT";' in options
    assert 'Acquire::https::CaInfo "/ca.pem";' in options
    assert 'Dir::Etc::netrc "/run/host/etc/apt/auth.conf";' in options
    assert not [option for option in options if option.startswith("APT::")]
