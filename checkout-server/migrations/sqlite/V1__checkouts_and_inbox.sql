-- Times are microseconds since 1970 in UTC; amounts are integer minor units.

-- One row an order. It is written before anything is sent to the provider, so that a crash at any
-- moment leaves a claimed key behind and never a second session that a buyer knows of (G3–G5).
CREATE TABLE checkouts (
    id              TEXT    NOT NULL PRIMARY KEY,           -- co_…
    key_hash        BLOB    NOT NULL UNIQUE,                -- keyed hash of the Idempotency-Key
    fingerprint     BLOB    NOT NULL,                       -- keyed hash of the request's body
    sends           INTEGER NOT NULL,                       -- how often the session's creation was sent
    order_json      TEXT    NOT NULL,                       -- what was ordered, as checkout::Order
    renews          TEXT    REFERENCES checkouts (id),      -- the expired one that this replaces
    session_id      TEXT    UNIQUE,                         -- the provider's session, once we know it
    url             TEXT,                                   -- where it is paid
    created_at      INTEGER NOT NULL,
    expires_at      INTEGER NOT NULL,
    -- The fold of its payments; see checkout::outcome.
    status          TEXT    NOT NULL DEFAULT 'open',
    payment_id      TEXT,
    error_code      TEXT,
    paid_twice      INTEGER NOT NULL DEFAULT 0,
    changed_at      INTEGER NOT NULL
) STRICT;

CREATE INDEX checkouts_by_change ON checkouts (changed_at);

-- Every signed delivery, raw, before anybody interprets it. A repeat has the same id and body; the
-- same id with another body is a new observation, because the provider sends the newest state.
CREATE TABLE notices (
    seq             INTEGER PRIMARY KEY,
    provider        TEXT    NOT NULL,
    webhook_id      TEXT    NOT NULL,
    body_sha256     BLOB    NOT NULL,
    kind            TEXT,                                   -- NULL where the body is not what we know
    observed_at     INTEGER NOT NULL,                       -- when it was signed
    received_at     INTEGER NOT NULL,
    body            BLOB    NOT NULL,
    UNIQUE (provider, webhook_id, body_sha256)
) STRICT;

-- One row a payment: its newest observation. "Paid" is sticky, see event::Payment::join.
CREATE TABLE payments (
    id              TEXT    NOT NULL PRIMARY KEY,           -- the provider's id
    checkout_id     TEXT    REFERENCES checkouts (id),      -- NULL where it is none of ours
    session_id      TEXT,
    state           TEXT    NOT NULL,
    amount          INTEGER,
    currency        TEXT,
    products        TEXT    NOT NULL,                       -- a JSON array of the provider's ids
    is_first        INTEGER NOT NULL,
    error_code      TEXT,
    created_at      INTEGER,
    updated_at      INTEGER,
    version_changed INTEGER NOT NULL,
    version_event   INTEGER NOT NULL,
    version_rank    INTEGER NOT NULL
) STRICT;

CREATE INDEX payments_by_checkout ON payments (checkout_id);
