#!/bin/sh
# Lets schemathesis make up requests from our own OpenAPI document and send them to a demo: every answer
# has to be one that the document promises, and none a 5xx.
#
# With OPENAPI=FILE it takes the document from there instead of from the helper.
. "$(dirname "$0")/lib.sh"

version=4.32.5
examples=${EXAMPLES:-50}
venv=$ROOT/target/python
work=$(mktemp -d)
server=
trap 'if [ -n "$server" ]; then kill "$server" 2>/dev/null; fi; rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

if [ "$("$venv/bin/python" -c 'import schemathesis; print(schemathesis.__version__)' 2>/dev/null)" != "$version" ]; then
    say "Installing schemathesis $version (about half a minute)"
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --disable-pip-version-check "schemathesis==$version"
fi

cargo build --workspace --bin checkout-server
"$CARGO_TARGET_DIR/debug/checkout-server" demo --json --port 0 >"$work/ready" 2>"$work/log" &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    [ -s "$work/ready" ] && break
    sleep 0.5
done
ready() { sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p" "$work/ready"; }
helper=$(ready helper)
[ -n "$helper" ] || die "The demo did not start:" "$(tail -n 5 "$work/log")"

# As the shop's page: the routes of a browser. Server-to-server routes answer what the document says
# of somebody without a key.
say "schemathesis against $helper"
document=$helper/openapi.json
[ -z "${OPENAPI:-}" ] || document=$(realpath "$OPENAPI")
# It leaves notes where it runs.
cd "$work"
"$venv/bin/schemathesis" run "$document" --url "$helper" --header "Origin: $(ready shop)" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --max-examples "$examples" --workers 1 --generation-deterministic
