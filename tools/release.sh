#!/bin/sh
# Builds the executable for production, with the widget of dist/widget inside: the same bytes wherever
# it is built.
. "$(dirname "$0")/lib.sh"

RUSTFLAGS=$(portable_flags)
# SQLite and ring are compiled by a C compiler.
CFLAGS="${CFLAGS:-} -ffile-prefix-map=$CARGO_TARGET_DIR=/target -ffile-prefix-map=${CARGO_HOME:-$HOME/.cargo}=/cargo"
export RUSTFLAGS CFLAGS
cargo build --release --locked -p checkout-server
