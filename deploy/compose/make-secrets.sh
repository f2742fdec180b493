#!/bin/sh
# Makes the secrets that can be made, in secrets/ beside this file, and says which ones you fill in. It never overwrites one.
set -eu
umask 077
cd "$(dirname "$0")"

mkdir -p secrets
chmod 700 secrets

# keep NAME: takes what comes in for the secret of that name, unless it is there already.
# Containers run as users of their own, so the files can be read; the folder lets nobody but its owner in.
keep() {
    if [ -e "secrets/$1" ]; then
        cat > /dev/null
        echo "kept  secrets/$1"
    else
        cat > "secrets/.$1"
        chmod 444 "secrets/.$1"
        mv "secrets/.$1" "secrets/$1"
        echo "made  secrets/$1"
    fi
}

openssl rand -hex 32 | keep database_password
password=$(cat secrets/database_password)
printf 'postgresql://cairn:%s@database/cairn\n' "${password}" | keep database_url
openssl rand -base64 32 | keep seal_keys
openssl rand -base64 32 | keep case_keys

missing=""
for name in slack_bot_token slack_signing_secrets tls_certificate tls_key; do
    [ -s "secrets/${name}" ] || missing="${missing} ${name}"
done
for name in ${missing}; do
    echo "yours secrets/${name}: put it there, and chmod 444 it"
done
echo "yours as well: secrets/teams_app_password with teams.yaml, secrets/smtp_url with mail.yaml"
echo "Keep a copy of seal_keys and case_keys where your department keeps its keys: without case_keys nobody reads what was sent."
