# shellcheck shell=bash
# Runs in the toolbox's namespace with pairs of arguments: a path of this machine, and where it is after all links. Brings
# each in at the same path, from /run/host.
while (($#)); do
  path=$1 source=/run/host$2
  shift 2
  top=${path#/}
  top=/${top%%/*}
  case $top in
    /bin | /boot | /etc | /lib* | /run | /sbin | /usr | /var)
      # The toolbox has its own of these.
      if [[ $path == "$top" ]]; then continue; fi
      ;;
    *)
      # A folder in the machine's root that is newer than the namespace.
      path=$top source=/run/host$top
      ;;
  esac
  if [[ ! -e $source || $path -ef $source ]]; then continue; fi
  if [[ -d $source ]]; then
    mkdir -p "$path"
    mount --rbind "$source" "$path"
  else
    mkdir -p "${path%/*}"
    if [[ -L $path ]]; then rm "$path"; fi
    if [[ ! -e $path ]]; then : >"$path"; fi
    mount --bind "$source" "$path"
  fi
done
