use super::*;
use proptest::prelude::*;

const ALL: [Told; 10] = [
    Told::Sending,
    Told::Made,
    Told::Refused,
    Told::NotSent,
    Told::Lost,
    Told::Found,
    Told::Absent,
    Told::Unasked,
    Told::SaidMade,
    Told::SaidNotMade,
];

fn at(hours: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours)
}

#[test]
fn a_lost_answer_is_looked_for_for_five_days_and_then_left_to_a_person() {
    let mut now = at(0);
    let mut intent = Position::planned(now).after(Told::Sending, now).unwrap();
    intent = intent.after(Told::Lost, now).unwrap();
    let mut waits = Vec::new();
    while let Some(due_at) = intent.due_at {
        waits.push(due_at.duration_since(now).as_mins());
        now = due_at;
        assert_eq!(intent.step(), Some(Step::LookUp));
        intent = intent.after(Told::Absent, now).unwrap();
    }
    assert_eq!(waits, [1, 5, 15, 60, 360, 1440, 1440, 1440, 1440, 1440]);
    assert_eq!((intent.state, intent.step()), (State::NeedsReview, None));
    assert!(!intent.may_have_moved());
}

#[test]
fn a_crash_before_it_was_sent_sends_it_and_one_afterwards_looks_for_it() {
    let planned = Position::planned(at(0));
    assert_eq!(planned.step(), Some(Step::Send));
    let sent = planned.after(Told::Sending, at(0)).unwrap();
    assert_eq!(sent.step(), Some(Step::LookUp));
    assert_eq!(sent.after(Told::Found, at(1)).unwrap().state, State::Done);
}

#[test]
fn what_certainly_did_not_arrive_is_sent_again() {
    let planned = Position::planned(at(0)).after(Told::Sending, at(0)).unwrap().after(Told::NotSent, at(0)).unwrap();
    assert_eq!((planned.state, planned.step()), (State::Planned, Some(Step::Send)));
}

#[test]
fn a_provider_that_does_not_answer_uses_up_no_search() {
    let unknown = Position::planned(at(0)).after(Told::Sending, at(0)).unwrap().after(Told::Lost, at(0)).unwrap();
    let later = (0..1_000).fold(unknown, |unknown, _| unknown.after(Told::Unasked, at(1)).unwrap());
    assert_eq!((later.state, later.attempts), (State::Unknown, 0));
}

#[test]
fn what_does_not_get_through_for_a_day_is_left_to_a_person_and_frees_its_amount() {
    let mut intent = Position::planned(at(0));
    let mut sends = 0;
    while let Some(due_at) = intent.due_at {
        assert!(due_at < at(25), "it ends");
        intent = intent.after(Told::Sending, due_at).unwrap().after(Told::NotSent, due_at).unwrap();
        sends += 1;
    }
    assert_eq!((intent.state, intent.step(), sends), (State::NeedsReview, None, 1_440));
    assert!(!intent.may_have_moved());
    // The helper was off for the day.
    let late = Position::planned(at(0)).after(Told::Sending, at(30)).unwrap();
    assert!(!late.after(Told::NotSent, at(30)).unwrap().may_have_moved());
    assert_eq!(late.after(Told::Made, at(30)).unwrap().state, State::Done, "once it is tried all the same");
}

#[test]
fn a_provider_that_nobody_can_ask_for_the_searches_and_a_day_leaves_it_to_a_person_who_holds_its_amount() {
    let mut intent = Position::planned(at(0)).after(Told::Sending, at(23)).unwrap().after(Told::Lost, at(23)).unwrap();
    let mut last = at(23);
    while let Some(due_at) = intent.due_at {
        assert!(due_at < at(24 * 8), "it ends");
        (intent, last) = (intent.after(Told::Unasked, due_at).unwrap(), due_at);
    }
    let searches: SignedDuration = SEARCHES.iter().fold(SignedDuration::ZERO, |sum, wait| sum + *wait);
    assert!(last.duration_since(at(23)) > searches + SignedDuration::from_hours(24), "{last}");
    assert_eq!((intent.state, intent.step()), (State::NeedsReview, None));
    assert!(intent.may_have_moved(), "nobody knows whether it was carried out");
}

#[test]
fn what_ended_stays_as_it_ended() {
    for state in [State::Done, State::Rejected] {
        let ended = Position { state, attempts: 0, since: at(0), due_at: None };
        assert!(ALL.iter().all(|told| ended.after(*told, at(1)).is_none()), "{state:?}");
    }
}

#[test]
fn only_a_person_ends_what_needs_one_and_then_its_amount_is_taken_or_free() {
    for attempts in [0, 10] {
        let waiting = Position { state: State::NeedsReview, attempts, since: at(0), due_at: None };
        for told in ALL {
            let after = waiting.after(told, at(1));
            let (state, taken) = match told {
                Told::SaidMade => (State::Done, true),
                Told::SaidNotMade => (State::Rejected, false),
                _ => {
                    assert_eq!(after, None, "{told:?}");
                    continue;
                }
            };
            let after = after.unwrap();
            assert_eq!((after.state, after.may_have_moved(), after.due_at), (state, taken, None));
        }
    }
    let sent = Position::planned(at(0)).after(Told::Sending, at(0)).unwrap();
    assert!([Told::SaidMade, Told::SaidNotMade].iter().all(|told| sent.after(*told, at(1)).is_none()));
}

#[test]
fn states_come_back_from_the_store() {
    assert!(State::ALL.iter().all(|state| State::from_store(state.as_str()) == Some(*state)));
    assert_eq!(State::from_store("paid"), None);
}

proptest! {
    /// Whatever happens, in whatever order: between two sends lies the certainty that the first one
    /// never arrived.
    #[test]
    fn it_is_sent_at_most_once(story in prop::collection::vec(prop::sample::select(ALL.to_vec()), 0..60)) {
        let mut intent = Position::planned(at(0));
        let mut may_be_there = false;
        for (hour, told) in (1..).zip(story) {
            let Some(next) = intent.after(told, at(hour)) else { continue };
            if told == Told::Sending {
                prop_assert!(!may_be_there, "sent twice");
                may_be_there = true;
            }
            if told == Told::NotSent {
                may_be_there = false;
            }
            intent = next;
            prop_assert_eq!(intent.due_at.is_some(), intent.step().is_some());
        }
    }
}

/// A provider that carries out, or not, and answers, or not; and a helper that dies at any moment.
struct World {
    /// What the provider has carried out, by intent.
    effects: Vec<u32>,
    /// A repeatable source of chance.
    chance: u64,
}

impl World {
    /// One in so many.
    fn one_in(&mut self, many: u64) -> bool {
        // Knuth's constants.
        self.chance = self.chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.chance >> 33).is_multiple_of(many)
    }

    /// The provider is sent an intent. `None` where the helper dies before it hears.
    fn send(&mut self, intent: usize) -> Option<Told> {
        if self.one_in(20) {
            return Some(Told::NotSent);
        }
        if self.one_in(20) {
            return Some(Told::Refused);
        }
        // Before it does anything, and after: the helper cannot tell which.
        let carried_out = !self.one_in(10);
        self.effects[intent] += u32::from(carried_out);
        if !carried_out || self.one_in(10) {
            return if self.one_in(2) { None } else { Some(Told::Lost) };
        }
        Some(Told::Made)
    }

    fn look_up(&mut self, intent: usize) -> Option<Told> {
        if self.one_in(10) {
            return if self.one_in(2) { None } else { Some(Told::Unasked) };
        }
        Some(if self.effects[intent] > 0 { Told::Found } else { Told::Absent })
    }
}

/// Ten thousand intents; about a third meets a fault or a crash (G6).
#[test]
fn of_ten_thousand_intents_none_has_two_effects_and_each_ends_or_is_flagged() {
    const INTENTS: usize = 10_000;
    let mut world = World { effects: vec![0; INTENTS], chance: 4 };
    let mut ends = std::collections::BTreeMap::new();
    let mut faults = 0;
    for number in 0..INTENTS {
        let mut intent = Position::planned(at(0));
        let mut steps = 0;
        while let Some((step, now)) = intent.step().zip(intent.due_at) {
            steps += 1;
            assert!(steps < 1_000, "it ends");
            let told = match step {
                Step::Send => {
                    // Written down before anything is sent, as `Store::advance_intent` does.
                    intent = intent.after(Told::Sending, now).unwrap();
                    world.send(number)
                }
                Step::LookUp => world.look_up(number),
            };
            // After a crash the row is all that is left.
            if let Some(told) = told {
                intent = intent.after(told, now).unwrap();
            } else if step == Step::LookUp {
                intent.due_at = Some(now + SignedDuration::from_secs(1));
            }
            faults += u32::from(!matches!(told, Some(Told::Made | Told::Found)));
        }
        let effects = world.effects[number];
        assert!(effects <= 1, "{effects} effects of one intent");
        match intent.state {
            State::Done => assert_eq!(effects, 1),
            State::Rejected | State::NeedsReview => assert_eq!(effects, 0),
            other => panic!("{other:?} is no end"),
        }
        *ends.entry(intent.state.as_str()).or_insert(0) += 1;
    }
    println!("{ends:?}, {faults} faults and crashes, 0 doubles");
}
