#!/bin/sh
# Brings the tools that a target of the Makefile needs, and only those that are missing.
#
#   tools/install.sh widget            what builds the widget
#   tools/install.sh widget browser    and what the browser tests need
#   tools/install.sh lint              rustfmt and clippy
#   tools/install.sh dev               trunk, for live reload
#   tools/install.sh fuzz              cargo-fuzz, and the C++ compiler that its engine needs
#   tools/install.sh supply            cargo-deny
#   tools/install.sh receivers         what the receivers of docs/receivers verify with
#   tools/install.sh api               Python, for the run against our OpenAPI document
#
# It needs Rust (rustup), Node and make. Debian packages are installed as root or through sudo.
. "$(dirname "$0")/lib.sh"

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif has sudo; then
        sudo "$@"
    else
        die "This needs root, and sudo is not here. Please run as root:" "$*"
    fi
}

updated=
debian() {
    has apt-get || die "Please install with your system's package manager: $*" "(only Debian's apt-get is automated)"
    if [ -z "$updated" ]; then
        as_root apt-get -qq update >&2
        updated=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null
}

bring_rust() {
    has cargo || die "Rust is not here." "Install it from https://rustup.rs and run this again."
    # rust-toolchain.toml names the version; rustup may be told not to fetch it by itself.
    if has rustup && ! rustc --version >/dev/null 2>&1; then
        say "Installing the Rust toolchain of rust-toolchain.toml (about a minute)"
        rustup toolchain install >&2
    fi
    if ! has cc; then
        say "Installing a C compiler: SQLite is compiled from source (about 20 seconds)"
        debian gcc libc6-dev
    fi
}

component() { # component COMMAND NAME
    if ! "$1" --version >/dev/null 2>&1; then
        say "Installing $2 (a few seconds)"
        rustup component add "$2" >&2
    fi
}

bring_wasm_target() {
    [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ] && return
    has rustup || die "Rust cannot build for WebAssembly yet, and rustup is not here to add it." \
        "Add the target wasm32-unknown-unknown to your Rust, then run this again."
    say "Adding Rust's WebAssembly target (a few seconds)"
    rustup target add wasm32-unknown-unknown >&2
}

# The command and the library must be the same version to the last digit. Without --locked, because
# the lock file that comes with this release names a version that was withdrawn.
bring_wasm_bindgen() {
    wanted=$(locked wasm-bindgen)
    if [ "$(wasm-bindgen --version 2>/dev/null)" = "wasm-bindgen $wanted" ] && has wasm-bindgen-test-runner; then
        return
    fi
    say "Installing wasm-bindgen $wanted (about 3 minutes on two cores, once)"
    if has wasm-bindgen; then
        note "another version is on this machine and stays: this one goes to target/tools"
        set -- --root "$OWN_TOOLS"
    else
        set --
    fi
    # A folder of its own to build in, or these dependencies would mix with ours.
    timed wasm-bindgen env -u CARGO_TARGET_DIR cargo install -q "wasm-bindgen-cli@$wanted" "$@"
}

bring_npm_packages() {
    has npm || die "Node is not here." "Install Node 20 or newer, with npm, and run this again."
    stamp=node_modules/.checkout-lock
    if cmp -s package-lock.json "$stamp"; then return; fi
    say "Installing wasm-opt, esbuild and what the tests need from npm (a few seconds)"
    # No script of a package runs here; these need none.
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    cp package-lock.json "$stamp"
}

bring_browser() {
    if [ -n "$(chromium)" ] && has chromedriver; then return; fi
    say "Installing Chromium and its driver for the browser tests (about 30 seconds)"
    timed Chromium debian chromium chromium-driver fonts-liberation
}

bring_trunk() {
    if has trunk; then return; fi
    say "Installing trunk for live reload (about 6 minutes on two cores, once)"
    timed trunk env -u CARGO_TARGET_DIR cargo install -q trunk@0.21.14 --locked
}

# Without --locked: lock files of releases name versions that a registry may not have any more.
bring_cargo_tool() { # bring_cargo_tool NAME VERSION MINUTES
    if has "$1"; then return; fi
    say "Installing $1 $2 (about $3 minutes on two cores, once)"
    timed "$1" env -u CARGO_TARGET_DIR cargo install -q "$1@$2"
}

bring_cxx() {
    if has c++; then return; fi
    say "Installing a C++ compiler: the engine of cargo-fuzz is compiled from source (about 20 seconds)"
    debian g++
}

bring_python() {
    if has python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; then return; fi
    say "Installing Python (about 20 seconds)"
    debian python3 python3-venv
}

# In a folder of its own: nothing of this machine's Python changes.
bring_receivers() {
    version=1.1.0 folder=target/receivers
    if [ "$("$folder/bin/python" -c 'from importlib.metadata import version; print(version("standardwebhooks"))' 2>/dev/null)" = "$version" ]; then
        return
    fi
    say "Installing standardwebhooks $version for Python (a few seconds)"
    python3 -m venv "$folder"
    "$folder/bin/pip" install -q --disable-pip-version-check "standardwebhooks==$version"
}

bring_rust
for group in "$@"; do
    case $group in
        widget)
            bring_wasm_target
            bring_wasm_bindgen
            bring_npm_packages
            ;;
        browser) bring_browser ;;
        lint)
            bring_wasm_target
            component rustfmt rustfmt
            component cargo-clippy clippy
            ;;
        dev) bring_trunk ;;
        fuzz)
            bring_cxx
            bring_cargo_tool cargo-fuzz 0.13.2 1
            ;;
        supply) bring_cargo_tool cargo-deny 0.20.2 4 ;;
        api) bring_python ;;
        receivers)
            bring_npm_packages
            bring_python
            bring_receivers
            ;;
        *) die "There is no group of tools called $group." "Known: widget, browser, lint, dev, fuzz, supply, api, receivers." ;;
    esac
done
