# shellcheck shell=bash
# This machine's own apt configuration: where it gets Debian from, and how. apt reads it for us, in both formats.

# debian_source CODENAME: prints "URI<tab>KEYRING" of the first source of Debian's main for that release, the keyring
# empty where the source names no file. Fails when there is none.
debian_source() {
  local found uri entry
  found=$(indextargets "Origin: Debian" "Codename: $1")
  # Before the first apt-get update nothing tells Debian's archive from others; by custom its path is /debian.
  [[ $found ]] || found=$(indextargets --no-release-info "Release: $1")
  [[ $found ]] || found=$(indextargets --no-release-info "Release: stable")
  [[ $found ]] || return 1
  IFS=$'\t' read -r _ uri entry <<<"$found"
  if [[ $uri == mirror+file:* ]]; then uri=$(first_mirror "/${uri#mirror+file:*/}"); fi
  printf '%s\t%s\n' "${uri%/}" "$(signed_by "${entry%:*}" "${entry##*:}")"
}

# indextargets ARGUMENT...: prints "RANK<tab>URI<tab>FILE:NUMBER" of the matching sources of a component main, best first.
indextargets() {
  { apt-get indextargets --format $'$(REPO_URI)\t$(SOURCESENTRY)' 'Created-By: Packages' 'Component: main' "$@" || true; } 2>/dev/null |
    awk '{ print ($1 ~ "/debian/?$" ? 0 : 1) "\t" $0 }' | sort --stable --numeric-sort --key=1,1
}

# first_mirror FILE: prints the first address in a list of mirrors (apt-transport-mirror(1)), which Debian's cloud images use.
first_mirror() { awk '!/^#/ && NF { print $1; exit }' "${1%/}"; }

# signed_by FILE NUMBER: prints the keyring file that the NUMBERth entry of a sources file names: a stanza of a .sources
# file, a line of another.
signed_by() {
  local entry pattern
  if [[ $1 == *.sources ]]; then
    entry=$(sed '/^#/d' "$1" | awk -v RS= -v number="$2" 'NR == number')
    pattern=$'(^|\n)[Ss]igned-[Bb]y:[[:space:]]*(/[^[:space:],]+)'
  else
    entry=$(sed -n "$2p" "$1")
    pattern='\[(.* )?signed-by=(/[^] ,]+)'
  fi
  if [[ $entry =~ $pattern ]]; then printf '%s\n' "${BASH_REMATCH[2]}"; fi
}

# sources_list URI KEYRING SUITE...: prints sources of main in the one-line format.
sources_list() {
  local uri=$1 keyring=$2 suite
  shift 2
  for suite; do
    printf 'deb %s%s %s main\n' "${keyring:+[signed-by=$keyring] }" "$uri" "$suite"
  done
}

# transport_options [PREFIX]: prints this machine's options on how to reach mirrors (proxies, certificates, credentials,
# retries) as apt.conf. PREFIX stands before the paths of credentials.
transport_options() {
  apt-config dump | grep --extended-regexp '^Acquire::(https?|ftp|ForceIPv[46]|Retries|Queue-Mode)\b.* ".+";$' || true
  # A mirror's copy of unstable can be older than its Valid-Until.
  printf '%s\n' 'Acquire::Check-Valid-Until "false";' 'Acquire::Check-Date "false";'
  printf 'Dir::Etc::%s "%s/etc/apt/%s";\n' netrc "${1:-}" auth.conf netrcparts "${1:-}" auth.conf.d
}
