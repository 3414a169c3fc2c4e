-- What follows a payment: access, what we tell of it, and what has to be asked again.
-- Times are microseconds since 1970 in UTC; amounts are integer minor units.

-- A customer's key is `ref:` with the merchant's own reference, or `co:` with the checkout of a guest.
ALTER TABLE checkouts ADD COLUMN customer TEXT;
UPDATE checkouts SET customer = COALESCE('ref:' || customer_reference, 'co:' || id);
CREATE INDEX checkouts_by_customer ON checkouts (customer);

-- Whom mails go to. Personal data lives here, in the raw notices and in the events told to merchants.
CREATE TABLE contacts (
    checkout_id     TEXT    NOT NULL PRIMARY KEY REFERENCES checkouts (id) ON DELETE CASCADE,
    email           TEXT    NOT NULL,                       -- in its normal form; a guest's is not verified
    name            TEXT
) STRICT;
CREATE INDEX contacts_by_email ON contacts (email COLLATE NOCASE);

-- The inbox also keeps the provider's answers to our own questions: the fold of it is the projection (G16).
ALTER TABLE notices ADD COLUMN source TEXT NOT NULL DEFAULT 'webhook';  -- or 'refetch'
ALTER TABLE notices ADD COLUMN object_id TEXT;                          -- what it is about, where we can read it
ALTER TABLE notices ADD COLUMN asked_at INTEGER;                        -- when we asked, by the shop's clock
ALTER TABLE notices ADD COLUMN again_at INTEGER;                        -- observed_at of the last answer that was the same
ALTER TABLE notices ADD COLUMN again_asked_at INTEGER;                  -- asked_at of it
ALTER TABLE notices ADD COLUMN stuck TEXT;                              -- why it could not be folded; NULL where it was
CREATE INDEX notices_by_object ON notices (object_id) WHERE object_id IS NOT NULL;
CREATE INDEX notices_stuck ON notices (seq) WHERE stuck IS NOT NULL;

-- Payments know what they are for: the sale, a renewal, a change of plan or of card.
ALTER TABLE payments ADD COLUMN charge TEXT NOT NULL DEFAULT 'sale';       -- event::payment::Charge
UPDATE payments SET charge = 'other' WHERE NOT is_first;
ALTER TABLE payments DROP COLUMN is_first;
ALTER TABLE payments ADD COLUMN subscriptions TEXT NOT NULL DEFAULT '[]';   -- a JSON array of the provider's ids
ALTER TABLE payments ADD COLUMN extends INTEGER NOT NULL DEFAULT 1;         -- whether it pays for a time of service
ALTER TABLE payments ADD COLUMN named TEXT;                                 -- the order that its metadata names; checkout_id is whose it is
UPDATE payments SET named = checkout_id;
ALTER TABLE payments ADD COLUMN customer TEXT;                              -- whose it is; NULL where it is none of ours
CREATE INDEX payments_by_customer ON payments (customer) WHERE customer IS NOT NULL;

-- Which payments paid for which subscription.
CREATE TABLE subscription_payments (
    subscription_id TEXT    NOT NULL,
    payment_id      TEXT    NOT NULL,
    PRIMARY KEY (subscription_id, payment_id)
) STRICT, WITHOUT ROWID;

-- One row an object of the provider's, as event::Subscription, event::Refund, event::Dispute join it.
CREATE TABLE subscriptions (
    id              TEXT    NOT NULL PRIMARY KEY,           -- the provider's id
    checkout_id     TEXT,                                   -- by a payment in the session of that order; NULL where none of ours
    customer        TEXT,
    state           TEXT    NOT NULL,
    data            TEXT    NOT NULL,                       -- event::Subscription as JSON
    created_at      INTEGER,                                -- by the provider; lists are in this order
    changed_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX subscriptions_by_checkout ON subscriptions (checkout_id) WHERE checkout_id IS NOT NULL;
CREATE INDEX subscriptions_by_customer ON subscriptions (customer) WHERE customer IS NOT NULL;

CREATE TABLE refunds (
    id              TEXT    NOT NULL PRIMARY KEY,
    payment_id      TEXT    NOT NULL,
    data            TEXT    NOT NULL                        -- event::Refund as JSON
) STRICT;
CREATE INDEX refunds_by_payment ON refunds (payment_id);

CREATE TABLE disputes (
    id              TEXT    NOT NULL PRIMARY KEY,
    payment_id      TEXT    NOT NULL,
    data            TEXT    NOT NULL                        -- event::Dispute as JSON
) STRICT;
CREATE INDEX disputes_by_payment ON disputes (payment_id);

-- Whether the provider still tries to collect a failed renewal.
CREATE TABLE dunnings (
    subscription_id TEXT    NOT NULL PRIMARY KEY,
    data            TEXT    NOT NULL                        -- event::Dunning as JSON
) STRICT;

-- The projection that readers see: one row a customer.
CREATE TABLE customers (
    customer        TEXT    NOT NULL PRIMARY KEY,           -- ref:… or co:…
    version         INTEGER NOT NULL,                       -- grows with each change of what may be used
    standing        TEXT    NOT NULL,                       -- standing::Standing as JSON
    next_change_at  INTEGER,                                -- when time alone changes something
    changed_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX customers_by_next_change ON customers (next_change_at) WHERE next_change_at IS NOT NULL;

-- Given or blocked by a person, with who and why. Never deleted, only lifted.
CREATE TABLE access_by_hand (
    id              TEXT    NOT NULL PRIMARY KEY,           -- hand_…
    customer        TEXT    NOT NULL,
    entitlement     TEXT    NOT NULL,
    given           INTEGER NOT NULL,                       -- 0: blocked
    until           INTEGER,
    limits          TEXT    NOT NULL,                       -- JSON
    who             TEXT    NOT NULL,
    why             TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    lifted_at       INTEGER,
    lifted_by       TEXT,
    lifted_why      TEXT
) STRICT;
CREATE INDEX access_by_hand_by_customer ON access_by_hand (customer);

-- A guest's purchases that the merchant's server gave to a reference, because its e-mail was verified there.
CREATE TABLE claims (
    checkout_id     TEXT    NOT NULL PRIMARY KEY REFERENCES checkouts (id),
    reference       TEXT    NOT NULL,
    created_at      INTEGER NOT NULL
) STRICT;

-- What happened, in our words: told to merchants' endpoints, and by mail. Once for each cause (G14).
CREATE TABLE events (
    seq             INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,                -- evt_…
    kind            TEXT    NOT NULL,                       -- announcement::Kind
    customer        TEXT    NOT NULL,
    object_id       TEXT    NOT NULL,
    cause           TEXT    NOT NULL,
    created_at      INTEGER NOT NULL,
    data            TEXT    NOT NULL,                       -- JSON: the object and the customer's whole access
    UNIQUE (kind, object_id, cause)
) STRICT;
CREATE INDEX events_by_customer ON events (customer, seq);

-- The outbox: one row for each message, written in the transaction of its event (G22).
CREATE TABLE messages (
    seq             INTEGER PRIMARY KEY,
    id              TEXT    NOT NULL UNIQUE,                -- msg_…; the same on every try
    event_id        TEXT    NOT NULL REFERENCES events (id),
    channel         TEXT    NOT NULL,                       -- 'webhook' or 'email'
    target          TEXT    NOT NULL,                       -- the endpoint's id, or the mail's template
    customer        TEXT    NOT NULL,
    sequence        INTEGER,                                -- gap-free for each endpoint and customer; NULL for mails
    state           TEXT    NOT NULL DEFAULT 'queued',      -- queued, leased, delivered, parked, dead, canceled
    attempts        INTEGER NOT NULL DEFAULT 0,
    due_at          INTEGER NOT NULL,                       -- when to look at it; store::IN_LINE while others come first
    leased_until    INTEGER,
    status_code     INTEGER,                                -- of the last try
    error           TEXT,                                   -- of the last try; never a body
    created_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    UNIQUE (channel, target, event_id)
) STRICT;
CREATE INDEX messages_waiting ON messages (target, due_at) WHERE channel = 'webhook' AND state IN ('queued', 'leased');
CREATE INDEX mails_waiting ON messages (due_at) WHERE channel = 'email' AND state IN ('queued', 'leased');
-- The head of each line: what an endpoint has to get first for a customer (G23).
CREATE INDEX messages_in_line ON messages (target, customer, seq)
    WHERE channel = 'webhook' AND state IN ('queued', 'leased');
CREATE INDEX messages_by_state ON messages (state, seq);
CREATE INDEX messages_by_event ON messages (event_id);
CREATE INDEX messages_by_customer ON messages (customer, seq);

-- The last sequence of each line.
CREATE TABLE lines (
    target          TEXT    NOT NULL,
    customer        TEXT    NOT NULL,
    last            INTEGER NOT NULL,
    PRIMARY KEY (target, customer)
) STRICT, WITHOUT ROWID;

-- How the merchant's endpoints fare: enabled, failing, disabled (GUARANTEES, state machine 7).
CREATE TABLE endpoints (
    id              TEXT    NOT NULL PRIMARY KEY,           -- its name in the settings
    state           TEXT    NOT NULL DEFAULT 'enabled',
    failures        INTEGER NOT NULL DEFAULT 0,             -- in a row
    failing_since   INTEGER,
    changed_at      INTEGER NOT NULL
) STRICT;

-- Objects that the provider has to be asked about, once each (GUARANTEES, 0 Common rules).
CREATE TABLE refetches (
    object_id       TEXT    NOT NULL PRIMARY KEY,
    kind            TEXT    NOT NULL,                       -- 'payment', 'subscription', 'refund', 'dispute'
    reason          TEXT    NOT NULL,
    due_at          INTEGER NOT NULL,
    attempts        INTEGER NOT NULL DEFAULT 0,
    asked_at        INTEGER
) STRICT;
CREATE INDEX refetches_due ON refetches (due_at);

-- Calls that move money: sent at most once, then looked up (G6).
CREATE TABLE intents (
    id              TEXT    NOT NULL PRIMARY KEY,           -- int_…; travels in the provider's metadata
    kind            TEXT    NOT NULL,                       -- 'refund'
    object_id       TEXT    NOT NULL,                       -- the payment
    key_hash        BLOB    NOT NULL UNIQUE,
    fingerprint     BLOB    NOT NULL,
    request         TEXT    NOT NULL,                       -- JSON
    state           TEXT    NOT NULL,                       -- planned, sent, done, rejected, unknown, needs_review
    attempts        INTEGER NOT NULL DEFAULT 0,             -- of looking it up
    due_at          INTEGER,
    result          TEXT,                                   -- JSON
    created_at      INTEGER NOT NULL,
    changed_at      INTEGER NOT NULL
) STRICT;
CREATE INDEX intents_due ON intents (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX intents_by_object ON intents (object_id);

-- Small facts about the store itself, such as the catalog's version and the last sweep.
CREATE TABLE facts (
    name            TEXT    NOT NULL PRIMARY KEY,
    value           TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

-- Lists, newest first: one index for each filter, ending in what the list is ordered by.
CREATE INDEX checkouts_by_status ON checkouts (status, id);
CREATE INDEX checkouts_paid_twice ON checkouts (id) WHERE paid_twice = 1;
CREATE INDEX intents_to_review ON intents (id) WHERE state = 'needs_review';
CREATE INDEX payments_by_time ON payments (COALESCE(created_at, 0), id);
CREATE INDEX payments_by_state ON payments (state, COALESCE(created_at, 0), id);
CREATE INDEX subscriptions_by_time ON subscriptions (COALESCE(created_at, 0), id);
CREATE INDEX subscriptions_by_state ON subscriptions (state, COALESCE(created_at, 0), id);
CREATE INDEX events_by_time ON events (created_at);
CREATE INDEX events_by_kind ON events (kind, seq);
CREATE INDEX messages_by_target ON messages (target, seq);
