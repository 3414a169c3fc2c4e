//! The limits that are in force: `[limits]` of the settings, or these defaults.

use super::rate::Rate;

/// How much of everything is normal.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Quotes of an address; beyond, a challenge.
    pub quotes: Rate,
    /// New orders of an address that ask for no challenge.
    pub free_orders: Rate,
    /// New orders of an address at all: no more than 10 in any hour (S12).
    pub orders: Rate,
    /// Failed payments of an address; beyond, it makes no new orders (S12).
    pub failed_payments: Rate,
    /// Wrong discount codes of an address.
    pub wrong_codes: Rate,
    /// New orders of all addresses that are not paid; beyond, everybody solves a challenge.
    pub shop_orders: Rate,
    /// Failed payments of all addresses; beyond, everybody solves a challenge.
    pub shop_failed_payments: Rate,
    /// Wrong discount codes of all addresses: no more than 600 in any hour.
    pub shop_wrong_codes: Rate,
    /// Reads of one checkout's state.
    pub status_reads: Rate,
    /// Pages for a new card that one mail's link asks the provider for: no more than 10 in any hour.
    pub mends: Rate,
    /// Event streams of one checkout at the same time.
    pub streams: usize,
    /// Failed payments after which an order is not renewed.
    pub failures_per_order: u32,
    /// Leading zero bits of a challenge.
    pub easiest_challenge: u8,
    /// The same, when a shop is under attack.
    pub hardest_challenge: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            quotes: Rate::minutely(120, 60),
            free_orders: Rate::hourly(3, 3),
            orders: Rate::hourly(5, 5),
            failed_payments: Rate::hourly(5, 5),
            wrong_codes: Rate::hourly(10, 10),
            shop_orders: Rate::minutely(120, 60),
            shop_failed_payments: Rate::hourly(30, 30),
            shop_wrong_codes: Rate::hourly(300, 300),
            status_reads: Rate::minutely(60, 120),
            mends: Rate::hourly(5, 5),
            streams: 8,
            failures_per_order: 5,
            easiest_challenge: 16,
            hardest_challenge: 22,
        }
    }
}
