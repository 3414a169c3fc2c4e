//! What each address, each checkout and the whole shop have used of their limits (S12). Pure: the
//! time is passed in, in milliseconds since 1970, and memory is bounded.

use super::generations::Generations;
use super::limits::Limits;
use super::rate::{Meter, Rate};
use crate::keys::AddressKey;

/// Addresses that are remembered; 64 bytes each.
pub const MOST_ADDRESSES: usize = 200_000;
/// As [`super::challenge::PATIENCE`].
const PATIENCE_MILLIS: u32 = 10_000;
/// Checkouts whose readers are remembered.
const MOST_CHECKOUTS: usize = 20_000;
/// Links of mails whose presses are remembered.
const MOST_LINKS: usize = 20_000;

/// All that was used.
#[derive(Debug)]
pub struct Budgets {
    limits: Limits,
    addresses: Generations<AddressKey, Account>,
    reads: Generations<String, Meter>,
    mends: Generations<String, Meter>,
    shop: Shop,
}

/// What one address has used.
#[derive(Clone, Copy, Debug, Default)]
struct Account {
    quotes: Meter,
    free_orders: Meter,
    orders: Meter,
    failed_payments: Meter,
    wrong_codes: Meter,
    patience: Meter,
}

/// What all of them have used together. One helper is one shop: its origins share this, because an
/// `Origin` header is the robot's to write.
#[derive(Debug, Default)]
struct Shop {
    orders: Meter,
    failed_payments: Meter,
    wrong_codes: Meter,
}

/// What is asked of somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Welcome,
    /// A challenge of so many bits.
    Challenge {
        /// Leading zero bits.
        bits: u8,
        /// Which budget was exceeded.
        reason: &'static str,
    },
    /// To come back later, solved or not.
    Refused(Refusal),
}

/// A limit that no challenge lifts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Milliseconds until it can work.
    pub wait: i64,
    /// Which budget was exceeded.
    pub reason: &'static str,
}

impl Budgets {
    /// With nothing used.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            addresses: Generations::new(MOST_ADDRESSES),
            reads: Generations::new(MOST_CHECKOUTS),
            mends: Generations::new(MOST_LINKS),
            shop: Shop::default(),
        }
    }

    /// What a quote asks of an address.
    pub fn weigh_quote(&mut self, who: AddressKey, now: i64) -> Verdict {
        if self.addresses.touch(who).quotes.allows(self.limits.quotes, now) {
            Verdict::Welcome
        } else {
            Verdict::Challenge { bits: self.limits.easiest_challenge, reason: "quotes" }
        }
    }

    /// Writes a quote down.
    pub fn charge_quote(&mut self, who: AddressKey, now: i64) {
        self.addresses.touch(who).quotes.charge(self.limits.quotes, 1, now);
    }

    /// What a new order asks of an address.
    pub fn weigh_order(&mut self, who: AddressKey, now: i64) -> Verdict {
        let limits = &self.limits;
        let account = *self.addresses.touch(who);
        let locks = [
            (account.orders.wait(limits.orders, now), "orders"),
            (account.failed_payments.wait(limits.failed_payments, now), "failed_payments"),
        ];
        if let Some((wait, reason)) = locks.into_iter().filter(|(wait, _)| *wait > 0).max() {
            return Verdict::Refused(Refusal { wait, reason });
        }
        if let Some(bits) = self.alarm(now) {
            return Verdict::Challenge { bits, reason: "shop" };
        }
        let bits = limits.easiest_challenge;
        // An order asks the provider for a price as well.
        if !account.quotes.allows(limits.quotes, now) {
            return Verdict::Challenge { bits, reason: "quotes" };
        }
        if !account.free_orders.allows(limits.free_orders, now) {
            return Verdict::Challenge { bits, reason: "orders" };
        }
        Verdict::Welcome
    }

    /// The bits that everybody has to solve while the shop is under attack; the more, the further
    /// it is beyond its limits.
    #[must_use]
    pub fn alarm(&self, now: i64) -> Option<u8> {
        let Limits { shop_orders, shop_failed_payments, easiest_challenge, hardest_challenge, .. } = self.limits;
        let meters = [(self.shop.orders, shop_orders), (self.shop.failed_payments, shop_failed_payments)];
        let excess = meters.into_iter().filter(|(meter, rate)| !meter.allows(*rate, now));
        let excess = excess.map(|(meter, rate)| meter.excess(rate, now)).max()?;
        let range = i64::from(hardest_challenge.saturating_sub(easiest_challenge));
        // Rounded up: any excess at all costs a robot twice the work.
        let more = (excess * range + 999).div_euclid(1_000);
        Some(easiest_challenge.saturating_add(u8::try_from(more).unwrap_or(0)))
    }

    /// Writes a new order down. One that was not paid for with a challenge uses a free one.
    pub fn charge_order(&mut self, who: AddressKey, how: Admission, now: i64) {
        let limits = &self.limits;
        let account = self.addresses.touch(who);
        account.orders.charge(limits.orders, 1, now);
        account.quotes.charge(limits.quotes, 1, now);
        if how == Admission::Free {
            account.free_orders.charge(limits.free_orders, 1, now);
        }
        self.shop.orders.charge(limits.shop_orders, 1, now);
    }

    /// Gives the whole cost of an order back, because it was paid.
    pub fn refund_paid(&mut self, who: AddressKey) {
        self.refund_order(who, Admission::Free);
        self.addresses.touch(who).quotes.refund(self.limits.quotes);
    }

    /// Gives an order's cost back, because it came to nothing; but the provider was asked for a price.
    pub fn refund_order(&mut self, who: AddressKey, how: Admission) {
        let limits = &self.limits;
        let account = self.addresses.touch(who);
        account.orders.refund(limits.orders);
        if how == Admission::Free {
            account.free_orders.refund(limits.free_orders);
        }
        self.shop.orders.refund(limits.shop_orders);
    }

    /// Writes failed payments down: each also costs what an order costs, because trying cards is
    /// what robots come for.
    pub fn charge_failures(&mut self, who: AddressKey, failures: u32, now: i64) {
        let limits = &self.limits;
        let account = self.addresses.touch(who);
        account.orders.charge(limits.orders, failures, now);
        account.free_orders.charge(limits.free_orders, failures, now);
        account.failed_payments.charge(limits.failed_payments, failures, now);
        self.shop.failed_payments.charge(limits.shop_failed_payments, failures, now);
    }

    /// Writes a guess of a discount code down, before anybody knows whether it is wrong, so that a
    /// hundred at once are a hundred guesses.
    ///
    /// # Errors
    /// There were too many wrong ones, of this address or of all.
    pub fn charge_code(&mut self, who: AddressKey, now: i64) -> Result<(), Refusal> {
        let limits = &self.limits;
        let account = self.addresses.touch(who);
        let locks = [
            (account.wrong_codes.wait(limits.wrong_codes, now), "codes"),
            (self.shop.wrong_codes.wait(limits.shop_wrong_codes, now), "shop_codes"),
        ];
        if let Some((wait, reason)) = locks.into_iter().filter(|(wait, _)| *wait > 0).max() {
            return Err(Refusal { wait, reason });
        }
        account.wrong_codes.charge(limits.wrong_codes, 1, now);
        self.shop.wrong_codes.charge(limits.shop_wrong_codes, 1, now);
        Ok(())
    }

    /// The code was right, or nobody could say.
    pub fn refund_code(&mut self, who: AddressKey) {
        self.addresses.touch(who).wrong_codes.refund(self.limits.wrong_codes);
        self.shop.wrong_codes.refund(self.limits.shop_wrong_codes);
    }

    /// Whether an address may be let in for having waited: once in the time that it waits, however many
    /// tokens it waited with.
    pub fn charge_patience(&mut self, who: AddressKey, now: i64) -> bool {
        let rate = Rate::minutely(1, 60_000 / PATIENCE_MILLIS);
        let meter = &mut self.addresses.touch(who).patience;
        let allowed = meter.allows(rate, now);
        if allowed {
            meter.charge(rate, 1, now);
        }
        allowed
    }

    /// Writes a read of a checkout's state down.
    ///
    /// # Errors
    /// There were too many.
    pub fn charge_read(&mut self, checkout: &str, now: i64) -> Result<(), Refusal> {
        let rate = self.limits.status_reads;
        let meter = self.reads.touch(checkout.to_owned());
        match meter.wait(rate, now) {
            0 => {
                meter.charge(rate, 1, now);
                Ok(())
            }
            wait => Err(Refusal { wait, reason: "status_reads" }),
        }
    }

    /// Writes down that the link of a mail, known by its event, asks the provider for a page.
    ///
    /// # Errors
    /// It has asked for too many.
    pub fn charge_mend(&mut self, event: &str, now: i64) -> Result<(), Refusal> {
        let rate = self.limits.mends;
        let meter = self.mends.touch(event.to_owned());
        match meter.wait(rate, now) {
            0 => {
                meter.charge(rate, 1, now);
                Ok(())
            }
            wait => Err(Refusal { wait, reason: "mends" }),
        }
    }

    /// The limits.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// How many addresses are remembered.
    #[must_use]
    pub fn addresses(&self) -> usize {
        self.addresses.len()
    }
}

/// How an order was let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// As one of the free ones.
    Free,
    /// With a challenge solved.
    Solved,
}
