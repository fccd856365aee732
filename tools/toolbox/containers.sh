# shellcheck shell=bash
# podman's configuration in the toolbox.

# configure_containers TOOLBOX: writes containers.conf when there is none yet, or when this process may ask for less than
# the one that wrote it: podman sets the limits below for every container, and may not go above its own hard limits.
configure_containers() {
  local nofile nproc old_nofile=0 old_nproc=0
  nofile=$(at_most "$(ulimit -Hn)" 1048576)
  nproc=$(at_most "$(ulimit -Hu)" 90000)
  if [[ -e $1/limits ]]; then
    read -r old_nofile old_nproc <"$1/limits"
    ((nofile < old_nofile || nproc < old_nproc)) || return 0
    nofile=$(at_most "$nofile" "$old_nofile") nproc=$(at_most "$nproc" "$old_nproc")
  fi
  containers_conf "$nofile" "$nproc" >"$1/root/etc/containers/containers.conf.new"
  mv "$1/root/etc/containers/containers.conf.new" "$1/root/etc/containers/containers.conf"
  printf '%s %s\n' "$nofile" "$nproc" >"$1/limits"
}

# at_most LIMIT MOST: prints the lower of both; LIMIT may be "unlimited".
at_most() {
  if [[ $1 == unlimited ]] || (($1 > $2)); then printf '%s\n' "$2"; else printf '%s\n' "$1"; fi
}

# containers_conf NOFILE NPROC: prints containers.conf. runc, because crun refuses cgroups in hybrid mode; the rest, because
# there is no systemd in the toolbox, though the machine may run it.
containers_conf() {
  cat <<END
[containers]
default_ulimits = ["nofile=$1:$1", "nproc=$2:$2"]
log_driver = "k8s-file"

[engine]
cgroup_manager = "cgroupfs"
env = ["PODMAN_IGNORE_CGROUPSV1_WARNING=1"]
events_logger = "file"
runtime = "runc"
END
}

# storage_conf: prints storage.conf. Images stay in the toolbox's root; what runs is in the namespace's /run.
storage_conf() {
  cat <<'END'
[storage]
driver = "overlay"
graphroot = "/var/lib/containers/storage"
runroot = "/run/containers/storage"
END
}
