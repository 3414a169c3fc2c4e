#!/bin/sh
# Live reload for the widget: the demo in the background, and a playground that is built again and
# reloaded whenever a file of the widget is saved. Ctrl-C ends both.
. "$(dirname "$0")/lib.sh"

playground=http://127.0.0.1:8080

say "Starting the demo that the playground asks for prices"
# What is too heavy for a page may well be worked on.
CHECKOUT_OVER_BUDGET=allow cargo build --workspace --bin checkout-server
"$CARGO_TARGET_DIR/debug/checkout-server" demo --allow-origin "$playground" --allow-origin http://localhost:8080 &
demo=$!
trap 'kill "$demo" 2>/dev/null' EXIT
trap 'exit 130' INT TERM

say "Building the playground: open $playground"
trunk serve
