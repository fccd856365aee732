from collections.abc import Mapping

import pytest

from images.debian.resolve import Index, Package, UnresolvableError, closure


def package(name: str, version: str = "1.0", **fields: str) -> Package:
    stanza = {
        "Package": name,
        "Version": version,
        "Architecture": "amd64",
        "Filename": f"pool/main/{name}_{version}.deb",
        "SHA256": "0" * 64,
        "Size": "10",
    }
    return Package.from_stanza(stanza | {key.replace("_", "-"): value for key, value in fields.items()})


def names(chosen: Mapping[str, Package]) -> list[str]:
    return sorted(chosen)


def test_everything_that_is_depended_on_comes_along() -> None:
    index = Index(
        [
            package("bash", Pre_Depends="libc6 (>= 2.36)", Depends="base-files"),
            package("base-files"),
            package("libc6", "2.36-9", Depends="libgcc-s1"),
            package("libgcc-s1", Depends="libc6"),
            package("unrelated"),
        ]
    )
    assert names(closure(index, ["bash"])) == ["base-files", "bash", "libc6", "libgcc-s1"]


def test_of_several_versions_the_newest_is_taken() -> None:
    index = Index([package("libssl3", "3.0.9"), package("libssl3", "3.0.10"), package("libssl3", "3.0.2")])
    assert closure(index, ["libssl3"])["libssl3"].version == "3.0.10"


def test_of_alternatives_the_first_that_exists_is_taken() -> None:
    index = Index(
        [package("python", Depends="gone | media-types | mailcap"), package("media-types"), package("mailcap")]
    )
    assert names(closure(index, ["python"])) == ["media-types", "python"]


def test_an_alternative_that_is_there_already_is_enough() -> None:
    index = Index([package("a", Depends="x | y"), package("x"), package("y")])
    assert names(closure(index, ["y", "a"])) == ["a", "y"]


def test_a_virtual_package_is_met_by_who_provides_it() -> None:
    index = Index([package("vim", Depends="editor (>= 2)"), package("nano", Provides="editor (= 2.1)")])
    assert names(closure(index, ["vim"])) == ["nano", "vim"]


def test_a_version_that_is_too_old_does_not_meet_a_dependency() -> None:
    index = Index([package("a", Depends="b (>= 2)"), package("b", "1.9")])
    with pytest.raises(UnresolvableError, match=r"nothing satisfies b, wanted by a"):
        closure(index, ["a"])


def test_an_omitted_package_counts_as_there() -> None:
    index = Index([package("dash", Depends="debianutils, dpkg | install-info")])
    assert names(closure(index, ["dash"], omit=["debianutils", "dpkg"])) == ["dash"]


def test_what_lies_in_a_layer_below_is_left_out() -> None:
    base = package("libc6")
    index = Index([base, package("redis", Depends="libc6, libjemalloc2"), package("libjemalloc2")])
    assert names(closure(index, ["redis"], installed={"libc6": base})) == ["libjemalloc2", "redis"]
