#!/bin/sh
# The npm packages of a folder, exactly as its package-lock.json names them. Nothing is asked of the network while they are there.
set -eu
cd "$1"
have=node_modules/.of-this-lockfile
cmp -s package-lock.json "$have" && exit 0
npm ci --loglevel=error >&2
cp package-lock.json "$have"
