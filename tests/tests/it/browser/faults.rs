//! The widget under fault (G11): reloaded, closed, offline, in two tabs, pressed twice, at each step of the flow.
//! No second session, no second payment, and what is shown afterwards is right.
//!
//! Two rounds of reloads and one of each other fault run with all tests. The figure of G11:
//! `CHECKOUT_FAULTS=20 cargo test -p checkout-tests --test it -- browser::faults --nocapture`.

mod buyer;
mod flow;
mod inline;
mod killed;
mod memory;
mod pictures;
mod scene;
mod table;
mod tally;
