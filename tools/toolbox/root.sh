# shellcheck shell=bash
# The toolbox's root: where it is, and making it once.
# Needs say.sh, host.sh after host_release, and the variables `tools` (this folder) and `bazel_version`.

# locate_root: sets `base` (the folder of all toolboxes), `key` and `toolbox` (the folder of this one). The key is a digest
# of what goes into a toolbox, so that a change of anything else doesn't make a new one.
locate_root() {
  local digest
  base=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/ray-vllm-toolbox
  digest=$({
    printf '%s\n' "$bazel_version" "$host_id" "$host_version" "$HOSTTYPE"
    cat "$tools/packages.txt" "$tools/recipe.sh" "$tools/holder.sh"
  } | sha256sum)
  key=${digest:0:16}
  toolbox=$base/$key
}

# ensure_root: makes the toolbox where it isn't there yet.
ensure_root() {
  [[ -d $toolbox ]] && return
  require_debian "$bazel_version"
  require_root
  require_mount_namespaces
  mkdir -p "$base" || die "$base cannot be made; set XDG_CACHE_HOME to a folder of yours"
  exec 9>"$base/lock"
  if ! flock --nonblock 9; then
    say "another one is making the toolbox; waiting for it"
    flock 9
  fi
  # The maker and the programs that it starts inherit the lock: who has it knows that no maker is left.
  [[ -d $toolbox ]] || setpriv --pdeathsig TERM -- bash "$tools/make.sh" || exit
  exec 9>&-
}

# with_makers_lock COMMAND: runs it while no toolbox can be made; nothing where there has never been one.
with_makers_lock() {
  [[ -d $base ]] || return 0
  exec 9>"$base/lock"
  flock --nonblock 9 || die "a toolbox is being made or removed just now; wait for it, or interrupt it"
  "$@"
  exec 9>&-
}
