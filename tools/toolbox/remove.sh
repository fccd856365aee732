# shellcheck shell=bash
# Removing toolboxes, and what was left of them. Needs say.sh, processes.sh and root.sh after locate_root; all but
# remove_tree only with the makers' lock.

# remove_half_made: what makers left that could not even abandon.
remove_half_made() {
  local directory
  for directory in "$base"/.making-* "$base"/.removing-*; do
    [[ -e $directory ]] || continue
    say "removing ${directory##*/}, which an interrupted run left"
    remove_tree "$directory"
  done
}

# remove_superseded: toolboxes of other keys that nothing runs in but idle Bazel servers.
remove_superseded() {
  local other
  for other in "$base"/*/; do
    other=${other%/}
    [[ $other != "$toolbox" && -d $other/root ]] || continue
    if (stop_toolbox "$other") 2>/dev/null; then
      remove_toolbox "$other"
    else
      say "the superseded toolbox $other is in use and stays; tools/toolbox/toolbox prune removes it later"
    fi
  done
}

# remove_all: this toolbox and those of other keys.
remove_all() {
  local each
  for each in "$base"/*/; do
    each=${each%/}
    [[ -d $each/root ]] || continue
    stop_toolbox "$each"
    remove_toolbox "$each"
  done
}

# remove_toolbox DIRECTORY: takes it out of sight in one step, then removes it.
remove_toolbox() {
  local removing=$base/.removing-${1##*/}
  say "removing $1"
  mv --no-target-directory "$1" "$removing"
  remove_tree "$removing"
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
