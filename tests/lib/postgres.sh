# A throw-away PostgreSQL cluster for one test.  Source it, then:
#
#	postgres_start          # sets PG_CONNINFO and PGHOST, PGUSER, PGDATABASE
#	postgres_migrate FILE.. # applies SQL files, each in one transaction
#	postgres_restart        # crash and come back
#	postgres_stop           # also on exit; removes everything
#
# It listens on a Unix socket in its own directory only, so tests never
# meet each other.  PostgreSQL refuses root: then it runs as `postgres`.
# shellcheck shell=bash

PG_BIN=${PG_BIN:-/usr/lib/postgresql/15/bin}
PG_ROLES="certflow registrar projector certflow_reader certflow_personal"

postgres_as_owner() {
	if [ "$(id -u)" = 0 ]; then
		runuser -u postgres -- "$@"
	else
		"$@"
	fi
}

postgres_start() {
	PG_HOME=$(mktemp -d "${TMPDIR:-/tmp}/certflow-pg.XXXXXX")
	trap postgres_stop EXIT
	[ "$(id -u)" = 0 ] && chown postgres "$PG_HOME"
	postgres_as_owner "$PG_BIN/initdb" -D "$PG_HOME/data" -U certflow \
		-A trust -E UTF8 --locale=C.UTF-8 -N >"$PG_HOME/initdb.log"
	postgres_up
	export PGHOST=$PG_HOME PGUSER=certflow PGDATABASE=certflow
	export PGOPTIONS="-c client_min_messages=warning"
	export PG_CONNINFO="host=$PG_HOME user=certflow dbname=certflow"
	psql -qX -d postgres -c 'CREATE DATABASE certflow'
	local role
	for role in $PG_ROLES; do
		[ "$role" = certflow ] || psql -qXc "CREATE ROLE $role LOGIN"
	done
}

postgres_up() {
	postgres_as_owner "$PG_BIN/pg_ctl" -s -w -D "$PG_HOME/data" \
		-l "$PG_HOME/log" start -o "-c listen_addresses='' \
		-c unix_socket_directories=$PG_HOME -c fsync=off \
		-c timezone=UTC -c max_connections=30" </dev/null
}

postgres_restart() {
	postgres_as_owner "$PG_BIN/pg_ctl" -s -D "$PG_HOME/data" \
		-m immediate stop
	postgres_up
}

postgres_migrate() {
	local file
	for file in "$@"; do
		psql -qX -v ON_ERROR_STOP=1 -1 -f "$file" || return 1
	done
}

postgres_stop() {
	[ -n "${PG_HOME:-}" ] || return 0
	postgres_as_owner "$PG_BIN/pg_ctl" -s -D "$PG_HOME/data" \
		-m immediate stop 2>/dev/null || true
	rm -rf "$PG_HOME"
	PG_HOME=
}
