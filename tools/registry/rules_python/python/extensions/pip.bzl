"""The module extension that makes a hub repository out of a lock of wheels."""

load("//python/private/pip:extension.bzl", _pip = "pip")

pip = _pip
