# `make` alone lists what there is. Each target installs the tools it lacks, and says so.

.DEFAULT_GOAL := help
.PHONY: help demo test build dev lint fmt bench load attack timing fuzz supply reproducible pictures widget tools sizes proof crash power faults soak guarantees

export CARGO_TARGET_DIR ?= $(CURDIR)/target

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The demo and the tests share the dev profile, with dependencies at opt-level 1: one set of compiled
# dependencies serves both, our own code builds in seconds, and the demo is quick enough to be honest.
# --workspace, because the features of shared dependencies would differ without it, and with them the
# whole set.
demo: widget ## a shop to click through, with a sandbox for payments; no account needed
	@[ -x "$(CARGO_TARGET_DIR)/debug/checkout-server" ] || echo "Building the server (the first time takes about 4 minutes on two cores)"
	@cargo build --workspace --bin checkout-server
	@$(MAKE) --no-print-directory sizes
	@exec "$(CARGO_TARGET_DIR)/debug/checkout-server" demo $(ARGS)

test: ## every test, browsers included
	@tools/install.sh widget browser fuzz receivers
	@tools/widget.sh
	@tools/test.sh

build: widget ## the executable for production, with the widget inside
	@tools/release.sh
	@$(MAKE) --no-print-directory sizes
	@ls -l "$(CARGO_TARGET_DIR)/release/checkout-server" | awk '{ printf "%-34s %10d bytes  %s\n", "executable", $$5, $$NF }'

dev: widget ## live reload: the widget in a playground, rebuilt when a file is saved
	@tools/install.sh dev
	@tools/dev.sh

lint: ## formatting, clippy for the host and for the browser, documentation
	@tools/install.sh lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	cargo clippy -p checkout-ui --target wasm32-unknown-unknown --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items

fmt: ## format the code
	@tools/install.sh lint
	cargo fmt --all

bench: widget ## a table of speeds, asserting nothing
	@cargo build --release --workspace --bin checkout-server --bin bench
	@"$(CARGO_TARGET_DIR)/release/bench"

load: widget ## what happens when too many come: slow clients, three times the capacity
	@cargo build --release --workspace --bin checkout-server --bin load
	@"$(CARGO_TARGET_DIR)/release/load"

proof: widget
	@tools/proof.sh release

crash: proof ## kill -9 at random moments, at every named step and in migrations; stops, backups; servers broken on purpose
	@for part in kills points stops migrations backup restart mutants; do "$(CARGO_TARGET_DIR)/release/crash" $$part $(ARGS) || exit 1; done

power: proof ## cut the power: images of the disk with what was not synced kept, dropped or torn
	@"$(CARGO_TARGET_DIR)/release/crash" power $(ARGS)

faults: proof ## disks that are full, read-only or sick, failed syncs, clocks that step, networks that cut
	@for part in disk clock network; do "$(CARGO_TARGET_DIR)/release/crash" $$part $(ARGS) || exit 1; done

soak: proof ## ten minutes of load: memory, descriptors and the log of the database stay flat
	@"$(CARGO_TARGET_DIR)/release/crash" soak $(ARGS)

# The figures of docs/guarantees.md are written by the runs themselves.
guarantees: ## run the whole proof, and write docs/guarantees.md from it (about an hour)
	@$(MAKE) --no-print-directory test
	@RECORD=1 $(MAKE) --no-print-directory crash power faults soak
	@RECORD=1 "$(CARGO_TARGET_DIR)/release/crash" stories "$(CARGO_TARGET_DIR)/test.log"

attack: ## an hour of card testing from up to 100,000 addresses, simulated
	@cargo build --release --workspace --bin attack
	@"$(CARGO_TARGET_DIR)/release/attack"

timing: ## whether the time of a comparison tells secrets; about a minute
	@cargo build --release -p checkout-tests --bin timing
	@"$(CARGO_TARGET_DIR)/release/timing"

# How long each target is fuzzed. Not the shell's own count of seconds, which some shells pass on.
SECONDS ?= 120

fuzz: widget ## fuzz every target for SECONDS (120) each, then our OpenAPI document
	@tools/install.sh fuzz api
	@FUZZ_SECONDS=$(SECONDS) tools/fuzz.sh
	@tools/schemathesis.sh

supply: ## what we are made of: licences, sources, advisories, bills of materials
	@tools/install.sh supply
	@tools/supply.sh

reproducible: ## build what we ship twice, in two folders, and compare the bytes (a quarter of an hour)
	@tools/install.sh widget
	@tools/reproducible.sh

pictures: tools widget ## take the pictures of docs/screenshots again
	@cargo build --workspace --bin checkout-server
	CHECKOUT_PICTURES=1 cargo test -p checkout-tests --test it -- browser::pictures browser::operator::every_page

widget: ## build the widget into dist/widget
	@tools/install.sh widget
	@tools/widget.sh

tools: ## install what the tests and the demo need
	@tools/install.sh widget browser fuzz receivers

sizes: ## how many bytes the widget costs a page, as of the last build
	@cat dist/sizes.txt
