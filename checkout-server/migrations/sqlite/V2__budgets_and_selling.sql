-- Whose budgets an order counts for, and how many of its payments failed, so that a restart hands
-- out no new budgets (S12).
ALTER TABLE checkouts ADD COLUMN buyer_key BLOB;                        -- keyed hash of an address; NULL for exempt callers
ALTER TABLE checkouts ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;   -- failed payments, as folded

-- The kill switch: one row, none until somebody has used it.
CREATE TABLE selling (
    id              INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    on_sale         INTEGER NOT NULL,
    reason          TEXT,
    changed_at      INTEGER NOT NULL
) STRICT;
