#!/bin/sh
# Runs once, at the first start of PostgreSQL: a role of its own for the ledger and for Temporal.
set -eu
psql --set=ON_ERROR_STOP=1 --username="${POSTGRES_USER:-postgres}" --dbname=postgres \
  --set=ledger_password="$CDI_LEDGER_PASSWORD" --set=temporal_password="$TEMPORAL_DB_PASSWORD" <<'SQL'
create role cdi login password :'ledger_password';
create database cdi owner cdi;
create role temporal login createdb password :'temporal_password';
SQL
