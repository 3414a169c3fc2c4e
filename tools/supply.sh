#!/bin/sh
# What we are made of: licences, sources and bans by cargo-deny (deny.toml has the reasons), and a bill
# of materials of each product in target/sbom. Counts, licences and `forbid(unsafe_code)` are tests as
# well and run with `make test`.
#
# The advisory database is a Git repository elsewhere: where it cannot be reached, this says so and
# goes on; everything else has to hold.
. "$(dirname "$0")/lib.sh"

say "Licences, sources and bans"
cargo deny --locked --log-level error check --hide-inclusion-graph --allow duplicate licenses bans sources

say "Advisories"
if cargo deny fetch db >/dev/null 2>&1; then
    cargo deny --locked --log-level error check --hide-inclusion-graph advisories
else
    note "not checked: the advisory database cannot be reached from here"
fi

say "Bills of materials"
cargo run -q -p checkout-tests --bin sbom -- target/sbom
