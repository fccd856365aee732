#!/bin/bash
# Makes the toolbox's root file system.
#
#   recipe.sh ROOT APT_OPTIONS PACKAGES <SOURCES
#
# ROOT is a directory that doesn't exist yet, APT_OPTIONS an apt.conf that says how to reach the mirror, PACKAGES a list
# of packages (packages.txt), SOURCES the apt sources in the one-line format. Debian's unstable has the Bazel that we
# need; its libraries are newer than the machine's, so it lives in a root of its own.
set -euo pipefail
root=$1 apt_options=$2 packages=$3

include=$(sed -e 's/#.*//' -e '/^[[:space:]]*$/d' "$packages" | paste --serial --delimiters=,)

# A path-exclude for manual pages would break Java, which links to them.
mmdebstrap --mode=root --format=directory --variant=apt --skip=check/signed-by \
  --include="$include" --aptopt="$apt_options" \
  --dpkgopt='force-unsafe-io' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  sid "$root" -

# Debian's Bazel says what version it is to `--version` only. `version`, `info release` and the modules, which go by
# native.bazel_version, have it from this file on the class path.
version_path=/usr/local/share/bazel-version
mkdir "$root$version_path"
printf 'build.label=%s\n' "$(<"$root/usr/share/bazel/build-label.txt")" >"$root$version_path/build-data.properties"
printf '%s\n' "$version_path" >>"$root/usr/share/bazel/bazel_classpath_debian_depends.txt"

# namespace.sh writes these from the machine's, at each start.
rm -f "$root"/etc/{resolv.conf,hostname,hosts} "$root"/etc/apt/{sources.list,apt.conf.d/99mmdebstrap}
