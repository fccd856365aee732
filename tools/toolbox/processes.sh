# shellcheck shell=bash
# What runs in toolboxes, and ending it. Needs say.sh.

# in_use ROOT: whether a process has it as its root directory.
in_use() {
  local process
  for process in /proc/[0-9]*; do
    [[ $process/root -ef $1 ]] && return
  done
  return 1
}

# is_inside TOOLBOX NAMESPACE PID: whether the process is in that mount namespace of the toolbox.
is_inside() { [[ /proc/$3/root -ef $1/root && $(readlink "/proc/$3/ns/mnt") == "$2" ]]; }

# processes_in TOOLBOX NAMESPACE: prints the ids of the processes in it.
processes_in() {
  local process
  for process in /proc/[0-9]*; do
    process=${process#/proc/}
    if is_inside "$1" "$2" "$process"; then printf '%s\n' "$process"; fi
  done
}

# stop_toolbox TOOLBOX: ends its namespace when nothing runs in it but idle Bazel servers; ends the program otherwise.
stop_toolbox() {
  local holder namespace
  if [[ -e $1/namespace ]]; then
    exec 8>"$1/lock"
    flock 8
    read -r holder namespace <"$1/namespace"
    end_idle "$1" "$namespace" "$holder"
    exec 8>&-
  fi
  ! in_use "$1/root" || die "the toolbox $1 is in use, and doesn't end"
}

# end_idle TOOLBOX NAMESPACE HOLDER: ends the holder and Bazel servers, and waits until they are gone.
end_idle() {
  local process command busy=''
  local -a ending=()
  for process in $(processes_in "$1" "$2"); do
    command=$(tr '\0' ' ' 2>/dev/null <"/proc/$process/cmdline") || continue
    if [[ $process == "$3" || $command == 'bazel('* ]]; then
      ending+=("$process")
    else
      busy+=", ${command%% *} ($process)"
    fi
  done
  [[ -z $busy ]] || die "the toolbox $1 is in use by ${busy#, }; for containers see tools/toolbox/toolbox run podman ps"
  ((${#ending[@]})) || return 0
  kill "${ending[@]}" 2>/dev/null || true
  for _ in {1..100}; do
    in_use "$1/root" || return 0
    sleep 0.1
  done
}
