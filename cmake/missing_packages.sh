#!/bin/sh
# The packages of a list (one per line, '#' begins a comment) that are not installed. One counts as there, too, when another provides it:
# some builds of nodejs bring npm along.
set -eu
have=$(dpkg-query -W -f='${db:Status-Status} ${Package}, ${Provides}\n' | sed -n 's/^installed //p' | tr ',' '\n' | sed 's/(.*//; s/ //g')
for package in $(sed 's/#.*//' "$1"); do
  echo "$have" | grep -qxF -e "$package" || echo "$package"
done
