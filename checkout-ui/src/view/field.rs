//! A labelled text field, with what is wrong beside it.

use leptos::prelude::*;

use super::text;
use crate::form::Field;
use crate::state::Shop;

/// A text field.
#[component]
pub fn Input(
    /// Which one.
    field: Field,
    /// The key of its label.
    label: &'static str,
    /// What is typed.
    value: RwSignal<String>,
    /// What the browser may fill in.
    autocomplete: &'static str,
    /// `email` for its keyboard on a phone.
    #[prop(default = "text")]
    kind: &'static str,
    /// Called when the buyer is done with the field.
    #[prop(optional)]
    changed: Option<Callback<()>>,
) -> impl IntoView {
    let shop = Shop::expect();
    view! {
        <div class="field" part="field">
            <label for=field.id()>{shop.say(label)}</label>
            <input
                id=field.id()
                type=kind
                autocomplete=autocomplete
                autocapitalize="off"
                spellcheck="false"
                maxlength="254"
                aria-required=(field != Field::Discount).to_string()
                aria-describedby=field.id() + "-error"
                aria-invalid=text(move || (!shop.error(field).is_empty()).to_string())
                prop:value=text(move || value.get())
                on:input=move |event| value.set(event_target_value(&event))
                on:change=move |_| {
                    if let Some(changed) = changed {
                        changed.run(());
                    }
                }
            />
            <p class="error" part="error" id=field.id() + "-error">
                {text(move || shop.error(field))}
            </p>
        </div>
    }
}
