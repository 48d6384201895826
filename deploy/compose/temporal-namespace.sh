#!/bin/sh
# Makes the namespace, once the server answers, and waits until every part of the server knows it: its caches follow after
# some seconds. May be repeated.
set -eu
attempt=0
until_done() {
  until "$@"; do
    attempt=$((attempt + 1))
    [ "$attempt" -lt 60 ] || exit 1
    sleep 1
  done
}
until_done temporal operator cluster health
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
until_done temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE"
