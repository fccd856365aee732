# shellcheck shell=bash
# What a person reads: one line each, on stderr.

say() { printf 'toolbox: %s\n' "$*" >&2; }

# Ends the program with one line that says what is wrong and what to do.
die() {
  printf 'toolbox: error: %s\n' "$*" >&2
  exit 1
}
