//! Pictures, drawn in the text's colour and hidden from screen readers: the words say it all.

use leptos::prelude::*;
use leptos::svg;

/// A closed lock.
pub const LOCK: &str = "M7 10V7a5 5 0 0 1 10 0v3M6 10h12v10H6z";
/// A check mark.
pub const CHECK: &str = "m5 13 4 4L19 7";
/// A clock's hands.
pub const CLOCK: &str = "M12 5v7l4 3";
/// An exclamation mark.
pub const ALERT: &str = "M12 5v9m0 4v.5";

/// A line drawing in a square of 24.
pub fn icon(shape: &'static str) -> AnyView {
    let path = svg::path().attr("d", shape);
    svg::svg().attr("viewBox", "0 0 24 24").attr("aria-hidden", "true").child(path).into_any()
}
