#!/bin/sh
# Makes the secrets that can be made, in secrets/ beside this file, and says which ones you fill in. It never overwrites one.
set -eu
umask 077
cd "$(dirname "$0")"

# give_up WORDS: says why, and ends with 1; in a pipeline too, whose last command it then is.
give_up() {
    echo "$1" >&2
    exit 1
}

# keep NAME: takes what comes in for the secret of that name, unless it is there already. An empty file is no secret.
# Containers run as users of their own, so the files can be read; the folder lets nobody but its owner in.
keep() {
    if [ -s "secrets/$1" ]; then
        cat > /dev/null
        echo "kept  secrets/$1"
        return
    fi
    rm -f "secrets/.$1"
    cat > "secrets/.$1"
    if [ ! -s "secrets/.$1" ]; then
        rm "secrets/.$1"
        give_up "secrets/$1 is not made: openssl gave nothing for it."
    fi
    chmod 444 "secrets/.$1"
    mv -f "secrets/.$1" "secrets/$1"
    echo "made  secrets/$1"
}

command -v openssl > /dev/null || give_up "Nothing is made: openssl is not installed, and it makes the keys."
if [ -s secrets/database_url ] && [ ! -s secrets/database_password ]; then
    echo "Nothing is made: secrets/database_password is gone, while secrets/database_url is still there." >&2
    echo "The database knows that password: put it back, as it stands in secrets/database_url between cairn: and @." >&2
    give_up "Only where there is no database yet, remove secrets/database_url too, and run this again."
fi

mkdir -p secrets
chmod 700 secrets

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
