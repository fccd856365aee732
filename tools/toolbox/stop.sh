# shellcheck shell=bash
# Ending the toolbox's namespace. Needs what namespace.sh needs.

# stop_toolbox: ends the namespace when nothing runs in it but idle Bazel servers.
stop_toolbox() {
  local holder namespace process busy=''
  local -a ending=()
  [[ -e $toolbox/namespace ]] || return 0
  read -r holder namespace <"$toolbox/namespace"
  for process in $(processes_in "$namespace"); do
    if [[ $process == "$holder" || $(tr '\0' ' ' <"/proc/$process/cmdline") == 'bazel('* ]]; then
      ending+=("$process")
    else
      busy+=", $(<"/proc/$process/comm") ($process)"
    fi
  done
  [[ -z $busy ]] || die "the toolbox is in use by ${busy#, }; end them first (containers: tools/toolbox/toolbox run podman ps)"
  ((${#ending[@]})) || return 0
  kill "${ending[@]}" 2>/dev/null || true
  for _ in {1..100}; do
    [[ $(processes_in "$namespace") ]] || return 0
    sleep 0.1
  done
  die "the Bazel server in the toolbox doesn't end (processes: $(processes_in "$namespace" | tr '\n' ' '))"
}

# remove_toolboxes: stops and deletes this toolbox and those of other keys.
remove_toolboxes() {
  [[ -d $base ]] || return 0
  exec 9>"$base/lock"
  flock --nonblock 9 || die "the toolbox is being made just now; wait for it, or interrupt it"
  for toolbox in "$base"/*/; do
    toolbox=${toolbox%/}
    [[ -d $toolbox/root ]] || continue
    stop_toolbox
    if in_use "$toolbox/root"; then die "$toolbox is in use"; fi
    say "removing $toolbox"
    remove_toolbox "$toolbox"
  done
  exec 9>&-
}
