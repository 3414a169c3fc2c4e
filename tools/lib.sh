# What the scripts here share. Read it with: . "$(dirname "$0")/lib.sh"
# shellcheck shell=sh

set -eu

ROOT=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$ROOT"

# One folder for every build, so that no dependency is compiled twice.
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$ROOT/target}
export CARGO_TARGET_DIR

# Tools of an exact version that would displace another one on this machine live here.
OWN_TOOLS=$ROOT/target/tools
PATH=$OWN_TOOLS/bin:${CARGO_HOME:-$HOME/.cargo}/bin:$PATH
export PATH

# What is shipped names no folder of the machine that built it, and is the same bytes wherever it was
# built (S17). One place for the flags: the widget always has them, the executable in `make build`.
portable_flags() {
    commit=$(rustc -vV | sed -n 's/^commit-hash: //p')
    printf '%s' "--remap-path-prefix=$ROOT=/checkout --remap-path-prefix=$CARGO_TARGET_DIR=/target"
    # The name of the folder is that of the mirror that the packages came from.
    for registry in "${CARGO_HOME:-$HOME/.cargo}"/registry/src/*; do
        printf ' %s' "--remap-path-prefix=$registry=/packages"
    done
    printf ' %s' "--remap-path-prefix=$(rustc --print sysroot)/lib/rustlib/src/rust=/rustc/$commit"
}
if command -v rustc >/dev/null 2>&1; then
    CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS=$(portable_flags)
    export CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS
fi

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
note() { printf '  %s\n' "$*" >&2; }
die() {
    printf '\033[1;31m%s\033[0m\n' "$1" >&2
    shift
    for line in "$@"; do note "$line"; done
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# cargo-fuzz would mend a lock file that is behind, and say nothing. Asked before the tests too: a
# dependency that the workspace gained is no news for after a quarter of an hour.
fuzz_lock_is_current() {
    cargo tree -q --locked --manifest-path fuzz/Cargo.toml >/dev/null ||
        die "fuzz/Cargo.lock is behind." "Write it again: cargo fetch --manifest-path fuzz/Cargo.toml"
}

# timed LABEL COMMAND...: runs it and says how long it took; its exit code is kept.
timed() {
    timed_label=$1
    shift
    timed_from=$(date +%s)
    timed_code=0
    "$@" || timed_code=$?
    timed_took=$(($(date +%s) - timed_from))
    if [ "$timed_code" -eq 0 ]; then
        note "$timed_label: $timed_took s"
    else
        note "$timed_label: failed after $timed_took s"
    fi
    return "$timed_code"
}

# locked NAME: the version of a crate in Cargo.lock.
locked() {
    awk -v name="\"$1\"" '$1 == "name" && $3 == name { getline; gsub(/"/, "", $3); print $3; exit }' Cargo.lock
}

# The first of these browsers that is here, or nothing.
chromium() {
    for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome-stable google-chrome; do
        if [ -n "$name" ] && has "$name"; then
            command -v "$name"
            return
        fi
    done
}

# put FILE DESTINATION: moves it there unless the same bytes are there already, so that Cargo sees
# no change where there is none.
put() {
    if cmp -s "$1" "$2"; then rm -f "$1"; else mv -f "$1" "$2"; fi
}
