#!/bin/bash
# Makes the toolbox's root. Started by ensure_root of root.sh, which holds the lock; whatever ends this program, also
# SIGKILL, ends all that it started.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
tools=$PWD
bazel_version=$(<../../.bazelversion)
# shellcheck source=tools/toolbox/say.sh
. ./say.sh
# shellcheck source=tools/toolbox/host.sh
. ./host.sh
# shellcheck source=tools/toolbox/apt.sh
. ./apt.sh
# shellcheck source=tools/toolbox/root.sh
. ./root.sh
# shellcheck source=tools/toolbox/processes.sh
. ./processes.sh
# shellcheck source=tools/toolbox/remove.sh
. ./remove.sh

readonly PYTHON_SUITE=bookworm # has python3.11, whatever Debian the machine runs

main() {
  local source uri keyring
  host_release /etc/os-release
  locate_root
  making=$base/.making-$key
  log=$base/make.log
  maker=''
  remove_half_made
  require_space "$base"
  trap 'interrupted 129' HUP
  trap 'interrupted 130' INT
  trap 'interrupted 143' TERM
  trap abandon EXIT

  say "making the toolbox with Bazel $bazel_version, once: it takes a minute or two, and 2 GB in $base"
  ensure_mmdebstrap
  source=$(debian_source "$host_codename") ||
    die "apt knows no source of Debian $host_codename main here; name a mirror in /etc/apt/sources.list"
  IFS=$'\t' read -r uri keyring <<<"$source"
  mkdir "$making"
  transport_options >"$making/apt.conf"
  sources_list "$uri" "$keyring" sid "$PYTHON_SUITE" >"$making/sources.list"
  run_recipe || recipe_failed "$uri"
  check_bazel
  rm "$making/apt.conf" "$making/sources.list"
  mv --no-target-directory "$making" "$toolbox"
  trap - EXIT
  say "ready after $SECONDS s"
  remove_superseded
}

interrupted() {
  if [[ -t 2 ]]; then printf '\r\e[K' >&2; fi
  say "interrupted; the next run starts from the beginning"
  exit "$1"
}

# abandon: the end of a maker that didn't come through.
abandon() {
  [[ -z $maker ]] || { kill -KILL "$maker" && wait "$maker"; } 2>/dev/null || true
  remove_tree "$making"
}

# ensure_mmdebstrap: the one package that making a toolbox needs on the machine itself.
ensure_mmdebstrap() {
  type -P mmdebstrap >/dev/null && return
  say "installing mmdebstrap on this machine with apt-get"
  local install=(apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=120 mmdebstrap)
  export DEBIAN_FRONTEND=noninteractive
  "${install[@]}" &>"$log" </dev/null ||
    { apt-get update && "${install[@]}"; } &>"$log" </dev/null ||
    die "mmdebstrap cannot be installed: $(reason_in_log) (log: $log)"
}

# run_recipe: the recipe runs in process and mount namespaces that end with this process, so that no program of it lives
# on, and no mount of it is ever seen outside.
run_recipe() {
  local output
  exec {output}< <(
    exec setpriv --pdeathsig KILL -- unshare --mount --pid --fork --kill-child --mount-proc -- \
      bash recipe.sh "$making/root" "$making/apt.conf" packages.txt <"$making/sources.list" 2>&1
  )
  maker=$!
  show_progress <&"$output"
  exec {output}<&-
  wait "$maker"
}

# show_progress: keeps the recipe's output in the log and shows its phases: on a terminal in one line with the seconds
# running, elsewhere a line each.
show_progress() {
  local line='' rest status phase=''
  : >"$log"
  while true; do
    status=0
    IFS= read -r -t 1 rest || status=$?
    line+=$rest
    if ((status == 0)); then
      printf '%s\n' "$line" >>"$log"
      case $line in
        *'running apt-get update'*) begin_phase '1/4 reading the lists of packages' ;;
        *'downloading packages'*) begin_phase '2/4 downloading packages' ;;
        *'extracting archives'*) begin_phase '3/4 unpacking the base system' ;;
        *'installing remaining'*) begin_phase '4/4 installing Bazel, podman and what they need' ;;
      esac
      line=''
    elif ((status <= 128)); then
      break # end of the output; above 128 the second was over
    fi
    if [[ -t 2 && $phase ]]; then printf '\r\e[Ktoolbox: %s (%d s)' "$phase" "$SECONDS" >&2; fi
  done
  if [[ -t 2 && $phase ]]; then printf '\r\e[K' >&2; fi
}

begin_phase() {
  phase=$1
  [[ -t 2 ]] || say "$phase ($SECONDS s)"
}

# recipe_failed MIRROR: ends with what to do about it, as far as the log tells.
recipe_failed() {
  case $(reason_in_log) in
    *'No space left on device'* | *'enough free space'*)
      die "the disk of $base ran full; free some, or set XDG_CACHE_HOME to a larger disk"
      ;;
    *NO_PUBKEY* | *'is not signed'* | *EXPKEYSIG*)
      die "this machine has no key for $1: apt-get install debian-archive-keyring, or set Signed-By in the apt source"
      ;;
    *'Unable to locate'* | *'no installation candidate'* | *'unmet dependencies'*)
      die "$1 lacks a package just now ($(reason_in_log)); try again later (log: $log)"
      ;;
    *resolve* | *connect* | *fetch* | *refused* | *'timed out'*)
      die "the mirror $1 cannot be reached ($(reason_in_log)); see this machine's apt sources and proxy (log: $log)"
      ;;
    *) die "mmdebstrap failed: $(reason_in_log) (log: $log)" ;;
  esac
}

# reason_in_log: prints the line of the log that says the most.
reason_in_log() {
  local pattern
  for pattern in 'No space left on device|enough free space' 'NO_PUBKEY|EXPKEYSIG|is not signed' \
    'Unable to locate|no installation candidate|unmet dependencies' \
    'Could not (resolve|connect)|Unable to connect|Connection (failed|timed out|refused)|Failed to fetch' \
    'error processing package' '^E: '; do
    grep -m 1 -E "$pattern" "$log" && return
  done
  tail -n 1 "$log"
}

# check_bazel: unstable moves; a toolbox with another Bazel than ours is none.
check_bazel() {
  local found
  # shellcheck disable=SC2016 # the inner shell expands it
  found=$(unshare --mount -- bash -c 'mount --rbind /proc "$0/proc" && chroot "$0" bazel --version' \
    "$making/root" 2>&1) || true
  [[ $found == "bazel $bazel_version"* ]] ||
    die "unstable has another Bazel than $bazel_version now ($found): install bazelisk, or change .bazelversion"
}

[[ ${BASH_SOURCE[0]} != "$0" ]] || main
