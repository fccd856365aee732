# shellcheck shell=bash
# What the toolbox asks of this machine. Each require_… ends the program, in one line, where it isn't so.

readonly ROOT_MIB=3072 # free space that making one takes, with the downloads that it removes again

# host_release OS_RELEASE: sets `host_id`, `host_version` and `host_codename` from an os-release file.
host_release() {
  local line
  host_id='' host_version='' host_codename=''
  [[ -r $1 ]] || return 0
  while IFS= read -r line; do
    line=${line//\"/}
    case $line in
      ID=*) host_id=${line#*=} ;;
      VERSION_ID=*) host_version=${line#*=} ;;
      VERSION_CODENAME=*) host_codename=${line#*=} ;;
    esac
  done <"$1"
}

# require_debian BAZEL_VERSION: after host_release.
require_debian() {
  [[ $host_id == debian && ($host_version == 12 || $host_version == 13) ]] ||
    die "there is no Bazel $1 on PATH, and only Debian 12 and 13 can make one: install bazelisk, or Bazel $1"
}

# require_root: the toolbox is a mount namespace, and its podman is root's.
require_root() { ((EUID == 0)) || die "the toolbox takes root: run this as root, or install bazelisk"; }

# require_space DIRECTORY [MIB]
require_space() {
  local need=${2:-$ROOT_MIB} free
  free=$(df --output=avail --block-size=1M -- "$1" | tail -n 1)
  ((free >= need)) ||
    die "no room: $1 has ${free// /} MiB free and the toolbox takes $need MiB; free some, or set XDG_CACHE_HOME to a larger disk"
}

require_mount_namespaces() {
  local why
  why=$(unshare --mount --propagation slave -- true 2>&1) ||
    die "root may not make a mount namespace here (${why##*: }): in a container, run it with --privileged"
}
