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

document=$helper/openapi.json
[ -z "${OPENAPI:-}" ] || document=$(realpath "$OPENAPI")
# It leaves notes where it runs.
cd "$work"
# What must be refused is refused, and what is answered is what the document promises.
checks=not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance
checks=$checks,response_schema_conformance,negative_data_rejection

total=0
failed=
as() { # as WHO HEADER...
    who=$1
    shift
    code=0
    for header in "$@"; do
        shift
        set -- "$@" --header "$header"
    done
    "$venv/bin/schemathesis" run "$document" --url "$helper" "$@" --checks "$checks" --max-examples "$examples" \
        --workers 1 --generation-deterministic --warnings off >"$work/run" 2>&1 || code=$?
    cases=$(sed -n 's/^ *\([0-9]*\) generated,.*/\1/p' "$work/run" | tail -1)
    total=$((total + ${cases:-0}))
    printf '  %-32s %8d requests\n' "$who" "${cases:-0}"
    if [ "$code" -ne 0 ]; then
        failed="$failed $who;"
        cat "$work/run" >&2
    fi
}

# Whoever calls is told what the document says of them: routes that are not theirs refuse it.
say "schemathesis against $helper"
token=$("$venv/bin/python" - "$helper" "$(ready secret_key)" <<'CODE'
import json, sys, urllib.request
helper, key = sys.argv[1:]
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
request = urllib.request.Request(f"{helper}/v1/customer-tokens", b'{"reference":"user_4711"}', headers)
print(json.load(urllib.request.urlopen(request))["token"])
CODE
)
as "the shop's page" "Origin: $(ready shop)"
as "a page with somebody signed in" "Origin: $(ready shop)" "Authorization: Bearer $token"
as "the merchant's server" "Authorization: Bearer $(ready secret_key)"
as "a buyer without any script" "Origin: $helper"
as "one address that asks too often" "Origin: $(ready shop)" "X-Forwarded-For: 203.0.113.7"
printf '  %-32s %8d requests\n' "in all" "$total"
[ -z "$failed" ] || die "Answers that the document does not promise, to:$failed"
