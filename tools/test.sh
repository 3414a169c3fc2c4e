#!/bin/sh
# Runs every test, in the order in which a mistake shows soonest, and says what each stage took.
# The tools and the widget are there already: `make test` brings them first.
. "$(dirname "$0")/lib.sh"

: "${CHROMEDRIVER:=$(command -v chromedriver)}"
export CHROMEDRIVER

# Unit, property, HTTP, store and browser tests, in the profile that `make demo` runs as well.
# The executable first: stories about commands start it, and `cargo test` alone does not make it.
# What passed is read from the log by `make guarantees`.
host() {
    log=$CARGO_TARGET_DIR/test.log
    cargo build --workspace --bin checkout-server || return
    { cargo test --workspace --no-fail-fast && echo passed >"$log.end" || echo failed >"$log.end"; } 2>&1 | tee "$log"
    [ "$(cat "$log.end")" = passed ]
}

# The widget's own tests, compiled to WebAssembly, in Chromium. What it starts with is written in
# checkout-ui/webdriver.json.
wasm() {
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner \
        cargo test -p checkout-ui --target wasm32-unknown-unknown
}

# A share of each run of the proof: what `make crash`, `make power`, `make faults` and `make soak` do at length.
# Each says its seed, its counts and what failed.
share() {
    tools/proof.sh dev || return
    while read -r part; do
        # shellcheck disable=SC2086
        timed "crash $part" "$CARGO_TARGET_DIR/debug/crash" $part </dev/null || return
    done <<'EOF'
kills --count 60
points --count 1
stops --count 10
network --seconds 5
power --count 60
disk --count 20
clock --count 4
backup --count 5
migrations --count 4
soak --seconds 15
mutants --count 2
EOF
}

# A few seconds a target, from the seeds and from what earlier runs found.
fuzz() { FUZZ_SECONDS=${FUZZ_SECONDS:-4} tools/fuzz.sh; }

fuzz_lock_is_current
say "Tests of the types, the server, the widget's logic and the browser stories"
timed "cargo test" host
if ls checkout-ui/tests/*.rs >/dev/null 2>&1; then
    say "Tests of the widget's views, in Chromium"
    timed "wasm tests" wasm
fi
say "A share of the proof under faults: kills, power cuts, sick disks, broken servers"
timed "proof" share
say "Fuzz targets, a few seconds each"
timed "fuzz" fuzz
