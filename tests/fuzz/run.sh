#!/bin/sh
# Every fuzz target for some seconds under libFuzzer, ASan and UBSan. Prints a table; fails when one crashed.
#   tests/fuzz/run.sh BUILD_FOLDER SECONDS
# New inputs stay in BUILD_FOLDER/found; only what a person chose is in tests/fuzz/corpus.
set -u
[ $# -eq 2 ] || { echo "usage: tests/fuzz/run.sh BUILD_FOLDER SECONDS" >&2; exit 2; }
cd "$(dirname "$0")/../.." || exit 2
build=$1 seconds=$2
targets=$(cd tests/fuzz && ls ./*_fuzz.cpp | sed 's|^\./||; s|\.cpp$||')
cmake --preset fuzz -B "$build" -Wno-dev >/dev/null || exit 1
# shellcheck disable=SC2086
cmake --build "$build" -j "${JOBS:-$(nproc)}" --target $targets || exit 1

mkdir -p "$build/found"
table="$build/found/table" failed=0
printf 'target\texecutions\tper second\tcrashes\n' >"$table"
for target in $targets; do
  mkdir -p "$build/found/$target"
  log="$build/found/$target.log"
  if "$build/tests/fuzz/$target" -max_total_time="$seconds" -max_len=4096 -rss_limit_mb=4096 -timeout=20 -print_final_stats=1 \
      -artifact_prefix="$build/found/$target-" "$build/found/$target" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    crashes=0
  else
    crashes=1 failed=1
  fi
  executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
  rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")
  printf '%s\t%s\t%s\t%s\n' "$target" "${executions:-0}" "${rate:-0}" "$crashes" >>"$table"
  # A target that ran nothing proves nothing.
  [ "${executions:-0}" -gt 0 ] || failed=1
  [ "$crashes" = 0 ] || tail -40 "$log"
done
column -t -s "$(printf '\t')" "$table"
exit $failed
