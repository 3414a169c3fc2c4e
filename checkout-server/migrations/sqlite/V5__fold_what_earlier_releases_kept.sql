-- Releases before V4 kept notices and folded payments alone. What they kept is folded anew at the next
-- start, before anybody is served (store/earlier.rs): whoever bought then has access now.
UPDATE notices SET stuck = 'kept by an earlier release'
    WHERE source = 'webhook' AND object_id IS NULL AND json_valid(CAST(body AS TEXT));
-- Payments of then do not know their subscription: they are made from their notices alone.
UPDATE notices SET stuck = 'kept by an earlier release'
    WHERE object_id IN (
        SELECT json_extract(CAST(body AS TEXT), '$.data.payment_id') FROM notices WHERE stuck = 'kept by an earlier release');
DELETE FROM payments
    WHERE id IN (
        SELECT json_extract(CAST(body AS TEXT), '$.data.payment_id') FROM notices WHERE stuck = 'kept by an earlier release');
