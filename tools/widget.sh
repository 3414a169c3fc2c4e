#!/bin/sh
# Builds the widget into dist/widget: the loader, the wasm, its glue and the locales, each as small
# as it gets. checkout-server/build.rs takes them from there, measures and embeds them.
#
# A warm run takes seconds: Cargo knows what changed, and the steps after it are skipped while the
# module that it made is the same.
. "$(dirname "$0")/lib.sh"

npm=$ROOT/node_modules/.bin
work=$CARGO_TARGET_DIR/widget
dist=$ROOT/dist/widget
mkdir -p "$work" "$dist/locales"

# As a cdylib alone: where a library for Rust is made beside it, Cargo leaves out the optimization at
# link time, and the module weighs a sixth more.
compile() {
    cargo rustc --profile wasm --target wasm32-unknown-unknown -p checkout-ui --lib --crate-type cdylib
}

shrink() {
    module=$CARGO_TARGET_DIR/wasm32-unknown-unknown/wasm/checkout_ui.wasm
    stamp=$(cat "$module" checkout-ui/js/*.js package-lock.json tools/trim.mjs "$0" | cksum; wasm-bindgen --version)
    if [ "$stamp" = "$(cat "$work/stamp" 2>/dev/null)" ] && [ -f "$dist/checkout-ui_bg.wasm" ]; then
        note "the module is the same as last time"
        return
    fi
    rm -rf "$work/out" "$work/stamp"
    wasm-bindgen --target web --no-typescript --out-dir "$work/out" --out-name checkout-ui "$module"
    if [ -d "$work/out/snippets" ]; then
        die "checkout-ui brings JavaScript of its own, or a dependency does:" "$(find "$work/out/snippets" -type f)" \
            "Only js/*.js and the glue are shipped and checked."
    fi
    cp checkout-ui/js/*.js "$work/out"
    WASM_OPT=$npm/wasm-opt ESBUILD=$npm/esbuild node tools/trim.mjs "$work/out"
    put "$work/out/checkout-ui_bg.wasm" "$dist/checkout-ui_bg.wasm"
    put "$work/out/checkout-ui.js" "$dist/checkout-ui.js"
    printf '%s\n' "$stamp" >"$work/stamp"
}

# The loader. The other scripts are in one file with the glue.
loader() {
    "$npm/esbuild" checkout-ui/js/checkout.js --minify --format=esm --target=es2022 --legal-comments=none \
        --log-level=warning --outfile="$work/checkout.js"
    put "$work/checkout.js" "$dist/checkout.js"
    rm -f "$dist/diagnosis.js" "$dist/fallback.js" # files of their own, until they were bundled
}

locales() {
    for file in checkout-ui/locales/*.json; do
        name=$(basename "$file")
        node -e 'process.stdout.write(JSON.stringify(JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"))))' \
            "$file" >"$work/$name" || die "$file is not JSON; the message above says where."
        put "$work/$name" "$dist/locales/$name"
    done
    gone "$dist/locales" json checkout-ui/locales
}

# gone FOLDER EXTENSION SOURCES: what is gone from the source is gone from the product.
gone() {
    for file in "$1"/*."$2"; do
        name=$(basename "$file")
        [ -f "$3/$name" ] || rm -f "$file"
    done
}

if [ -f "$dist/checkout-ui_bg.wasm" ]; then
    say "Building the widget"
else
    say "Building the widget (the first time takes about 2 minutes on two cores)"
fi
timed "compile to WebAssembly" compile
timed "shrink" shrink
timed "loader" loader
timed "locales" locales
