"""What of the machine the toolbox sees to be visible inside."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.toolbox.shell import output


def _wanted(folder: Path, **env: str | Path) -> set[str]:
    home = folder / "home"
    home.mkdir(exist_ok=True)
    return set(
        output(
            "anchor=self; wanted_paths; printf '%s\\n' \"${wanted[@]}\"",
            parts=("visible",),
            env={"HOME": home, "XDG_CONFIG_HOME": "", **env},
            cwd=folder,
        )
    )


@pytest.mark.parametrize("marker", ["MODULE.bazel", "WORKSPACE"])
def test_the_workspace_around_the_folder(tmp_path: Path, marker: str) -> None:
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / marker).touch()
    assert output('workspace_of "$1"', below, parts=("visible",)) == [str(tmp_path)]


def test_a_folder_outside_any_workspace() -> None:
    assert output("workspace_of /proc/self", parts=("visible",)) == ["/proc/self"]


def test_home_and_folder(tmp_path: Path) -> None:
    assert {str(tmp_path), str(tmp_path / "home")} <= _wanted(tmp_path)


def test_what_variables_for_certificates_and_pip_name(tmp_path: Path) -> None:
    certificate, wheels, other = tmp_path / "ca.pem", tmp_path / "w.txt", tmp_path / "other"
    for path in (certificate, wheels, other):
        path.touch()
    wanted = _wanted(
        tmp_path,
        SSL_CERT_FILE=certificate,
        PIP_CONSTRAINT=f"file://{wheels} /nowhere",
        SOMETHING=other,
    )
    assert {str(certificate), str(wheels)} <= wanted
    assert str(other) not in wanted
    assert "/nowhere" not in wanted


def test_what_pips_configuration_names(tmp_path: Path) -> None:
    named, commented = tmp_path / "constraints.txt", tmp_path / "commented.txt"
    named.touch()
    commented.touch()
    config = tmp_path / "config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text(
        f"[global]\n# {commented}\nconstraint = {named}\nindex-url = https://index.example/simple\nfind-links =\n  *\n"
    )
    assert {str(config), str(named)} <= _wanted(tmp_path, XDG_CONFIG_HOME=tmp_path / "config")
    assert {str(config), str(named)} <= _wanted(tmp_path, XDG_CONFIG_DIRS=f"/nowhere:{tmp_path / 'config'}")
    wanted = _wanted(tmp_path, PIP_CONFIG_FILE=config)
    assert {str(config), str(named)} <= wanted
    assert str(commented) not in wanted


def test_the_root_and_what_the_toolbox_has_are_not_brought_in(tmp_path: Path) -> None:
    assert not {"/", "/usr"} & _wanted(tmp_path, HOME="/", PIP_FIND_LINKS="/usr")
