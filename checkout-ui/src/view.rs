//! The views, one component per file. Text and parts that change are boxed closures, so that all
//! of them share one instance of Leptos' generic code: bytes on somebody's page come first.

use leptos::prelude::*;

use crate::state::Shop;
use crate::step::Step;

pub mod dialog;

mod broken;
mod contact;
mod country;
mod discount;
mod field;
mod frame;
mod icon;
mod line;
mod order;
mod quantity;
mod status;
mod summary;
mod totals;

/// A text that follows signals.
pub type Text = Box<dyn FnMut() -> String + Send>;
/// A part of a view that follows signals.
pub type Part = Box<dyn FnMut() -> AnyView + Send>;

/// Boxes a text.
pub fn text(read: impl FnMut() -> String + Send + 'static) -> Text {
    Box::new(read)
}

/// Boxes a part.
pub fn part(read: impl FnMut() -> AnyView + Send + 'static) -> Part {
    Box::new(read)
}

/// Nothing to see.
pub fn nothing() -> AnyView {
    ().into_any()
}

/// The whole widget: one step at a time, and a line that says politely what changed.
#[component]
pub fn Widget() -> impl IntoView {
    let shop = Shop::expect();
    let language = text(move || {
        shop.step.track();
        shop.words().language.into()
    });
    let direction = text(move || {
        shop.step.track();
        shop.words().direction().into()
    });
    let step = part(move || match shop.step.get() {
        Step::Loading => view! { <div class="loading" aria-busy="true">{nothing()}</div> }.into_any(),
        Step::Form => view! { <order::Order /> }.into_any(),
        Step::Frame => view! { <frame::Frame /> }.into_any(),
        Step::Status => view! { <status::Status /> }.into_any(),
        Step::Broken { text, retryable } => view! { <broken::Broken text retryable /> }.into_any(),
    });
    view! {
        <div class="widget" lang=language dir=direction>
            {step}
            <p class="notice" role="status">
                {text(move || shop.notice.get())}
            </p>
        </div>
    }
}
