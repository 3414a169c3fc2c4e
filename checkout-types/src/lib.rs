//! What crosses the wire between a page, the widget, the helper and a merchant's backend.
//!
//! One module per noun. These types are plain data: what they mean, and whether they are
//! allowed, is decided by the helper. Money is integer minor units with its currency; times are
//! RFC 3339 in UTC, as text (the widget formats them with the browser's own `Intl`).

pub mod cart;
pub mod catalog;
pub mod checkout;
pub mod customer;
pub mod delivery;
pub mod entitlement;
pub mod event;
pub mod listing;
pub mod money;
pub mod payment;
pub mod problem;
pub mod refund;
pub mod subscription;

pub use cart::{CartLine, Quote, QuoteRequest};
pub use catalog::Catalog;
pub use checkout::{Checkout, CheckoutRequest, CheckoutStatus};
pub use customer::{Address, Customer};
pub use entitlement::{Entitlement, Entitlements};
pub use money::{Currency, Money};
pub use problem::Problem;
