//! Making a checkout: one key, one order, one payment page that a buyer ever hears of (G3–G5).
//!
//! The key is claimed in the store before anything is sent. A session makes no payment by itself,
//! so a send whose answer was lost may be repeated, up to three times, as long as no address was
//! revealed (GUARANTEES, fact 2).

use std::time::Duration;

use checkout_types::customer::Customer;
use checkout_types::{CheckoutRequest, CheckoutStatus, Quote};
use jiff::{SignedDuration, Timestamp};

use crate::abuse::{Ticket, Visitor};
use crate::app::App;
use crate::checkout::{Order, SESSION_LIFETIME, status_at};
use crate::customer::Contact;
use crate::error::{Code, Problem};
use crate::fault::{self, Mutant, crash_point};
use crate::pricing;
use crate::quote::token::{self, Sealed, TokenError};
use crate::quote::{self, Cart};
use crate::random;
use crate::store::{Claim, StoredCheckout, StoredSession};

mod buyer;
mod destination;
mod identity;
mod session;

use identity::SignedIn;
use session::send;

/// How long a caller waits for another one with the same key (G4).
const PATIENCE: Duration = Duration::from_secs(10);
/// Sends of one order's creation, all together (G5).
pub(crate) const MOST_SENDS: u32 = 3;
/// How long a key has the same answer, whatever became of its order (G3).
const REPLAYED_FOR: SignedDuration = SignedDuration::from_hours(7 * 24);

/// A checkout that can be paid.
pub struct Made {
    /// As it is stored.
    pub checkout: StoredCheckout,
    /// Where it is paid.
    pub session: StoredSession,
    /// Whether an earlier request made it.
    pub replayed: bool,
}

/// Makes the checkout that a request asks for, or finds the one that its key has made already.
///
/// # Errors
/// The request is refused, the price has changed, whoever asks has to wait or to solve a challenge,
/// or the provider did not answer. After the latter the same request with the same key goes on where
/// this one stopped.
pub async fn order(app: &App, visitor: &Visitor, key: &str, request: CheckoutRequest) -> Result<Made, Problem> {
    let working = {
        let (app, visitor, key) = (app.clone(), visitor.clone(), key.to_owned());
        async move { claim_and_send(&app, &visitor, &key, request).await }
    };
    app.finish(working).await?
}

async fn claim_and_send(app: &App, visitor: &Visitor, key: &str, request: CheckoutRequest) -> Result<Made, Problem> {
    let key_hash = app.keys.fingerprint("POST /v1/checkouts", key.as_bytes());
    let signed_in = identity::believed(app, request.customer_token.as_deref())?;
    let fingerprint = identity::fingerprint(app, &request, signed_in.reference())?;
    let in_progress = || Problem::from(Code::IdempotencyInProgress).after(1);
    let _turn = app.flights.enter(key_hash, PATIENCE).await.ok_or_else(in_progress)?;

    let known = app.store.checkout_by_key(key_hash).await?;
    if let Some(known) = known.as_ref() {
        if known.fingerprint != fingerprint {
            return Err(Code::IdempotencyKeyReused.into());
        }
        if let Some(session) = known.session.clone().filter(|_| !fault::is(Mutant::LastAnswerWins)) {
            if is_forgotten(known, app.clock.now()) {
                return Err(Code::OrderClosed.into());
            }
            crash_point("order.replayed");
            return Ok(Made { checkout: known.clone(), session, replayed: true });
        }
    }
    match known {
        Some(known) => {
            let ticket = Ticket::of_claimed(known.buyer);
            let made = finish(app, &request, &signed_in, known).await;
            settle(app, key_hash, ticket, made).await
        }
        None => begin(app, visitor, &request, &signed_in, [key_hash, fingerprint]).await,
    }
}

/// Goes on with an order that was claimed and has no payment page yet, also after its quote, or its
/// customer's token, has expired. It costs nothing more: it was let in when it was claimed.
async fn finish(
    app: &App,
    request: &CheckoutRequest,
    signed_in: &SignedIn,
    known: StoredCheckout,
) -> Result<Made, Problem> {
    let sealed = match token::open(&app.keys.quotes, &request.quote_token, app.clock.now()) {
        Ok(sealed) => sealed,
        Err(TokenError::Expired(sealed)) => *sealed,
        Err(TokenError::Forged) => return Err(Problem::at(Code::QuoteInvalid, "/quote_token")),
    };
    let order = Wanted::read(app, request, &sealed, signed_in.reference())?;
    if let Err(problem) = agreed(app, &sealed, &order.cart).await {
        if problem.code == Code::PriceChanged {
            // Nobody has seen its payment page: the buyer agrees to the new price with a new order.
            app.store.release(&known.id).await?;
        }
        return Err(problem);
    }
    send(app, resume(app, known).await?, &order).await
}

/// Makes a new order, for whoever may have one.
async fn begin(
    app: &App,
    visitor: &Visitor,
    request: &CheckoutRequest,
    signed_in: &SignedIn,
    hashes: [[u8; 32]; 2],
) -> Result<Made, Problem> {
    app.selling.check()?;
    let reference = signed_in.fresh()?;
    let sealed = unseal(app, visitor, request).await?;
    let order = Wanted::read(app, request, &sealed, reference)?;
    check_renewed(app, request).await?;
    // Before the provider is asked for anything.
    let ticket = app.abuse.admit_order(visitor, app.clock.now())?;
    let made = async {
        let quote = agreed(app, &sealed, &order.cart).await?;
        crash_point("order.agreed");
        let claim = claim(app, visitor, hashes, &order, &quote);
        if fault::is(Mutant::KeyClaimedAfterTheCall) {
            return session::ask_then_claim(app, claim, &order).await;
        }
        let claimed = claimed(app, claim).await?;
        crash_point("order.claimed");
        send(app, claimed, &order).await
    };
    settle(app, hashes[0], ticket, made.await).await
}

/// An order that came to nothing costs nothing. While its key is claimed, it may be or become a session.
async fn settle(app: &App, key_hash: [u8; 32], ticket: Ticket, made: Result<Made, Problem>) -> Result<Made, Problem> {
    if made.is_err() && matches!(app.store.checkout_by_key(key_hash).await, Ok(None)) {
        app.abuse.give_back(ticket);
    }
    made
}

/// A key is answered with the same bytes for a week, and while its order lives; after that, an order
/// that expired unpaid is over (G3). One that was paid is always found again: with a refusal the page
/// would order anew.
fn is_forgotten(known: &StoredCheckout, now: Timestamp) -> bool {
    status_at(known.status, known.expires_at, now) == CheckoutStatus::Expired
        && now.duration_since(known.created_at) > REPLAYED_FOR
}

/// Whether a mail can reach that address.
///
/// # Errors
/// It cannot.
pub fn check_email(email: &str) -> Result<(), Problem> {
    buyer::check(&Customer { email: email.to_owned(), name: None }).map(drop)
}

/// What a request wants, after every check that needs no provider.
struct Wanted<'a> {
    cart: Cart<'a>,
    customer: Customer,
    request: &'a CheckoutRequest,
    success_url: Option<destination::Destination>,
    reference: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn read(
        app: &'a App,
        request: &'a CheckoutRequest,
        sealed: &Sealed,
        reference: Option<&'a str>,
    ) -> Result<Self, Problem> {
        let cart = quote::check(&app.catalog, &sealed.request)?;
        let Some(address) = &cart.address else {
            return Err(Problem::at(Code::CountryRequired, "/quote_token"));
        };
        if quote::needs_postal_code(&address.country) && address.postal_code.is_none() {
            return Err(Problem::at(Code::PostalCodeRequired, "/customer/postal_code"));
        }
        buyer::check_notes(&request.custom_data)?;
        Ok(Self {
            cart,
            customer: buyer::check(&request.customer)?,
            success_url: request.success_url.as_deref().map(|url| destination::check(app, url)).transpose()?,
            reference,
            request,
        })
    }
}

async fn unseal(app: &App, visitor: &Visitor, request: &CheckoutRequest) -> Result<Sealed, Problem> {
    match token::open(&app.keys.quotes, &request.quote_token, app.clock.now()) {
        Ok(sealed) => Ok(sealed),
        Err(TokenError::Forged) => Err(Problem::at(Code::QuoteInvalid, "/quote_token")),
        Err(TokenError::Expired(sealed)) => {
            let cart = quote::check(&app.catalog, &sealed.request)?;
            app.abuse.admit_quote(visitor, app.clock.now())?;
            let renewed = pricing::quote_of(app, &sealed.request, &cart).await?;
            Err(Problem::from(Code::QuoteExpired).with_quote(renewed))
        }
    }
}

/// The price that the buyer agreed to is still the price (G8).
async fn agreed(app: &App, sealed: &Sealed, cart: &Cart<'_>) -> Result<Quote, Problem> {
    let now = pricing::quote_of(app, &sealed.request, cart).await?;
    if quote::same_price(&sealed.quote, &now) {
        Ok(now)
    } else {
        Err(Problem::from(Code::PriceChanged).with_quote(now))
    }
}

/// What is paid, or about to be, is not sold again in its name (G7); nor is an order whose buyer has
/// tried card after card (S12).
async fn check_renewed(app: &App, request: &CheckoutRequest) -> Result<(), Problem> {
    let Some(renews) = &request.renews else { return Ok(()) };
    let unknown = || Problem::at(Code::UnknownCheckout, "/renews");
    let old = app.store.checkout(renews).await?.ok_or_else(unknown)?;
    if old.status.is_payable() && !app.abuse.is_spoiled(old.failures) { Ok(()) } else { Err(Code::OrderClosed.into()) }
}

fn claim(
    app: &App,
    visitor: &Visitor,
    [key_hash, fingerprint]: [[u8; 32]; 2],
    wanted: &Wanted<'_>,
    quote: &Quote,
) -> Claim {
    let now = app.clock.now();
    let renews = wanted.request.renews.clone();
    Claim {
        id: random::id("co", now),
        key_hash,
        fingerprint,
        order: Order::new(&wanted.cart, quote.total),
        customer_reference: wanted.reference.map(str::to_owned),
        contact: Contact { email: wanted.customer.email.clone(), name: wanted.customer.name.clone() },
        renews,
        buyer: visitor.caller.counted(),
        created_at: now,
        expires_at: now + SESSION_LIFETIME,
    }
}

async fn claimed(app: &App, claim: Claim) -> Result<StoredCheckout, Problem> {
    // Another helper on the same store may have been faster; its caller has the answer.
    app.store.claim(claim).await?.ok_or_else(|| Problem::from(Code::IdempotencyInProgress).after(1))
}

async fn resume(app: &App, known: StoredCheckout) -> Result<StoredCheckout, Problem> {
    if known.sends >= MOST_SENDS {
        // Nobody was ever shown a page of this order; whoever still wants it orders anew.
        tracing::error!(checkout = %known.id, "the provider's answer was lost three times");
        return Err(Code::OrderClosed.into());
    }
    app.store.count_send(&known.id).await?;
    crash_point("order.resumed");
    Ok(known)
}
