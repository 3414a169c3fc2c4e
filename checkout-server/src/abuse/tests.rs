//! The rules of S12, told with a clock that stands still unless it is moved.

use secrecy::SecretString;

use super::*;
use crate::keys::Keys;

const START: i64 = 1_700_000_000;

fn abuse() -> Abuse {
    let limits = Limits { easiest_challenge: 2, hardest_challenge: 8, ..Limits::default() };
    Abuse::new(limits, Keys::new(SecretString::from("a secret key")).challenges)
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second).unwrap()
}

fn who(number: u32) -> AddressKey {
    let mut bytes = [9; 16];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    AddressKey::from_bytes(bytes)
}

fn visitor(number: u32) -> Visitor {
    Visitor { caller: Caller::Address(who(number)), proof: Proof::Work(None) }
}

/// The same, with the challenge solved that it was asked for.
fn solved(visitor: &Visitor, problem: &Problem) -> Visitor {
    let Challenge { token, bits } = problem.challenge.clone().expect("a challenge");
    let mut proofs = (0_u64..).map(|number| format!("{token}:{number}"));
    let Caller::Address(who) = visitor.caller else { panic!("nobody asks this one") };
    let key = Keys::new(SecretString::from("a secret key")).challenges;
    let proof = proofs.find(|proof| challenge::worked(&key, who, 0, proof, START * 1_000).is_some()).unwrap();
    assert!(bits >= 2);
    Visitor { proof: Proof::Work(Some(proof)), ..visitor.clone() }
}

fn change(who: AddressKey, newly_failed: u32, newly_paid: bool) -> Change {
    Change {
        checkout: "co_1".into(),
        status: checkout_types::CheckoutStatus::Open,
        paid_twice: false,
        buyer: Some(who),
        newly_paid,
        newly_failed,
    }
}

#[test]
fn three_orders_are_free_then_two_are_solved_for_then_the_address_waits() {
    let (abuse, ada) = (abuse(), visitor(1));
    for _ in 0..3 {
        let _ = abuse.admit_order(&ada, at(0)).unwrap();
    }
    for _ in 0..2 {
        let asked = abuse.admit_order(&ada, at(0)).unwrap_err();
        assert_eq!((asked.code, asked.retry_after), (Code::ChallengeRequired, Some(Duration::from_secs(1))));
        let _ = abuse.admit_order(&solved(&ada, &asked), at(0)).unwrap();
    }
    let refused = abuse.admit_order(&ada, at(0)).unwrap_err();
    assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Some(Duration::from_mins(12))));
    let _ = abuse.admit_order(&visitor(2), at(0)).expect("somebody else");
    // No budget counts the merchant, or this machine.
    for caller in [Caller::Merchant, Caller::Machine] {
        for _ in 0..500 {
            let _ = abuse.admit_order(&Visitor { caller, proof: Proof::Work(None) }, at(0)).unwrap();
        }
    }
}

#[test]
fn a_challenge_is_taken_once_and_from_its_address_only() {
    let (abuse, ada, eve) = (abuse(), visitor(1), visitor(2));
    for visitor in [&ada, &eve] {
        for _ in 0..3 {
            let _ = abuse.admit_order(visitor, at(0)).unwrap();
        }
    }
    let asked = abuse.admit_order(&ada, at(0)).unwrap_err();
    let proof = solved(&ada, &asked);
    let stolen = Visitor { proof: proof.proof.clone(), ..eve };
    let others = abuse.admit_order(&stolen, at(0)).unwrap_err();
    let _ = abuse.admit_order(&proof, at(0)).unwrap();
    let again = abuse.admit_order(&proof, at(0)).unwrap_err();
    for refused in [&others, &again] {
        assert_eq!((refused.code, refused.errors.len()), (Code::ChallengeRequired, 0), "no oracle");
        assert_ne!(refused.challenge, asked.challenge, "a fresh one");
    }
}

#[test]
fn a_paid_order_gives_its_cost_back() {
    let (abuse, office) = (abuse(), visitor(1));
    for _ in 0..200 {
        let _ = abuse.admit_order(&office, at(0)).expect("the one before was paid");
        abuse.hear(&change(who(1), 0, true), at(0));
    }
}

#[test]
fn an_order_that_came_to_nothing_costs_nothing() {
    let (abuse, ada) = (abuse(), visitor(1));
    for _ in 0..50 {
        let ticket = abuse.admit_order(&ada, at(0)).unwrap();
        abuse.give_back(ticket);
    }
}

#[test]
fn five_failed_payments_lock_an_address_for_a_while() {
    let (abuse, eve) = (abuse(), visitor(1));
    abuse.hear(&change(who(1), 5, false), at(0));
    let refused = abuse.admit_order(&eve, at(0)).unwrap_err();
    assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Some(Duration::from_mins(12))));
    assert_eq!(abuse.admit_order(&eve, at(719)).unwrap_err().code, Code::RateLimited);
    assert_eq!(abuse.admit_order(&eve, at(720)).unwrap_err().code, Code::ChallengeRequired);
    // A good card does not unlock the others that were tried.
    abuse.hear(&change(who(1), 5, false), at(720));
    abuse.hear(&change(who(1), 0, true), at(720));
    assert_eq!(abuse.admit_order(&eve, at(720)).unwrap_err().code, Code::RateLimited);
}

#[test]
fn when_the_shop_is_attacked_everybody_solves_and_nobody_is_refused() {
    let abuse = abuse();
    for robot in 0..120 {
        let _ = abuse.admit_order(&visitor(robot), at(0)).unwrap();
    }
    let bits = |number, at| {
        let asked = abuse.admit_order(&visitor(number), at).unwrap_err();
        let bits = asked.challenge.as_ref().unwrap().bits;
        let _ = abuse.admit_order(&solved(&visitor(number), &asked), at).expect("solved");
        bits
    };
    let asked: Vec<u8> = (1_000..1_200).map(|number| bits(number, at(0))).collect();
    assert_eq!((asked[0], asked[199]), (2, 8));
    assert!(asked.is_sorted(), "the worse it is, the more work: {asked:?}");
    let _ = abuse.admit_order(&visitor(5_000), at(121)).expect("it has calmed down");
}

#[test]
fn failed_payments_of_many_addresses_raise_the_alarm_too() {
    let abuse = abuse();
    for robot in 0..30 {
        assert!(abuse.admit_order(&visitor(5_000 + robot), at(0)).is_ok());
        abuse.hear(&change(who(robot), 1, false), at(0));
    }
    assert_eq!(abuse.admit_order(&visitor(9_000), at(0)).unwrap_err().code, Code::ChallengeRequired);
}

#[test]
fn quotes_beyond_the_budget_are_solved_for() {
    let (abuse, ada) = (abuse(), visitor(1));
    for _ in 0..120 {
        abuse.admit_quote(&ada, at(0)).unwrap();
    }
    let asked = abuse.admit_quote(&ada, at(0)).unwrap_err();
    assert_eq!(asked.code, Code::ChallengeRequired);
    abuse.admit_quote(&solved(&ada, &asked), at(0)).unwrap();
    assert_eq!(abuse.admit_order(&ada, at(0)).unwrap_err().code, Code::ChallengeRequired, "an order asks for a price");
    abuse.admit_quote(&ada, at(1)).unwrap();
}

#[test]
fn wrong_codes_are_counted_also_for_this_machine_and_right_ones_are_not() {
    let abuse = abuse();
    for caller in [Caller::Machine, Caller::Address(who(1))] {
        let guesser = Visitor { caller, proof: Proof::Work(None) };
        for _ in 0..50 {
            let right = abuse.admit_code(&guesser, at(0)).unwrap();
            abuse.forgive(right);
        }
        for _ in 0..10 {
            let _ = abuse.admit_code(&guesser, at(0)).unwrap();
        }
        let refused = abuse.admit_code(&guesser, at(0)).unwrap_err();
        assert_eq!((refused.code, refused.retry_after), (Code::RateLimited, Some(Duration::from_mins(6))));
        abuse.admit_quote(&guesser, at(0)).expect("without a code all is as before");
    }
}

#[test]
fn codes_are_guessed_by_nobody_when_too_many_guess() {
    let abuse = abuse();
    let guesses = (0..1_000).filter(|robot| abuse.admit_code(&visitor(*robot), at(0)).is_ok()).count();
    assert_eq!(guesses, 300);
    assert_eq!(abuse.admit_code(&visitor(5_000), at(0)).unwrap_err().code, Code::RateLimited);
    assert!(abuse.admit_code(&Visitor { caller: Caller::Merchant, proof: Proof::Work(None) }, at(0)).is_ok());
}

#[test]
fn one_checkout_is_read_at_a_pace_and_watched_by_eight() {
    let abuse = abuse();
    let reads = (0..100).filter(|_| abuse.admit_read("co_1", at(0)).is_ok()).count();
    assert_eq!(reads, 60);
    assert_eq!(abuse.admit_read("co_1", at(0)).unwrap_err().retry_after, Some(Duration::from_secs(1)));
    abuse.admit_read("co_2", at(0)).unwrap();
    abuse.admit_read("co_1", at(1)).unwrap();

    let mut watches: Vec<Watch> = (0..8).map(|_| abuse.admit_watch("co_1").unwrap()).collect();
    assert_eq!(abuse.admit_watch("co_1").unwrap_err().code, Code::RateLimited);
    let _other = abuse.admit_watch("co_2").unwrap();
    watches.pop();
    watches.push(abuse.admit_watch("co_1").unwrap());
    drop(watches);
    assert_eq!(abuse.streams.lock().unwrap().len(), 1, "those that nobody watches are forgotten");
}

#[test]
fn what_was_ordered_before_a_restart_still_counts() {
    let abuse = abuse();
    let order = RecentOrder { buyer: who(1), created_at: at(0), changed_at: at(60), failures: 0, paid: false };
    abuse.count(&[order; 5]);
    abuse.count(&[RecentOrder { buyer: who(2), paid: true, ..order }; 50]);
    abuse.count(&[RecentOrder { buyer: who(3), failures: 5, ..order }]);
    assert_eq!(abuse.admit_order(&visitor(1), at(90)).unwrap_err().code, Code::RateLimited);
    assert!(abuse.admit_order(&visitor(2), at(90)).is_ok(), "those were paid");
    assert_eq!(abuse.admit_order(&visitor(3), at(90)).unwrap_err().code, Code::RateLimited);
}

#[test]
fn a_million_addresses_stay_within_the_bound() {
    let mut budgets = Budgets::new(Limits::default());
    for robot in 0..1_000_000 {
        budgets.charge_quote(who(robot), START * 1_000);
    }
    assert!(budgets.addresses() <= budgets::MOST_ADDRESSES);
    assert!(budgets.addresses() >= budgets::MOST_ADDRESSES / 2, "and no fewer than half of it is remembered");
}

#[test]
fn patience_on_a_page_is_asked_for_with_the_same_token_until_it_is_shown() {
    let (abuse, ada) = (abuse(), Visitor { proof: Proof::Patience(None), ..visitor(1) });
    for _ in 0..3 {
        let _ = abuse.admit_order(&ada, at(0)).unwrap();
    }
    let asked = abuse.admit_order(&ada, at(0)).unwrap_err();
    assert_eq!(asked.retry_after, Some(Duration::from_secs(10)));
    let token = asked.challenge.unwrap().token;
    let patient = Visitor { proof: Proof::Patience(Some(token.clone())), ..ada };
    let early = abuse.admit_order(&patient, at(9)).unwrap_err();
    assert_eq!(early.challenge.unwrap().token, token, "its age goes on");
    let _ = abuse.admit_order(&patient, at(10)).unwrap();
    assert_ne!(abuse.admit_order(&patient, at(11)).unwrap_err().challenge.unwrap().token, token, "once");
}
