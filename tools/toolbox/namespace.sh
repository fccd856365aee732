# shellcheck shell=bash
# The toolbox's mount namespace: finding it, making it, entering it.
# Needs say.sh, host.sh, apt.sh, root.sh after locate_root, processes.sh, containers.sh, visible.sh
# and check.sh.
#
# There is one namespace per toolbox, for everyone: podman keeps network namespaces as bind mounts in /run, and what one
# entry mounts the next must see. A process keeps it (holder.sh), not a bind-mounted file as `ip netns` does: a process is
# found through /proc from any mount namespace of the machine, it leaves no mounts behind on the machine, and when
# it is killed, any other process that is still inside, like a Bazel server, leads to the namespace as well.

inside_toolbox() { [[ -e /run/ray-vllm-toolbox ]]; }

# enter COMMAND ARGUMENT...: becomes the command, in the toolbox and in the same folder.
enter() {
  cd -P . || die "the current folder is gone"
  clean_environment
  if inside_toolbox; then exec "$@"; fi
  ensure_root
  require_root
  ensure_namespace
  configure_containers "$toolbox"
  make_visible
  exec nsenter --target "$anchor" --mount --wdns="$PWD" -- "$@"
}

# clean_environment: takes out what names the machine's own programs, libraries and services.
clean_environment() {
  unset BASH_ENV CONTAINERS_CONF CONTAINERS_CONF_OVERRIDE CONTAINERS_STORAGE_CONF CONTAINER_HOST \
    DBUS_SESSION_BUS_ADDRESS ENV JAVA_HOME LD_LIBRARY_PATH LD_PRELOAD PYENV_ROOT PYTHONDONTWRITEBYTECODE PYTHONHOME \
    PYTHONPATH VIRTUAL_ENV XDG_RUNTIME_DIR
  export LANG=C.UTF-8 LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PODMAN_IGNORE_CGROUPSV1_WARNING=1 SHELL=/bin/bash
}

# ensure_namespace: sets `anchor` to a process in the namespace.
ensure_namespace() {
  find_holder && return
  exec 8>"$toolbox/lock"
  flock 8
  find_holder || adopt_survivor || { start_namespace && exec 8>&- && warn_without_podman; }
  exec 8>&-
}

find_holder() {
  local namespace
  [[ -e $toolbox/namespace ]] || return
  read -r anchor namespace <"$toolbox/namespace"
  is_inside "$toolbox" "$namespace" "$anchor"
}

# adopt_survivor: gives the namespace a new holder, if a process is left in it.
adopt_survivor() {
  local namespace survivors
  [[ -e $toolbox/namespace ]] || return
  read -r _ namespace <"$toolbox/namespace"
  survivors=$(processes_in "$toolbox" "$namespace")
  [[ $survivors ]] || return
  keep_namespace nsenter --target "${survivors%%$'\n'*}" --mount -- /bin/bash -c "$(<"$tools/holder.sh")" holder.sh
}

start_namespace() {
  require_mount_namespaces
  rm -f "$toolbox/limits"
  storage_conf >"$toolbox/root/etc/containers/storage.conf"
  follow_apt
  keep_namespace unshare --mount --propagation slave -- bash "$tools/holder.sh" "$toolbox/root" ||
    die "the toolbox's mount namespace cannot be made: $(tail -n 1 "$toolbox/holder.log")"
}

# keep_namespace COMMAND...: starts a holder, which prints "PID NAMESPACE", in a session of its own.
keep_namespace() {
  local ready line
  exec {ready}< <(exec setsid "$@" </dev/null 2>"$toolbox/holder.log" 8>&-)
  read -r line <&"$ready" || return
  exec {ready}<&-
  anchor=${line%% *}
  printf '%s\n' "$line" >"$toolbox/namespace"
}

# follow_apt: in the toolbox apt has this machine's mirror for Debian's stable releases and its way to reach it.
follow_apt() {
  local source uri keyring
  source=$(debian_source "$host_codename") || return 0
  IFS=$'\t' read -r uri keyring <<<"$source"
  sources_list "$uri" "${keyring:+/run/host$keyring}" bookworm >"$toolbox/root/etc/apt/sources.list"
  transport_options /run/host >"$toolbox/root/etc/apt/apt.conf.d/90machine"
}

# make_visible: sees to it that what the toolbox must see of this machine is there.
make_visible() {
  local path
  local -a missing=()
  wanted_paths
  for path in "${wanted[@]}"; do
    [[ /proc/$anchor/root$path -ef $path ]] || missing+=("$path" "$(readlink -f -- "$path")")
  done
  ((${#missing[@]})) || return 0
  nsenter --target "$anchor" --mount -- /bin/bash -c "$(<"$tools/show.sh")" show "${missing[@]}" || true
  [[ $PWD == / || /proc/$anchor/root$PWD -ef $PWD ]] ||
    die "$PWD cannot be seen in the toolbox; if it was mounted only now, run tools/toolbox/toolbox stop and this again"
}
