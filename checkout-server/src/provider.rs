//! What the helper needs of a payment provider, in the helper's own words.
//!
//! To add a provider: implement [`Provider`] in `provider/<name>.rs`, keep its JSON shapes in
//! `provider/<name>/wire.rs`, and turn its webhooks into [`crate::event::Notice`]s. Nothing about
//! authenticity, amount or identity has a default here.

use std::collections::BTreeMap;
use std::pin::Pin;

use checkout_types::customer::Customer;

use crate::error::{Code, Problem};
use crate::event::Notice;
use crate::quote::Cart;
use crate::quote::preview::Preview;

mod breaker;
pub mod dodo;
mod guard;
pub mod objects;
pub mod skew;

pub use guard::Guard;
pub use objects::{Kind, Listing, NewRefund, Observed, Page};

/// A future of a provider's answer.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderError>> + Send + 'a>>;

/// A payment provider.
pub trait Provider: Send + Sync + 'static {
    /// What the cart would cost. Changes nothing at the provider.
    fn preview<'a>(&'a self, cart: &'a Cart<'a>) -> Answer<'a, Preview>;

    /// Makes a payment page for the cart. Never sent twice by itself: the caller knows whether
    /// that is safe.
    fn create_session<'a>(&'a self, session: &'a NewSession<'a>) -> Answer<'a, Session>;

    /// An object as it is now. What the provider does not have is [`Code::NotFound`].
    fn object<'a>(&'a self, kind: Kind, id: &'a str) -> Answer<'a, Observed>;

    /// One page of a list of objects, to compare with what we know. Changes nothing.
    fn page<'a>(&'a self, listing: &'a Listing) -> Answer<'a, Page>;

    /// Gives money back. Moves money, so it is never sent twice: after [`ProviderError::Unknown`] the
    /// refund is looked for with [`Provider::find_refund`] (G6).
    fn refund_payment<'a>(&'a self, refund: &'a NewRefund<'a>) -> Answer<'a, Observed>;

    /// The refund that an intent of ours has made, if the provider has one.
    fn find_refund<'a>(&'a self, refund: &'a NewRefund<'a>) -> Answer<'a, Option<Observed>>;

    /// The address of a fresh page of the provider's where a subscriber gives another means of payment,
    /// and comes back to `return_url`. Made anew on each call; nothing is charged by making it.
    fn new_payment_method<'a>(&'a self, subscription: &'a str, return_url: &'a str) -> Answer<'a, String>;

    /// Reads a webhook's body, which has been verified. Takes whatever it is.
    fn read_notice(&self, body: &[u8]) -> Option<Notice>;

    /// Where the payment page lives, such as `https://checkout.dodopayments.com`: what a page's
    /// CSP has to let in.
    fn checkout_origin(&self) -> &str;
}

/// What a payment page is made from.
pub struct NewSession<'a> {
    /// Our id, which comes back with every payment.
    pub checkout: &'a str,
    /// What is bought.
    pub cart: &'a Cart<'a>,
    /// Who buys.
    pub customer: &'a Customer,
    /// Where the provider sends the buyer afterwards.
    pub return_url: &'a str,
    /// Where it sends a buyer who gave up.
    pub cancel_url: &'a str,
    /// Whom the merchant's own server said the buyer is.
    pub customer_reference: Option<&'a str>,
    /// The page's own notes.
    pub custom_data: &'a BTreeMap<String, String>,
}

/// A payment page.
#[derive(Clone, Debug)]
pub struct Session {
    /// The provider's id of it.
    pub id: String,
    /// Where the buyer pays.
    pub url: String,
}

/// Why the provider gave no answer that we can use.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It refused, for good: the reason is in `code`, ours; its own is in `said`.
    #[error("the provider refused: {said}")]
    Rejected {
        /// In our words.
        code: Code,
        /// In its words; for the log only.
        said: String,
    },
    /// It did not get the request, or said so itself (429, 5xx before doing anything).
    #[error("the provider cannot be reached: {0}")]
    Unavailable(String),
    /// The request may have been carried out; its answer did not arrive or could not be read.
    #[error("the provider's answer is unknown: {0}")]
    Unknown(String),
}

impl From<ProviderError> for Problem {
    fn from(error: ProviderError) -> Self {
        match error {
            ProviderError::Rejected { code, .. } => code.into(),
            ProviderError::Unavailable(_) => Self::from(Code::ProviderUnavailable).after(2),
            ProviderError::Unknown(_) => Self::from(Code::ProviderUnknown).after(1),
        }
    }
}
