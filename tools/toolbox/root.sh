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

# remove_toolbox DIRECTORY: takes it out of sight in one step, then removes it.
remove_toolbox() {
  local removing=$base/.removing-${1##*/}
  mv --no-target-directory "$1" "$removing" && remove_tree "$removing"
}

# in_use ROOT: whether a process has it as its root directory.
in_use() {
  local process
  for process in /proc/[0-9]*; do
    [[ $process/root -ef $1 ]] && return
  done
  return 1
}

# remove_tree DIRECTORY: never through a mount. A few tries, since killed processes may still be writing.
remove_tree() {

  if awk -v under="$1/" 'index($5 "/", under) == 1 { found = 1 } END { exit !found }' /proc/self/mountinfo; then
    say "$1 has file systems mounted in it and stays; umount them and remove it"
    return
  fi
  for _ in 1 2 3 4 5; do
    rm --recursive --force --one-file-system -- "$1" 2>/dev/null && return
    sleep 0.2
  done
  say "$1 could not be removed: $(rm --recursive --force --one-file-system -- "$1" 2>&1 | head -n 1)"
}
