#!/bin/sh
# Puts new replicas in place of the old ones without a lost press, since compose itself stops all of them at once:
# three more are started with what is set now, and when these are healthy the old ones are told to stop, one by one.
# Ended halfway, it is run again. Arguments go to compose, such as --file compose.yaml --file teams.yaml.
set -eu
cd "$(dirname "$0")"

replicas=3
# Two minutes in all: a replica is there within one, even where it has to wait for the database.
rounds=60
pause=2

# What is stopped serves nobody, and would be started with what was set when it was made.
docker compose "$@" rm --force cairn
# Without --all, which would also list what "compose run" left behind.
old=$(docker compose "$@" ps --quiet cairn)
count=$(echo "${old}" | wc -w)

# Only cairn, and no --wait: compose would wait for the old ones too, and one of them may be ill.
round=0
docker compose "$@" up --detach --no-recreate --scale cairn="$((count + replicas))" cairn || round=${rounds}
all=$(docker compose "$@" ps --quiet cairn)
new=""
for replica in ${all}; do
    case "${old}" in
        *"${replica}"*) ;;
        *) new="${new} ${replica}" ;;
    esac
done

while :; do
    healthy=0
    ill=""
    for replica in ${new}; do
        state=$(docker inspect --format '{{.State.Health.Status}}' "${replica}") || state=gone
        if [ "${state}" = healthy ]; then
            healthy=$((healthy + 1))
        else
            ill="${ill} ${replica}"
        fi
    done
    [ "${healthy}" -lt "${replicas}" ] && [ "${round}" -lt "${rounds}" ] || break
    round=$((round + 1))
    sleep "${pause}"
done

if [ "${healthy}" -lt "${replicas}" ]; then
    echo "${healthy} of ${replicas} new replicas became healthy, so the old ones go on serving. Mend it, and run this again." >&2
    for replica in ${ill}; do
        echo "Stopping one that is not healthy; why, it says itself: docker logs ${replica}" >&2
        docker stop -t 60 "${replica}"
    done
    exit 1
fi

for replica in ${old}; do
    docker stop -t 60 "${replica}"
    docker rm "${replica}"
done
