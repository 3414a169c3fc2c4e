//! A discount code: behind a button until it is wanted, and removable once it counts.

use leptos::prelude::*;
use wasm_bindgen::JsValue;

use super::field::Input;
use super::{part, text};
use crate::form::Field;
use crate::state::Shop;

/// A field for a code, or the code that was applied.
#[component]
pub fn Discount() -> impl IntoView {
    let shop = Shop::expect();
    let open = RwSignal::new(!shop.discount.read_untracked().is_empty());
    let applied = Memo::new(move |_| shop.quote.read().as_ref().and_then(|quote| quote.discount_code.clone()));
    let apply = move || {
        let typed = shop.discount.read_untracked().trim().to_owned();
        if !typed.is_empty() {
            shop.set_error(Field::Discount, String::new());
            shop.code.set(Some(typed));
            shop.emit("checkout.discount.applied", JsValue::UNDEFINED);
            shop.requote();
        }
    };
    let remove = move |_| {
        shop.discount.set(String::new());
        shop.code.set(None);
        shop.emit("checkout.discount.removed", JsValue::UNDEFINED);
        shop.requote();
        open.set(false);
        shop.focus("add-discount");
    };
    let show = move |_| {
        open.set(true);
        shop.focus("discount");
    };
    let enter = move |event: leptos::ev::KeyboardEvent| {
        if event.key() == "Enter" {
            event.prevent_default();
            apply();
        }
    };
    let body = part(move || match (applied.get(), open.get()) {
        (Some(code), _) => view! {
            <p class="code">
                <span>{shop.fill("code_applied", &[("code", &code)])}</span>
                <button type="button" class="link" on:click=remove>
                    {shop.say("remove")}
                </button>
            </p>
        }
        .into_any(),
        (None, false) => view! {
            <button type="button" class="link" id="add-discount" on:click=show>
                {shop.say("add_discount")}
            </button>
        }
        .into_any(),
        (None, true) => view! {
            <div class="apply" on:keydown=enter>
                <Input field=Field::Discount label="discount" value=shop.discount autocomplete="off" />
                <button type="button" class="secondary" on:click=move |_| apply()>
                    {text(move || shop.say("apply"))}
                </button>
            </div>
        }
        .into_any(),
    });
    view! { <div class="discount">{body}</div> }
}
