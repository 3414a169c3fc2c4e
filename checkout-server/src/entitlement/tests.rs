//! What gives, suspends and ends access, row by row; docs/access.md says the same.

use super::*;
use crate::event::SubscriptionState;
use crate::event::subscription::Period;
use crate::event::{Source, SubscriptionSeen};

const DAY: i64 = 86_400;
/// The period in these tests ends here.
const END: i64 = 30 * DAY;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn terms() -> Terms {
    let limits = BTreeMap::from([("seats".to_owned(), Limit::Fixed(3)), ("projects".to_owned(), Limit::Fixed(10))]);
    Terms {
        grants: BTreeMap::from([("pro".to_owned(), limits)]),
        grace: SignedDuration::from_hours(24 * 7),
        refund: RefundPolicy::Revoke,
        dispute: DisputePolicy::Keep,
    }
}

fn once() -> Purchase {
    Purchase {
        terms: terms(),
        paid: Paid::Yes,
        subscription: None,
        money: MoneyBack::No,
        exhausted: false,
        claimed: false,
    }
}

fn subscribed(state: SubscriptionState, told: i64) -> Purchase {
    let seen = SubscriptionSeen {
        id: "sub_1".into(),
        checkout: None,
        reference: None,
        customer: None,
        state,
        product: None,
        quantity: 1,
        addons: vec![],
        created_at: Some(at(0)),
        period: Some(Period { start: at(0), end: at(END) }),
        ends_with_period: false,
        expires_at: None,
        paused_at: None,
        past_due_ends_at: None,
        trial_days: 0,
    };
    Purchase { subscription: Some(Subscription::new(seen, Some(at(told)), at(told), Source::Webhook)), ..once() }
}

fn changed(mut purchase: Purchase, change: impl FnOnce(&mut Subscription)) -> Purchase {
    change(purchase.subscription.as_mut().unwrap());
    purchase
}

#[test]
fn what_a_subscription_gives() {
    use SubscriptionState as S;
    let leeway = LEEWAY.as_secs();
    let leaving = changed(subscribed(S::Active, 1), |subscription| subscription.seen.ends_with_period = true);
    let trial = changed(subscribed(S::Active, 1), |subscription| subscription.seen.trial_days = 30);
    let ends = changed(subscribed(S::Active, 1), |subscription| subscription.seen.expires_at = Some(at(END / 2)));
    let nameless = changed(subscribed(S::Active, 1), |subscription| subscription.period = None);
    let settled = changed(subscribed(S::OnHold, 1), |subscription| subscription.seen.paused_at = Some(at(1)));
    let own_grace =
        changed(subscribed(S::PastDue, END), |subscription| subscription.seen.past_due_ends_at = Some(at(END + DAY)));
    let exhausted = Purchase { exhausted: true, ..subscribed(S::OnHold, END) };
    let rows: Vec<(Purchase, i64, State, Reason, Option<i64>)> = vec![
        (subscribed(S::Pending, 1), 2, State::None, Reason::AwaitingPayment, None),
        (subscribed(S::Active, 1), 2, State::Active, Reason::Subscription, Some(END + leeway)),
        (subscribed(S::Active, 1), END + leeway - 1, State::Active, Reason::Subscription, Some(END + leeway)),
        (subscribed(S::Active, 1), END + leeway, State::Suspended, Reason::RenewalMissing, None),
        (trial, 2, State::Active, Reason::Trial, Some(END + leeway)),
        (nameless, 2, State::None, Reason::AwaitingPayment, None),
        (leaving.clone(), END - 1, State::Active, Reason::Cancelled, Some(END)),
        (leaving, END, State::Ended, Reason::Cancelled, None),
        (ends, END / 2, State::Ended, Reason::Expired, None),
        (subscribed(S::OnHold, END), END + DAY, State::Grace, Reason::PaymentFailed, Some(END + 7 * DAY)),
        (subscribed(S::OnHold, END), END + 7 * DAY, State::Suspended, Reason::PaymentFailed, None),
        (exhausted, END + DAY, State::Suspended, Reason::PaymentFailed, None),
        (own_grace.clone(), END + DAY - 1, State::Grace, Reason::PaymentFailed, Some(END + DAY)),
        (own_grace, END + DAY, State::Suspended, Reason::PaymentFailed, None),
        (settled.clone(), 2, State::Active, Reason::Paused, Some(END)),
        (settled, END, State::Suspended, Reason::Paused, None),
        (subscribed(S::Paused, 1), END - 1, State::Active, Reason::Paused, Some(END)),
        (subscribed(S::Paused, 1), END, State::Suspended, Reason::Paused, None),
        (subscribed(S::Cancelled, 1), END - 1, State::Active, Reason::Cancelled, Some(END)),
        (subscribed(S::Cancelled, 1), END, State::Ended, Reason::Cancelled, None),
        (subscribed(S::Failed, 1), 2, State::None, Reason::MandateFailed, None),
        (subscribed(S::Expired, 1), 2, State::Ended, Reason::Expired, None),
        (subscribed(S::Unknown("new".into()), 1), 2, State::None, Reason::AwaitingPayment, None),
    ];
    for (purchase, now, state, reason, until) in rows {
        let expected = Access { state, reason, until: until.map(at) };
        assert_eq!(purchase.access(at(now)), expected, "{:?} at {now}", purchase.subscription.map(|s| s.seen.state));
    }
}

#[test]
fn what_a_payment_gives_and_what_takes_it_away() {
    let with = |change: fn(&mut Purchase)| {
        let mut purchase = once();
        change(&mut purchase);
        purchase.access(at(1))
    };
    assert_eq!(with(|_| {}), Access::of(State::Active, Reason::Purchase));
    assert_eq!(with(|bought| bought.paid = Paid::No).reason, Reason::AwaitingPayment);
    assert_eq!(with(|bought| bought.paid = Paid::Wrongly), Access::of(State::None, Reason::NeedsReview));
    assert_eq!(with(|bought| bought.money = MoneyBack::Refunded), Access::of(State::Ended, Reason::Refunded));
    assert_eq!(with(|bought| bought.money = MoneyBack::Disputed).state, State::Active);
    let suspending =
        with(|bought| (bought.money, bought.terms.dispute) = (MoneyBack::Disputed, DisputePolicy::Suspend));
    assert_eq!(suspending, Access::of(State::Suspended, Reason::Disputed));
    let keeping = with(|bought| (bought.money, bought.terms.refund) = (MoneyBack::Refunded, RefundPolicy::Keep));
    assert_eq!(keeping.state, State::Active);
    let mut until_the_end = subscribed(SubscriptionState::Active, 1);
    (until_the_end.money, until_the_end.terms.refund) = (MoneyBack::Refunded, RefundPolicy::AtPeriodEnd);
    assert_eq!(until_the_end.access(at(2)).until, Some(at(END)));
    assert_eq!(until_the_end.access(at(END)), Access::of(State::Ended, Reason::Refunded));
}

#[test]
fn the_best_of_all_counts_and_a_block_beats_everything() {
    let held = subscribed(SubscriptionState::OnHold, 1);
    let all = entitlements(&[held.clone(), once()], &[], at(10 * DAY));
    assert_eq!(all["pro"].access.reason, Reason::Purchase);
    assert_eq!(all["pro"].limits["seats"], Limit::Fixed(3));
    let mut fewer = once();
    fewer.terms.grants.get_mut("pro").unwrap().insert("seats".to_owned(), Limit::Fixed(1));
    assert_eq!(entitlements(&[held.clone(), fewer], &[], at(2))["pro"].limits["seats"], Limit::Fixed(3));
    let alone = entitlements(std::slice::from_ref(&held), &[], at(40 * DAY));
    assert_eq!(
        (alone["pro"].access.state, alone["pro"].limits.len()),
        (State::Suspended, 0),
        "nothing given, no limits"
    );

    let by_hand = |given, until| ByHand { entitlement: "pro".into(), given, until, limits: BTreeMap::new() };
    let given = entitlements(&[held], &[by_hand(true, Some(at(50 * DAY)))], at(40 * DAY));
    assert_eq!(given["pro"].access.reason, Reason::GrantedByHand);
    let blocked = entitlements(&[once()], &[by_hand(true, None), by_hand(false, None)], at(1));
    assert_eq!(blocked["pro"].access, Access::of(State::Ended, Reason::BlockedByHand));
    let over = entitlements(&[once()], &[by_hand(false, Some(at(1)))], at(1));
    assert_eq!(over["pro"].access.state, State::Active, "a block that is over blocks nothing");
    let lost = Purchase { money: MoneyBack::DisputeLost, ..once() };
    assert_eq!(entitlements(&[lost, once()], &[], at(1))["pro"].access.reason, Reason::DisputeLost);
}
