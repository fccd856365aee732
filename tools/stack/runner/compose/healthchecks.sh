#!/bin/sh
# Runs the health checks of this folder's stack, until it is ended. podman leaves them to systemd's timers: this is for
# machines where systemd does not run, and where services would wait for each other's health for ever.
set -u
cd "$(dirname "$0")" || exit 1
project=${COMPOSE_PROJECT_NAME:-$(sed -n 's/^name: //p' compose.yaml)}
while :; do
  for container in $(podman ps --quiet --filter "label=io.podman.compose.project=$project"); do
    podman healthcheck run "$container" >/dev/null 2>&1
  done
  sleep 1
done
