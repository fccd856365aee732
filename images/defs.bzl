"""Layers that the images are made of."""

load("//images/app:defs.bzl", _python_app_layer = "python_app_layer")
load("//images/rootfs:defs.bzl", _rootfs_layer = "rootfs_layer")
load("//images/wheels:defs.bzl", _wheel_layer = "wheel_layer")

python_app_layer = _python_app_layer
rootfs_layer = _rootfs_layer
wheel_layer = _wheel_layer
