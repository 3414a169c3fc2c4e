//! What a cart costs now: the catalog says what may be bought, the provider what it charges.

use checkout_types::{Quote, QuoteRequest};

use crate::abuse::Visitor;
use crate::app::App;
use crate::error::{Code, Problem};
use crate::quote::{self, Cart, token};
use crate::random;

/// Quotes a cart that a browser asks for.
///
/// # Errors
/// The cart is not allowed, the provider gives no price, nothing is sold at the moment, or whoever
/// asks has to wait or to solve a challenge.
pub async fn quote(app: &App, visitor: &Visitor, request: &QuoteRequest) -> Result<Quote, Problem> {
    app.selling.check()?;
    if request.discount_code.is_none() {
        return quote_admitted(app, visitor, request).await;
    }
    let guess = app.abuse.admit_code(visitor, app.clock.now())?;
    let guessing = {
        let (app, visitor, request) = (app.clone(), visitor.clone(), request.clone());
        async move {
            let quoted = quote_admitted(&app, &visitor, &request).await;
            let is_wrong = matches!(&quoted, Err(problem) if problem.code == Code::DiscountInvalid);
            if !is_wrong {
                app.abuse.forgive(guess);
            }
            quoted
        }
    };
    // Also for a buyer who goes away meanwhile: a right code is no guess.
    app.finish(guessing).await?
}

async fn quote_admitted(app: &App, visitor: &Visitor, request: &QuoteRequest) -> Result<Quote, Problem> {
    let cart = quote::check(&app.catalog, request)?;
    app.abuse.admit_quote(visitor, app.clock.now())?;
    quote_of(app, request, &cart).await
}

/// Quotes a cart that has been checked.
///
/// # Errors
/// The provider gives no price, or one that does not add up.
pub async fn quote_of(app: &App, request: &QuoteRequest, cart: &Cart<'_>) -> Result<Quote, Problem> {
    let preview = app.provider.preview(cart).await.inspect_err(|error| tracing::warn!(%error, "no price preview"))?;
    let now = app.clock.now();
    let quote = quote::assemble(cart, &preview, random::id("qt", now), now).map_err(|error| {
        tracing::error!(%error, "a quote was not given");
        Problem::from(Code::ProviderUnavailable).after(5)
    })?;
    warn_of_drift(cart, &quote);
    Ok(token::seal(&app.keys.quotes, request, quote))
}

/// The provider charges its own prices, so those are quoted; where the catalog says otherwise, the
/// merchant should know before a buyer asks.
fn warn_of_drift(cart: &Cart<'_>, quote: &Quote) {
    for (line, quoted) in cart.lines.iter().zip(&quote.lines) {
        let catalog = line.price.money;
        if catalog.currency == quoted.unit.currency && catalog != quoted.unit {
            metrics::counter!("checkout_price_drift_total").increment(1);
            tracing::warn!(price = %line.price.id, %catalog, provider = %quoted.unit, "the catalog's price is not the provider's");
        }
    }
}
