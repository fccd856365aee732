# shellcheck shell=bash
# What of this machine the toolbox must see, beside the ordinary folders that holder.sh brings in.

# wanted_paths: sets the array `wanted` to the paths that exist here and must be the same inside.
wanted_paths() {
  local path
  wanted=()
  for path in /etc/resolv.conf /etc/hosts /usr/local/share/ca-certificates /etc/pip.conf /etc/xdg/pip \
    "${HOME:-/root}" "$(workspace_of "$PWD")" "$PWD"; do
    want "$path"
  done
  # A machine without certificates would hide the toolbox's own.
  if [[ -e /etc/ssl/certs/ca-certificates.crt ]]; then want /etc/ssl/certs; fi
  want_environment
  want_pip_configuration
}

want() { if [[ $1 != / && -e $1 ]]; then wanted+=("$1"); fi; }

# want_named PATH: what a setting names. The toolbox's own folder of that name stays.
want_named() { if [[ -f $1 || (-d $1 && ! -d /proc/$anchor/root$1) ]]; then wanted+=("$1"); fi; }

# workspace_of DIRECTORY: prints the Bazel workspace around it, or the directory.
workspace_of() {
  local directory=$1
  while [[ $directory ]]; do
    if [[ -e $directory/MODULE.bazel || -e $directory/WORKSPACE || -e $directory/REPO.bazel ]]; then break; fi
    directory=${directory%/*}
  done
  printf '%s\n' "${directory:-$1}"
}

# want_environment: files and folders that variables for certificates, pip and caches name.
want_environment() {
  local name
  for name in $(compgen -e); do
    case $name in
      *CERT* | *CAINFO* | *CA_BUNDLE* | *CA_FILE* | *CA_PATH* | PIP_* | UV_* | NETRC | TMPDIR | XDG_*_HOME)
        want_paths_in "${!name}"
        ;;
    esac
  done
}

# want_pip_configuration: pip's configuration files, and what they name.
want_pip_configuration() {
  local home=${HOME:-/root} directory file line
  local -a directories
  IFS=: read -r -a directories <<<"${XDG_CONFIG_DIRS:-/etc/xdg}"
  directories=(/etc "${directories[@]/%//pip}" "$home/.pip" "${XDG_CONFIG_HOME:-$home/.config}/pip")
  for file in "${directories[@]/%//pip.conf}" "${PIP_CONFIG_FILE:-}"; do
    [[ -f $file && -r $file ]] || continue
    want "$file"
    while IFS= read -r line; do
      [[ $line == \#* ]] || want_paths_in "$line"
    done <"$file"
  done
}

# want_paths_in TEXT: the absolute paths and file: addresses among its words.
want_paths_in() {
  local word
  local -a words
  IFS=$' \t=,:' read -r -a words <<<"${1//file:\/\//}"
  for word in "${words[@]}"; do
    if [[ $word == /* ]]; then want_named "$word"; fi
  done
}
