#!/bin/bash
# Makes the toolbox's mount namespace and becomes the process that keeps it.
#
#   unshare --mount --propagation slave -- holder.sh ROOT
#
# Prints "PID NAMESPACE" when all is in place, and waits from then on; without ROOT, in the namespace that it is in. ROOT
# is / in the namespace, and the machine's own root is /run/host. Every ordinary folder of the machine's root is at its
# own path, so that checkouts, caches and temporary files have the same names on both sides; /run is the namespace's own
# (visible.sh brings in the rest).
set -euo pipefail
root=${1:-}

# Nothing that the caller had open may stay open for as long as this lives.
for descriptor in /proc/self/fd/*; do
  descriptor=${descriptor##*/}
  ((descriptor <= 2 || descriptor == 255)) || eval "exec $descriptor>&-"
done

make_namespace() {
  mount --bind "$root" "$root"
  mount -t tmpfs -o mode=0755,nosuid,nodev toolbox "$root/run"
  mkdir "$root/run/host" "$root/run/lock"
  : >"$root/run/ray-vllm-toolbox" # tells a program that it is in the toolbox
  cd "$root"
  pivot_root . run/host
  cd /

  shopt -s dotglob
  for source in /run/host/*; do
    name=${source##*/}
    case $name in
      bin | boot | etc | lib* | lost+found | run | sbin | usr | var) continue ;;
    esac
    if [[ -L $source ]]; then
      [[ -e /$name ]] || ln -s "$(readlink "$source")" "/$name"
    elif [[ -d $source ]]; then
      mkdir -p "/$name"
      mount --rbind "$source" "/$name"
    fi
  done
}

[[ -z $root ]] || make_namespace

# From now on it starts, each in a session of its own, the commands that come through this FIFO, one a line: what has to
# outlive the process tree that it is asked from. Bazel ends every descendant of a test with the test, daemons too, and
# tools/stack cleans up after a test that was killed.
spawn=/run/ray-vllm-toolbox.spawn
rm -f "$spawn"
mkfifo -m 600 "$spawn"
printf '%s %s\n' $$ "$(readlink "/proc/$$/ns/mnt")"
exec -a ray-vllm-toolbox bash -c '
  while IFS= read -r command <&3; do
    setsid --fork -- bash -c "$command" </dev/null 3<&-
  done' 3<>"$spawn" >/dev/null 2>&1
