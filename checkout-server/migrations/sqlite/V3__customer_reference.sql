-- Whom the merchant's own server said the buyer is (a customer token), where it said so.
ALTER TABLE checkouts ADD COLUMN customer_reference TEXT;
