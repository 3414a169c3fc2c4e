#!/bin/sh
# Builds what we ship twice, in two folders, from nothing, and compares the bytes (S17). Takes about as
# long as two clean release builds: a quarter of an hour on two cores.
. "$(dirname "$0")/lib.sh"

has sha256sum || die "sha256sum is needed to compare."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

# Names of different lengths: what holds a folder's name differs in size as well. Both copies first: a
# file that is saved during the first build would make a difference that is none of the build's.
copies="one a-folder-with-another-name"
for copy in $copies; do
    mkdir -p "$work/$copy"
    # What is committed and what is about to be, and nothing that a build left behind.
    git ls-files -z --cached --others --exclude-standard | xargs -0 cp -P --parents -t "$work/$copy" --
    ln -s "$ROOT/node_modules" "$work/$copy/node_modules"
done
for copy in $copies; do
    (
        cd "$work/$copy"
        unset RUSTFLAGS CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUSTFLAGS
        CARGO_TARGET_DIR=$work/$copy/target
        export CARGO_TARGET_DIR
        timed "widget in $copy" tools/widget.sh
        timed "executable in $copy" tools/release.sh
    )
    (
        cd "$work/$copy"
        find dist/widget -type f ! -name .gitignore | LC_ALL=C sort
        echo target/release/checkout-server
    ) | (cd "$work/$copy" && xargs sha256sum) >"$work/$copy.sha256"
done

say "SHA-256 of what is shipped"
cat "$work/one.sha256"
if ! diff "$work/one.sha256" "$work/a-folder-with-another-name.sha256" >&2; then
    die "The two builds differ in the files above."
fi
note "both builds gave the same bytes"
