//! A simulated hour of card testing from 1, 1,000 and 100,000 addresses beside 100 honest buyers
//! (S12), on the pure room of budgets: a hundred thousand addresses over HTTP would measure sockets.
//! The same over HTTP, from up to 1,000 addresses, is a story of `tests/it/http/abuse.rs`.
//!
//! Ends with 1 where an address made more than 10 sessions, or a buyer in a hundred was not served.
#![expect(clippy::print_stdout, reason = "a table for whoever runs it")]

use std::process::ExitCode;

use checkout_server::abuse::{Abuse, Caller, Limits, Proof, Visitor};
use checkout_server::error::Code;
use checkout_server::keys::{AddressKey, Keys};
use checkout_server::store::Change;
use checkout_tests::buyer::solve;
use checkout_types::CheckoutStatus;
use jiff::Timestamp;

const START: i64 = 1_700_000_000;
const HOUR: usize = 3_600;
const BUYERS: usize = 100;
/// Each robot tries this often in its hour.
const TRIES: usize = 20;
/// Every so many robots one solves challenges.
const SOLVERS: usize = 10;

fn main() -> ExitCode {
    println!(
        "{:>9}  {:>9}  {:>12}  {:>14}  {:>12}",
        "addresses", "sessions", "most of one", "buyers served", "hardest bits"
    );
    let held = [1, 1_000, 100_000].map(hour);
    if held.into_iter().all(|held| held) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays an hour and tells of it; whether the promise held.
fn hour(robots: usize) -> bool {
    let mut shop = Shop::new();
    let (mut sessions, mut served) = (vec![0_u32; robots], 0);
    for second in 0..HOUR {
        for robot in (0..robots).filter(|robot| (second + robot) % (HOUR / TRIES) == 0) {
            if shop.order(address(1, robot), robot % SOLVERS == 0, second) {
                sessions[robot] += 1;
                shop.tell(address(1, robot), 1, false, second);
            }
        }
        if second % (HOUR / BUYERS) == 0 {
            // Twenty of them share two addresses.
            let number = second / (HOUR / BUYERS);
            let who = address(2, if number < 20 { number % 2 } else { number });
            if shop.order(who, true, second) {
                served += 1;
                shop.tell(who, 0, true, second);
            }
        }
    }
    let most = sessions.iter().copied().max().unwrap_or(0);
    let all: u32 = sessions.iter().sum();
    println!("{robots:>9}  {all:>9}  {most:>12}  {served:>7} of {BUYERS}  {:>12}", shop.hardest);
    most <= 10 && served * 100 >= BUYERS * 99
}

struct Shop {
    abuse: Abuse,
    hardest: u8,
}

impl Shop {
    fn new() -> Self {
        // Fewer bits than in earnest: a robot's patience is not what is measured.
        let limits = Limits { easiest_challenge: 1, hardest_challenge: 7, ..Limits::default() };
        Self {
            abuse: Abuse::new(limits, Keys::new("a secret key of the simulation".to_owned().into()).challenges),
            hardest: 0,
        }
    }

    /// Whether somebody gets a payment page; who `solves` does so once.
    fn order(&mut self, who: AddressKey, solves: bool, second: usize) -> bool {
        let mut visitor = Visitor { caller: Caller::Address(who), proof: Proof::Work(None) };
        for _ in 0..2 {
            let Err(refused) = self.abuse.admit_order(&visitor, at(second)) else { return true };
            let Some(challenge) = refused.challenge.filter(|_| solves && refused.code == Code::ChallengeRequired)
            else {
                return false;
            };
            self.hardest = self.hardest.max(challenge.bits);
            visitor.proof = Proof::Work(Some(solve(&challenge)));
        }
        false
    }

    /// What the provider's webhook says.
    fn tell(&self, who: AddressKey, newly_failed: u32, newly_paid: bool, second: usize) {
        let status = if newly_paid { CheckoutStatus::Paid } else { CheckoutStatus::Failed };
        let change =
            Change { checkout: String::new(), status, paid_twice: false, buyer: Some(who), newly_paid, newly_failed };
        self.abuse.hear(&change, at(second));
    }
}

fn address(kind: u8, number: usize) -> AddressKey {
    let mut bytes = [kind; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    AddressKey::from_bytes(bytes)
}

fn at(second: usize) -> Timestamp {
    Timestamp::from_second(START + i64::try_from(second).unwrap_or(0)).unwrap_or(Timestamp::MAX)
}
