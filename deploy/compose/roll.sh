#!/bin/sh
# Puts new replicas in place of the old ones without a lost press, since compose itself stops all of them at once:
# three more are started with what is set now, and when they are ready the old ones are told to stop, one by one.
# Arguments go to compose, such as --file compose.yaml --file teams.yaml.
set -eu
cd "$(dirname "$0")"

old=$(docker compose "$@" ps --quiet cairn)
docker compose "$@" up --detach --wait --no-recreate --scale cairn=6
for replica in ${old}; do
    docker stop -t 60 "${replica}"
    docker rm "${replica}"
done
docker compose "$@" up --detach --wait --no-recreate --scale cairn=3
