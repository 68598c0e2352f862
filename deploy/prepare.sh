#!/bin/sh
# Makes what compose.yaml reads and a repository must not hold: secrets/ (passwords of this one installation) and .env
# (its choices). What is there already stays as it is. Give another folder than this one as the argument.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
target=${1:-$here}
umask 077
mkdir -p "$target/secrets" "$target/applications"
# Who runs in a container reads what is mounted there; on this machine the folder keeps everyone else out.
chmod 700 "$target/secrets"
chmod 755 "$target/applications"

made() { od -An -v -tx1 -N24 /dev/urandom | tr -d ' \n'; }

keep() { # keep NAME TEXT: a secret, unless there is one
    if [ ! -e "$target/secrets/$1" ]; then
        printf '%s\n' "$2" > "$target/secrets/$1.partial"
        chmod 444 "$target/secrets/$1.partial"
        mv "$target/secrets/$1.partial" "$target/secrets/$1"
    fi
}

keep internal-secret "$(made)"

redis=$(made)
keep redis.conf "requirepass $redis"
redis=$(sed -n 's/^requirepass //p' "$target/secrets/redis.conf")
keep broker-url "redis://:$redis@redis:6379/0"

keep mongodb-password "$(made)"
keep result-backend "mongodb://longshore:$(cat "$target/secrets/mongodb-password")@mongodb:27017/longshore?authSource=admin"

keep postgresql-password "$(made)"
keep database-url "postgresql+psycopg://longshore:$(cat "$target/secrets/postgresql-password")@postgresql/longshore"

# Who may come in: nobody, until `longshore token make` has made a line for this file. And the token, if any, of jobs
# that are clients of the server which runs them.
for name in tokens client-token; do
    if [ ! -e "$target/secrets/$name" ]; then
        : > "$target/secrets/$name"
        chmod 644 "$target/secrets/$name"
    fi
done

if [ ! -e "$target/.env" ]; then
    cp "$here/env.example" "$target/.env"
    chmod 644 "$target/.env"
fi
if [ -s "$target/secrets/tokens" ]; then
    echo "$target is ready."
else
    echo "$target is ready, but lets nobody in yet: $target/secrets/tokens needs a line of \`longshore token make\`."
fi
