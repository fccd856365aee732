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

mmdebstrap --mode=root --format=directory --variant=apt --skip=check/signed-by \
  --include="$include" --aptopt="$apt_options" \
  --dpkgopt='force-unsafe-io' \
  --dpkgopt='path-exclude=/usr/share/doc/*' \
  --dpkgopt='path-exclude=/usr/share/info/*' \
  --dpkgopt='path-exclude=/usr/share/locale/*' \
  sid "$root" -

# namespace.sh writes these from the machine's, at each start.
rm -f "$root"/etc/{resolv.conf,hostname,hosts} "$root"/etc/apt/{sources.list,apt.conf.d/99mmdebstrap}
