//! The sandbox's discount codes, and what each takes off.
//!
//! | code | does |
//! |---|---|
//! | `LAUNCH20` | 20 % off, for the first three charges of a subscription |
//! | `FLAT5` | 5.00 USD off (4.50 EUR, 4.00 GBP, 750 JPY, 1.500 KWD) from a subtotal of twice that, once |
//! | `FREE100` | 100 % off, for ever |
//! | `EXPIRED10` | refused: `DISCOUNT_CODE_EXPIRED` |
//! | `USEDUP` | refused: `DISCOUNT_CODE_USAGE_LIMIT_EXCEEDED` |
//!
//! Any other code is `INVALID_DISCOUNT_CODE`. Letters count the same in either case.

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::error::{ApiError, ApiResult};
use super::table::Row;
use super::{BUSINESS_ID, Sandbox};
use crate::clock::rfc3339;

/// What a code takes off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reduction {
    /// Basis points of each line.
    Percentage(i64),
    /// Currency code, amount off, least subtotal; minor units.
    Flat(Vec<(&'static str, i64, i64)>),
}

/// A discount code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Discount {
    pub(crate) id: String,
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) reduction: Reduction,
    /// For how many charges of a subscription; `None` for all.
    pub(crate) cycles: Option<u32>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) usage_limit: Option<u64>,
    pub(crate) times_used: u64,
    pub(crate) created_at: Timestamp,
}

impl Row for Discount {
    fn id(&self) -> &str {
        &self.id
    }
}

/// The built-in codes.
pub(crate) fn built_in(now: Timestamp) -> Vec<Discount> {
    let flat =
        vec![("USD", 500, 1_000), ("EUR", 450, 900), ("GBP", 400, 800), ("JPY", 750, 1_500), ("KWD", 1_500, 3_000)];
    let row = |number: u32, code, name, reduction, cycles| Discount {
        id: format!("dsc_0NSandboxDiscount{number:04}"),
        code,
        name,
        reduction,
        cycles,
        expires_at: None,
        usage_limit: None,
        times_used: 0,
        created_at: now,
    };
    vec![
        row(1, "LAUNCH20", "Launch 20", Reduction::Percentage(2_000), Some(3)),
        row(2, "FLAT5", "Five off", Reduction::Flat(flat), Some(1)),
        row(3, "FREE100", "All of it", Reduction::Percentage(10_000), None),
        Discount { expires_at: Some(now), ..row(4, "EXPIRED10", "Too late", Reduction::Percentage(1_000), None) },
        Discount {
            usage_limit: Some(1),
            times_used: 1,
            ..row(5, "USEDUP", "All used", Reduction::Percentage(1_000), None)
        },
    ]
}

impl Discount {
    /// Whether it can be used now at all.
    ///
    /// # Errors
    /// It has expired, or has no uses left.
    pub(crate) fn usable(&self, now: Timestamp) -> ApiResult<()> {
        if self.expires_at.is_some_and(|end| end <= now) {
            return Err(ApiError::refused("DISCOUNT_CODE_EXPIRED", "The code has expired"));
        }
        if self.usage_limit.is_some_and(|limit| self.times_used >= limit) {
            return Err(ApiError::refused("DISCOUNT_CODE_USAGE_LIMIT_EXCEEDED", "The code has no uses left"));
        }
        Ok(())
    }

    /// `GET /discounts/{id}`.
    pub(crate) fn wire(&self) -> Value {
        let (amount, kind) = self.amount_and_kind();
        json!({
            "amount": amount,
            "business_id": BUSINESS_ID,
            "code": self.code,
            "created_at": rfc3339(self.created_at),
            "currency_options": self.currency_options(),
            "customer_eligibility": "any",
            "discount_id": self.id,
            "expires_at": self.expires_at.map(rfc3339),
            "metadata": {},
            "name": self.name,
            "per_customer_usage_limit": null,
            "preserve_on_plan_change": false,
            "restricted_to": [],
            "starts_at": null,
            "subscription_cycles": self.cycles,
            "times_used": self.times_used,
            "type": kind,
            "usage_limit": self.usage_limit,
        })
    }

    /// Basis points of a percentage; a flat one has its amounts in `currency_options`.
    fn amount_and_kind(&self) -> (i64, &'static str) {
        match self.reduction {
            Reduction::Percentage(bps) => (bps, "percentage"),
            Reduction::Flat(_) => (0, "flat"),
        }
    }

    fn currency_options(&self) -> Value {
        let Reduction::Flat(options) = &self.reduction else { return Value::Null };
        let option = |(index, (currency, amount, least)): (usize, &(&str, i64, i64))| {
            json!({
                "currency": currency,
                "is_default": index == 0,
                "max_amount_possible": amount,
                "minimum_subtotal": least,
            })
        };
        options.iter().enumerate().map(option).collect()
    }

    /// As it stands on a payment or a subscription.
    pub(crate) fn detail(&self, position: usize) -> Value {
        let (amount, kind) = self.amount_and_kind();
        json!({
            "amount": amount,
            "business_id": BUSINESS_ID,
            "code": self.code,
            "created_at": rfc3339(self.created_at),
            "cycles_remaining": self.cycles_remaining(),
            "discount_id": self.id,
            "expires_at": self.expires_at.map(rfc3339),
            "metadata": {},
            "name": self.name,
            "position": position,
            "preserve_on_plan_change": false,
            "restricted_to": [],
            "subscription_cycles": self.cycles,
            "times_used": self.times_used,
            "type": kind,
            "usage_limit": self.usage_limit,
        })
    }

    /// Basis points, for a percentage.
    pub(crate) fn percentage(&self) -> Option<i64> {
        match self.reduction {
            Reduction::Percentage(bps) => Some(bps),
            Reduction::Flat(_) => None,
        }
    }

    /// After the first charge.
    pub(crate) fn cycles_remaining(&self) -> Option<u32> {
        self.cycles.map(|cycles| cycles.saturating_sub(1))
    }
}

/// `GET /discounts`
pub(crate) async fn list(State(sandbox): State<Sandbox>) -> impl IntoResponse {
    let items: Vec<_> = sandbox.state().discounts.iter().map(Discount::wire).collect();
    Json(json!({ "items": items }))
}

/// `GET /discounts/{id}`
pub(crate) async fn get(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> ApiResult<Json<Value>> {
    sandbox.state().discounts.get(&id).map(|row| Json(row.wire())).ok_or_else(|| ApiError::not_found("discount"))
}

/// `GET /discounts/code/{code}`
pub(crate) async fn by_code(State(sandbox): State<Sandbox>, Path(code): Path<String>) -> ApiResult<Json<Value>> {
    let state = sandbox.state();
    let row = state.discount(&code).ok_or_else(|| ApiError::not_found("discount"))?;
    Ok(Json(row.wire()))
}
