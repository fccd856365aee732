# shellcheck shell=bash
# Whether the tools in the toolbox work on this machine.

# check_toolbox: runs each once; ends with one line where one doesn't.
check_toolbox() {
  local output
  output=$("$tools/toolbox" run bazel --version 2>&1) || die "Bazel doesn't run in the toolbox: ${output##*$'\n'}"
  output=$(podman_works) || die "podman cannot run a container on this machine: $output"
  say "Bazel and podman work"
}

# warn_without_podman: says so where podman doesn't work; builds, and tests without containers, still do.
warn_without_podman() {
  local output
  output=$(podman_works) || say "warning: podman cannot run a container on this machine, so the end-to-end tests cannot run: $output"
}

# podman_works: runs a container of the toolbox's own root. Fails with what podman says last.
podman_works() {
  local output
  output=$("$tools/toolbox" run podman run --rm --rootfs /:O true 2>&1 </dev/null) && return
  output=${output##*$'\n'}
  if [[ $output == *'backing file system is unsupported'* ]]; then
    output="$base is on a file system that cannot hold images (overlayfs?); set XDG_CACHE_HOME to one on a disk"
  fi
  printf '%s\n' "$output"
  return 1
}
