//! How much goes back, of each line: pure arithmetic in minor units.

use super::ItemBody;
use crate::sandbox::error::{ApiError, ApiResult};
use crate::sandbox::payments::LineItem;

/// A part of a line, with its tax.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Share {
    pub(crate) item_id: String,
    pub(crate) paid: i64,
}

/// `amount × of ÷ whole`, rounded half up; 0 of nothing.
pub(crate) fn part(amount: i64, of: i64, whole: i64) -> i64 {
    if whole == 0 {
        return 0;
    }
    let whole = i128::from(whole);
    let doubled = i128::from(amount) * i128::from(of) * 2 + whole;
    i64::try_from(doubled.div_euclid(whole * 2)).unwrap_or(i64::MAX)
}

/// What goes back: the rest of everything, or the lines that were named.
///
/// # Errors
/// The provider's code for the first line that does not allow it.
pub(crate) fn shares(items: &[LineItem], wanted: Option<&[ItemBody]>) -> ApiResult<Vec<Share>> {
    let rest = |item: &LineItem| Share { item_id: item.items_id.clone(), paid: item.paid - item.refunded };
    let Some(wanted) = wanted.filter(|wanted| !wanted.is_empty()) else {
        return Ok(items.iter().map(rest).filter(|share| share.paid > 0).collect());
    };
    let mut shares: Vec<Share> = Vec::new();
    for one in wanted {
        let item = items.iter().find(|item| item.items_id == one.item_id);
        let item = item.ok_or_else(|| ApiError::refused("LINE_ITEM_NOT_FOUND", "The payment has no such line"))?;
        if shares.iter().any(|share| share.item_id == one.item_id) {
            return Err(ApiError::refused("DUPLICATE_LINE_ITEMS_IN_REQUEST", "A line is named twice"));
        }
        shares.push(share(item, one)?);
    }
    Ok(shares)
}

fn share(item: &LineItem, wanted: &ItemBody) -> ApiResult<Share> {
    let left = item.paid - item.refunded;
    if left <= 0 {
        return Err(ApiError::refused("LINE_ITEM_FULLY_REFUNDED", "All of the line went back already"));
    }
    let paid = match wanted.amount {
        None => left,
        Some(amount) if amount <= 0 => {
            return Err(ApiError::refused("LINE_ITEM_REFUND_AMOUNT_TOO_LOW", "amount is more than 0"));
        }
        Some(amount) if wanted.tax_inclusive == Some(true) => amount,
        Some(amount) => part(amount, item.paid, item.paid - item.tax),
    };
    if paid > item.paid {
        let message = "More than was paid for the line";
        return Err(ApiError::refused("REFUND_AMOUNT_EXCEEDS_PAID_AMOUNT", message));
    }
    if paid > left {
        let message = "More than is left of the line";
        return Err(ApiError::refused("LINE_ITEM_REFUND_AMOUNT_TOO_HIGH", message));
    }
    Ok(Share { item_id: item.items_id.clone(), paid })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(amount: i64, tax: i64, paid: i64, refunded: i64) -> LineItem {
        let (items_id, name) = ("itm_1".to_owned(), "Licence".to_owned());
        LineItem { amount, description: None, items_id, name, refundable_amount: amount, tax, paid, refunded }
    }

    fn body(amount: Option<i64>, tax_inclusive: Option<bool>) -> ItemBody {
        ItemBody { item_id: "itm_1".into(), amount, tax_inclusive }
    }

    #[test]
    fn an_amount_is_with_or_without_the_tax() {
        let licence = [item(4_900, 1_225, 6_125, 0)];
        let paid = |wanted: ItemBody| shares(&licence, Some(&[wanted])).unwrap()[0].paid;
        assert_eq!(paid(body(Some(2_000), Some(true))), 2_000);
        assert_eq!(paid(body(Some(2_000), None)), 2_500);
        assert_eq!(paid(body(None, None)), 6_125);
    }

    proptest! {
        #[test]
        fn never_more_than_was_paid(paid in 1i64..1_000_000, back in 0i64..1_000_000, wanted in -5i64..2_000_000) {
            let back = back.min(paid);
            let line = [item(paid, 0, paid, back)];
            if let Ok(shares) = shares(&line, Some(&[body(Some(wanted), Some(true))])) {
                prop_assert!(shares[0].paid > 0 && back + shares[0].paid <= paid);
            }
            let rest: i64 = shares(&line, None).unwrap().iter().map(|share| share.paid).sum();
            prop_assert_eq!(back + rest, paid);
        }
    }
}
