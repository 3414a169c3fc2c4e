//! Every canonical life of a subscription, told in every order: one result (G15).

use jiff::SignedDuration;
use proptest::prelude::*;

use super::*;

const DAY: i64 = 86_400;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn seen(state: SubscriptionState, billed: i64) -> SubscriptionSeen {
    SubscriptionSeen {
        id: "sub_1".into(),
        checkout: Some("co_1".into()),
        reference: None,
        customer: Some("cus_1".into()),
        state,
        product: Some("pdt_1".into()),
        quantity: 1,
        addons: vec![],
        created_at: Some(at(0)),
        period: Some(Period { start: at(billed), end: at(billed) + SignedDuration::from_hours(24 * 30) }),
        ends_with_period: false,
        expires_at: None,
        paused_at: None,
        past_due_ends_at: None,
        trial_days: 0,
    }
}

fn told(state: SubscriptionState, billed: i64, second: i64) -> Subscription {
    Subscription::new(seen(state, billed), Some(at(second)), at(second), Source::Webhook)
}

/// What the provider says on asking.
fn answered(state: SubscriptionState, billed: i64, second: i64) -> Subscription {
    Subscription::new(seen(state, billed), Some(at(second)), at(second), Source::Refetch)
}

/// The lives that the provider's documentation and the guarantees name.
fn lives() -> Vec<(&'static str, Vec<Subscription>)> {
    use SubscriptionState as S;
    let month = 30 * DAY;
    let mut changed = told(S::Active, 0, 5 * DAY);
    changed.seen.product = Some("pdt_2".into());
    let mut leaving = told(S::Active, month, month + 2);
    leaving.seen.ends_with_period = true;
    let mut nameless = told(S::Active, month, month + 1);
    (nameless.seen.period, nameless.period) = (None, None);
    let mut new_state = told(S::Unknown("frozen".into()), month, month + 5);
    new_state.seen.period = None;
    vec![
        (
            "begun, renewed twice",
            vec![
                told(S::Pending, 0, 0),
                told(S::Active, 0, 1),
                told(S::Active, 0, 2),
                told(S::Active, month, month),
                told(S::Active, 2 * month, 2 * month),
            ],
        ),
        ("never came about", vec![told(S::Pending, 0, 0), told(S::Failed, 0, 2)]),
        (
            "a renewal failed and was mended",
            vec![
                told(S::Active, 0, 1),
                told(S::OnHold, 0, month),
                told(S::OnHold, 0, month + DAY),
                told(S::Active, month, month + 2 * DAY),
                told(S::Active, 2 * month, 2 * month),
            ],
        ),
        (
            "past due, on hold, cancelled",
            vec![
                told(S::Active, 0, 1),
                told(S::PastDue, 0, month),
                told(S::PastDue, 0, month + DAY),
                told(S::OnHold, 0, month + 5 * DAY),
                told(S::Cancelled, 0, month + 9 * DAY),
            ],
        ),
        (
            "paused and gone on",
            vec![
                told(S::Active, 0, 1),
                told(S::Paused, 0, 3 * DAY),
                told(S::Active, 0, 9 * DAY),
                told(S::Active, month, month),
            ],
        ),
        (
            "another plan, then cancelled with the period, then expired",
            vec![
                told(S::Active, 0, 1),
                changed,
                told(S::Active, month, month),
                leaving,
                told(S::Cancelled, month, 2 * month),
                told(S::Expired, month, 2 * month + 1),
            ],
        ),
        (
            "a renewal without a period, a state from the future",
            vec![told(S::Active, 0, 1), told(S::Active, 0, 2), nameless, new_state, told(S::Active, month, month + 9)],
        ),
        (
            "a long one",
            vec![
                told(S::Pending, 0, 0),
                told(S::Active, 0, 1),
                told(S::OnHold, 0, month),
                told(S::Active, month, month + DAY),
                told(S::PastDue, month, 2 * month),
                told(S::Active, 2 * month, 2 * month + DAY),
                told(S::Paused, 2 * month, 2 * month + 3 * DAY),
                told(S::Cancelled, 2 * month, 2 * month + 4 * DAY),
            ],
        ),
    ]
}

/// Lives that end, and do not.
fn ends() -> Vec<(&'static str, Vec<Subscription>)> {
    use SubscriptionState as S;
    let month = 30 * DAY;
    vec![
        (
            "expired, with a renewal that came later, and ended once more",
            vec![
                told(S::Active, 0, 1),
                told(S::Expired, 0, month),
                told(S::Active, month, month + 1),
                told(S::OnHold, month, month + DAY),
                told(S::Expired, month, month + 2 * DAY),
                told(S::Active, month, month + 3 * DAY),
            ],
        ),
        (
            "failed, opened again by our question, cancelled",
            vec![
                told(S::Pending, 0, 0),
                told(S::Failed, 0, 2),
                told(S::Active, 0, 4),
                answered(S::Active, 0, 6),
                told(S::Active, month, month),
                told(S::Cancelled, month, month + DAY),
            ],
        ),
    ]
}

fn fold(all: impl IntoIterator<Item = Subscription>) -> Subscription {
    all.into_iter().reduce(Subscription::join).unwrap()
}

/// Calls `check` with every order of the first `left` places of `items`.
fn every_order(items: &mut Vec<Subscription>, left: usize, check: &mut impl FnMut(&[Subscription])) {
    if left <= 1 {
        check(items);
        return;
    }
    for place in 0..left {
        items.swap(place, left - 1);
        every_order(items, left - 1, check);
        items.swap(place, left - 1);
    }
}

#[test]
fn every_order_of_every_life_gives_one_subscription() {
    let mut orders = 0_u32;
    for (name, life) in lives().into_iter().chain(ends()) {
        let expected = fold(life.clone());
        let twice = life.clone().into_iter().chain(life.clone());
        assert_eq!(fold(twice), expected, "{name}: told twice");
        let mut items = life.clone();
        every_order(&mut items, life.len(), &mut |order| {
            orders += 1;
            // Each time another one is told again at the end.
            let again = order[orders as usize % order.len()].clone();
            assert_eq!(fold(order.iter().cloned().chain([again])), expected, "{name}");
        });
    }
    assert!(orders > 40_320, "{orders}");
}

#[test]
fn what_is_late_does_not_reopen_anything() {
    let cancelled = told(SubscriptionState::Cancelled, 0, 9 * DAY);
    let late = told(SubscriptionState::Active, 0, DAY);
    assert_eq!(cancelled.join(late).seen.state, SubscriptionState::Cancelled);
}

#[test]
fn what_has_ended_goes_on_only_when_the_provider_says_so_on_asking() {
    for over in [SubscriptionState::Expired, SubscriptionState::Failed] {
        let ended = told(over.clone(), 0, 9 * DAY);
        let renewed = told(SubscriptionState::Active, 30 * DAY, 10 * DAY);
        let joined = ended.clone().join(renewed.clone());
        assert_eq!(joined, renewed.clone().join(ended.clone()));
        assert_eq!((&joined.seen.state, joined.passed_over.is_some()), (&over, true));
        assert_eq!(joined.present().unwrap().1, ended.seen.period.unwrap(), "what is passed over extends nothing");

        let went_on = joined.clone().join(answered(SubscriptionState::Active, 30 * DAY, 11 * DAY));
        assert_eq!((&went_on.seen.state, &went_on.passed_over), (&SubscriptionState::Active, &None));
        assert_eq!(went_on.present().unwrap().1, renewed.seen.period.unwrap());
        // The end is older than the answer, however late it comes again.
        assert_eq!(went_on.clone().join(ended.clone()), went_on);

        let over_indeed = joined.join(answered(over.clone(), 0, 11 * DAY));
        assert_eq!((&over_indeed.seen.state, &over_indeed.passed_over), (&over, &None));
    }
}

#[test]
fn an_answer_that_was_overtaken_lets_the_newer_delivery_count() {
    let words = [
        told(SubscriptionState::Expired, 0, DAY),
        answered(SubscriptionState::Active, 0, 2 * DAY),
        told(SubscriptionState::PastDue, 0, 3 * DAY),
    ];
    let mut orders = 0;
    every_order(&mut words.to_vec(), 3, &mut |order| {
        orders += 1;
        assert_eq!(fold(order.iter().cloned()).seen.state, SubscriptionState::PastDue);
    });
    assert_eq!(orders, 6);
}

#[test]
fn two_words_of_one_second_are_contested_until_a_newer_one() {
    let active = told(SubscriptionState::Active, 0, DAY);
    let held = told(SubscriptionState::OnHold, 0, DAY);
    let joined = active.clone().join(held.clone());
    assert!(joined.contested && held.join(active.clone()).contested);
    assert_eq!(joined.seen.state, SubscriptionState::OnHold, "the one that gives less, until we have asked");
    assert!(!joined.join(told(SubscriptionState::Active, 0, DAY + 1)).contested);
    assert!(!active.clone().join(active).contested);
}

#[test]
fn trouble_begins_with_the_first_word_of_it_whatever_came_first() {
    let first = told(SubscriptionState::OnHold, 0, 30 * DAY);
    let second = told(SubscriptionState::OnHold, 0, 32 * DAY);
    for order in [[first.clone(), second.clone()], [second, first]] {
        assert_eq!(fold(order).troubled_since(), Some(at(30 * DAY)));
    }
}

fn any_observation() -> impl Strategy<Value = Subscription> {
    let states =
        ["pending", "active", "on_hold", "past_due", "paused", "cancelled", "failed", "expired", "unknown:new"];
    let told = (prop::sample::select(states.to_vec()), 0_i64..3, 0_i64..4, 0_i64..3, any::<bool>());
    (told, prop::option::of(0_i64..2), prop::option::of("co_[12]"), any::<bool>()).prop_map(
        |((state, signed, event, billed, leaves), quantity, checkout, asked)| {
            let mut seen = seen(SubscriptionState::from_store(state), billed * 30 * DAY);
            seen.ends_with_period = leaves;
            seen.checkout = checkout;
            seen.quantity = quantity.unwrap_or(1);
            if quantity.is_none() {
                seen.period = None;
            }
            let source = if asked { Source::Refetch } else { Source::Webhook };
            Subscription::new(seen, Some(at(event)), at(signed), source)
        },
    )
}

proptest! {
    #[test]
    fn joining_is_commutative_associative_and_idempotent(
        one in any_observation(), two in any_observation(), three in any_observation(),
    ) {
        prop_assert_eq!(one.clone().join(two.clone()), two.clone().join(one.clone()));
        prop_assert_eq!(one.clone().join(two.clone()).join(three.clone()), one.clone().join(two.clone().join(three)));
        prop_assert_eq!(one.clone().join(one.clone()), one.clone());
        let both = one.clone().join(two.clone());
        prop_assert_eq!(both.clone().join(one), both.clone());
        prop_assert_eq!(both.clone().join(two), both);
    }

    #[test]
    fn any_order_of_many_gives_one(
        all in prop::collection::vec(any_observation(), 3..8), turns in prop::collection::vec(any::<prop::sample::Index>(), 8),
    ) {
        let mut other = all.clone();
        for (place, turn) in turns.iter().enumerate() {
            let (one, two) = (place % other.len(), turn.index(other.len()));
            other.swap(one, two);
        }
        // In halves, too: what was joined already is joined with the rest.
        let (front, back) = other.split_at(other.len() / 2);
        let halves = fold(front.iter().cloned()).join(fold(back.iter().cloned()));
        prop_assert_eq!(fold(all), halves);
    }
}
