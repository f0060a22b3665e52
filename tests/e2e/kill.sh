#!/bin/sh
# kill.sh ROUNDS [SEED [POINT]]: kill -9 under load, again and again; prints a table. BUILD names the build directory.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
build=${BUILD:-$root/build/release}
exec "$build/tests/e2e/kill_rounds" "${1:-300}" "${2:-1}" ${3:+"$3"}
