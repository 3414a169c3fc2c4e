#!/bin/sh
# Builds what the proof runs, in one profile (`dev` or `release`): the helper as merchants have it, the
# one that can be broken, the shim between a helper and the C library, and the proof itself.
. "$(dirname "$0")/lib.sh"

profile=${1:-release}
cargo build --profile "$profile" --workspace --bin checkout-server --bin crash
cargo build --profile "$profile" -p checkout-shim
# With the feature, and under a name of its own: see checkout-server/src/fault.rs.
cargo build --profile "$profile" --workspace --features checkout-server/faults --bin checkout-server-faults
