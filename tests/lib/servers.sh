# Private PostgreSQL and Redis for tests: Unix sockets only, no TCP port, no password.
# Sourced by tests/run. Sets CHORUS_TEST_DATABASE_URL and CHORUS_TEST_REDIS_URL.
#
# shellcheck shell=bash

# Runs a command as a user that PostgreSQL accepts: it refuses root.
as_server_user() {
    if [[ $(id -u) -ne 0 ]]; then
        "$@"
        return
    fi
    local user=nobody
    id postgres >/dev/null 2>&1 && user=postgres
    # setpriv keeps the environment and execs, so signals reach the server.
    setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups "$@"
}

postgres_bin() { printf "%s\n" /usr/lib/postgresql/*/bin | sort -V | tail -1; }

start_postgres() {
    as_server_user "$(postgres_bin)/pg_ctl" -D "$1/pg" -l "$1/pg.log" -w -t 60 start >/dev/null
}

# stop_postgres DIR [MODE]: fast, or immediate as a crash would be.
stop_postgres() {
    as_server_user "$(postgres_bin)/pg_ctl" -D "$1/pg" -m "${2:-fast}" -w stop >/dev/null 2>&1
}

start_redis() {
    as_server_user redis-server --daemonize yes --port 0 --unixsocket "$1/run/redis.sock" \
        --unixsocketperm 700 --dir "$1/redis" --pidfile "$1/run/redis.pid" --save '' \
        --appendonly no --databases 512 --logfile "$1/redis.log" >/dev/null
}

stop_redis() { redis-cli -s "$1/run/redis.sock" shutdown nosave >/dev/null 2>&1; }

# start_servers DIR: DIR must be short (socket paths are limited to 107 bytes).
start_servers() {
    local dir=$1 owner
    owner=$(id -un)
    if [[ $(id -u) -eq 0 ]]; then
        chown "$(as_server_user id -u)" "$dir"
        owner=$(as_server_user id -un)
    fi
    as_server_user mkdir -p "$dir/run" "$dir/redis"
    as_server_user "$(postgres_bin)/initdb" -D "$dir/pg" -U chorus --auth-local=peer --auth-host=reject \
        -E UTF8 --locale=C.UTF-8 -k >"$dir.log" 2>&1 || { cat "$dir.log" >&2; return 1; }
    # The tests' own user by peer; the roles that tests make by password.
    printf 'local all chorus peer map=chorus\nlocal all all scram-sha-256\n' |
        as_server_user tee "$dir/pg/pg_hba.conf" >/dev/null
    printf 'chorus %s chorus\nchorus root chorus\n' "$owner" |
        as_server_user tee "$dir/pg/pg_ident.conf" >/dev/null
    as_server_user tee -a "$dir/pg/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$dir/run'
shared_buffers = 64MB
max_connections = 200
CONF
    start_postgres "$dir"
    start_redis "$dir"
    export CHORUS_TEST_DATABASE_URL="postgresql:///postgres?host=$dir/run&user=chorus"
    export CHORUS_TEST_REDIS_URL="unix://$dir/run/redis.sock?db=0"
}

stop_servers() {
    stop_redis "$1" || true
    stop_postgres "$1" immediate || true
    rm -rf "$1" "$1.log"
}
