#!/bin/sh
# Makes Temporal's databases, or brings them to the version of this image. May be repeated.
set -eu
export SQL_PLUGIN=postgres12 SQL_HOST="$POSTGRES_SEEDS" SQL_PORT="$DB_PORT" SQL_USER="$POSTGRES_USER" SQL_PASSWORD="$POSTGRES_PWD"

bring_up() {
  database=$1 schema=$2
  temporal-sql-tool --db "$database" create
  # It fails where there is no schema yet.
  temporal-sql-tool --db "$database" update-schema --schema-name "$schema" ||
    { temporal-sql-tool --db "$database" setup-schema -v 0.0 &&
      temporal-sql-tool --db "$database" update-schema --schema-name "$schema"; }
}

bring_up temporal postgresql/v12/temporal
bring_up temporal_visibility postgresql/v12/visibility
