//! Laws of totals.

use checkout_types::catalog::{Billing, Interval};
use proptest::prelude::*;

use super::*;
use crate::sandbox::discounts::built_in;

const CURRENCIES: [&str; 5] = ["USD", "EUR", "JPY", "KWD", "TND"];
const TAXES: [i64; 6] = [0, 400, 725, 1_000, 1_900, 2_500];

fn offer(price: i64, currency: Currency, monthly: bool, tax_inclusive: bool) -> Offer {
    let interval = Interval::Month;
    let recurring = Billing::Recurring { interval, interval_count: 1, trial_days: 0 };
    Offer {
        product_id: "pdt_1".into(),
        sku: "sku".into(),
        name: "Thing".into(),
        description: None,
        image: None,
        currency,
        price,
        catalog_price: price,
        billing: if monthly { recurring } else { Billing::OneTime },
        tax_inclusive,
        addons: Vec::new(),
        created_at: Timestamp::UNIX_EPOCH,
        updated_at: Timestamp::UNIX_EPOCH,
    }
}

fn lines(currency: Currency, trials: bool) -> impl Strategy<Value = Vec<BasketLine>> {
    let line = (0..1_000_000_i64, 1..50_u32, any::<bool>(), any::<bool>(), any::<bool>(), 0..3_u32);
    let line = line.prop_map(move |(price, quantity, monthly, inclusive, trial, seats)| {
        let addon = AddonOffer {
            addon_id: "adn_1".into(),
            name: "Seat".into(),
            currency,
            price: price / 3,
            created_at: Timestamp::UNIX_EPOCH,
        };
        BasketLine {
            offer: offer(price, currency, monthly, inclusive),
            quantity,
            addons: (seats > 0).then_some((addon, seats)).into_iter().collect(),
            trial_days: if monthly && trial && trials { 14 } else { 0 },
            mandate_only: false,
        }
    });
    prop::collection::vec(line, 1..6)
}

fn basket(trials: bool) -> impl Strategy<Value = Basket> {
    let currencies = (prop::sample::select(&CURRENCIES[..]), prop::sample::select(&CURRENCIES[..]));
    currencies.prop_flat_map(move |(own, charged)| {
        let currency = charged.parse().unwrap();
        let codes = prop::sample::subsequence(vec![0_usize, 2], 0..=2);
        (lines(own.parse().unwrap(), trials), prop::sample::select(&TAXES[..]), codes).prop_map(
            move |(lines, tax_bps, codes)| {
                let all = built_in(Timestamp::UNIX_EPOCH);
                let discounts = codes.into_iter().map(|code| all[code].clone()).collect();
                Basket { lines, currency, tax_bps, discounts }
            },
        )
    })
}

/// The tax that was added to the prices.
fn added(lines: &[PricedLine], sums: impl Fn(&PricedLine) -> Option<Breakup>) -> i64 {
    lines.iter().filter(|line| !line.line.offer.tax_inclusive).filter_map(sums).map(|sums| sums.tax).sum()
}

proptest! {
    #[test]
    fn a_total_is_subtotal_less_discount_plus_added_tax(basket in basket(true)) {
        let Pricing { lines, now, again, .. } = basket.price(Timestamp::UNIX_EPOCH).unwrap();
        prop_assert_eq!(now.total, now.subtotal - now.discount + added(&lines, |line| Some(line.now)));
        if let Some(again) = again {
            prop_assert_eq!(again.total, again.subtotal - again.discount + added(&lines, |line| line.again));
        }
    }

    #[test]
    fn a_cart_is_the_sum_of_its_lines_and_a_line_of_its_items(basket in basket(false)) {
        let Pricing { lines, now, .. } = basket.price(Timestamp::UNIX_EPOCH).unwrap();
        prop_assert_eq!(now.total, lines.iter().map(|line| line.now.total).sum::<i64>());
        for line in &lines {
            let items: Vec<_> = line.items().collect();
            prop_assert_eq!(line.now.subtotal, items.iter().map(|item| item.price).sum::<i64>());
            let left = line.now.subtotal - line.now.discount;
            prop_assert_eq!(left, items.iter().map(|item| item.discounted).sum::<i64>());
            prop_assert_eq!(line.now.tax, items.iter().map(|item| item.tax).sum::<i64>());
            prop_assert!(items.iter().all(|item| (0..=item.price).contains(&item.discounted)));
        }
    }

    #[test]
    fn tax_is_within_half_a_unit_of_the_exact_one(amount in 0..1_000_000_000_i64, bps in 0..10_000_i64) {
        let tax = Tax { bps };
        let exclusive = i128::from(tax.on(amount, false).unwrap()) * 20_000 - i128::from(amount * bps) * 2;
        prop_assert!((-10_000..=10_000).contains(&exclusive));
        let divisor = i128::from(10_000 + bps);
        let inclusive = i128::from(tax.on(amount, true).unwrap()) * divisor * 2 - i128::from(amount * bps) * 2;
        prop_assert!((-divisor..=divisor).contains(&inclusive));
    }

    #[test]
    fn nothing_is_due_for_a_trial_and_all_of_it_later(price in 0..1_000_000_i64, inclusive: bool) {
        let currency = "USD".parse().unwrap();
        let line = BasketLine { offer: offer(price, currency, true, inclusive), quantity: 2, addons: Vec::new(), trial_days: 7, mandate_only: false };
        let priced = |trial_days| {
            let lines = vec![BasketLine { trial_days, ..line.clone() }];
            Basket { lines, currency, tax_bps: 2_500, discounts: Vec::new() }.price(Timestamp::UNIX_EPOCH).unwrap()
        };
        prop_assert_eq!(priced(7).now, Breakup::default());
        prop_assert_eq!(priced(7).again, priced(0).again);
        prop_assert_eq!(Some(priced(0).now), priced(0).again);
    }
}

#[test]
fn a_flat_code_is_used_up_line_by_line() {
    let currency: Currency = "USD".parse().unwrap();
    let line = |price| BasketLine {
        offer: offer(price, currency, false, false),
        quantity: 1,
        addons: Vec::new(),
        trial_days: 0,
        mandate_only: false,
    };
    let flat = built_in(Timestamp::UNIX_EPOCH).remove(1);
    let basket = Basket { lines: vec![line(300), line(900)], currency, tax_bps: 0, discounts: vec![flat] };
    let pricing = basket.clone().price(Timestamp::UNIX_EPOCH).unwrap();
    assert_eq!(pricing.lines.iter().map(|line| line.now.total).collect::<Vec<_>>(), [0, 700]);
    let small = Basket { lines: vec![line(999)], ..basket.clone() };
    assert_eq!(small.price(Timestamp::UNIX_EPOCH).unwrap_err().code, "DISCOUNT_MINIMUM_SUBTOTAL_NOT_MET");
    let foreign = Basket { currency: "SEK".parse().unwrap(), ..basket };
    assert_eq!(foreign.price(Timestamp::UNIX_EPOCH).unwrap_err().code, "DISCOUNT_CURRENCY_OPTION_INVALID");
}
