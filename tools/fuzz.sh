#!/bin/sh
# Fuzzes every target for FUZZ_SECONDS each, and prints the executions of each and their sum. What
# crashes is kept in fuzz/artifacts and fails the run; it then becomes a unit test.
#
# Coverage guides it, and debug assertions and overflow checks are on. No sanitizer: they look for
# errors of memory, our code forbids `unsafe`, and they need a compiler that is not released yet. For
# the same reason the flags that cargo-fuzz passes have to be let through.
. "$(dirname "$0")/lib.sh"

seconds=${FUZZ_SECONDS:-120}
build=$CARGO_TARGET_DIR/fuzz
export RUSTC_BOOTSTRAP=1
export CARGO_TARGET_DIR=$build

targets=$(sed -n 's/^name = "\(.*\)"$/\1/p' fuzz/Cargo.toml | tail -n +2)

fuzz_lock_is_current
say "Building the fuzz targets (the first time takes about 4 minutes on two cores)"
timed "fuzz targets" cargo fuzz build -s none >&2

sum=0
failed=
for target in $targets; do
    mkdir -p "$build/corpus/$target" "$ROOT/fuzz/artifacts/$target"
    set -- "$build/corpus/$target"
    [ ! -d "fuzz/seeds/$target" ] || set -- "$@" "fuzz/seeds/$target"
    [ "$target" != provider_answers ] || set -- "$@" tests/fixtures/dodo
    log=$build/$target.log
    code=0
    cargo fuzz run -s none "$target" "$@" -- -max_total_time="$seconds" -print_final_stats=1 -timeout=10 -max_len=8192 \
        -dict=fuzz/words.dict >"$log" 2>&1 || code=$?
    executions=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
    sum=$((sum + ${executions:-0}))
    printf '  %-20s %12d executions\n' "$target" "${executions:-0}"
    if [ "$code" -ne 0 ]; then
        failed="$failed $target"
        tail -n 40 "$log" >&2
    fi
done
printf '  %-20s %12d executions\n' "in all" "$sum"
[ -z "$failed" ] || die "Found something in:$failed" "The inputs are in fuzz/artifacts. Run one again with:" \
    "RUSTC_BOOTSTRAP=1 cargo fuzz run -s none TARGET FILE"
