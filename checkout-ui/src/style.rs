//! One style sheet for every widget of the page, adopted by the shadow root: no `<style>`, no
//! inline attribute, so a strict content security policy has nothing to refuse.

use js_sys::{Array, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CssStyleSheet, HtmlElement, Node, ShadowRoot};

use crate::options::Options;

const CSS: &str = concat!(
    include_str!("../../style/tokens.css"),
    include_str!("../../style/base.css"),
    include_str!("../../style/dialog.css"),
    include_str!("../../style/summary.css"),
    include_str!("../../style/form.css"),
    include_str!("../../style/frame.css"),
    include_str!("../../style/status.css"),
);

thread_local! {
    static SHEET: Option<CssStyleSheet> = {
        let sheet = CssStyleSheet::new().ok();
        if let Some(sheet) = &sheet {
            // The text is ours, and has no @import.
            _ = sheet.replace_sync(CSS);
        }
        sheet
    };
}

/// Adds the sheet, once, to the root that `element` stands in, and sets what the page chose.
pub fn adopt(element: &Node, options: &Options) {
    let Ok(root) = element.get_root_node().dyn_into::<ShadowRoot>() else { return };
    let key = JsValue::from_str("adoptedStyleSheets");
    SHEET.with(|sheet| {
        let (Some(sheet), Ok(list)) = (sheet, Reflect::get(&root, &key)) else { return };
        let list = Array::from(&list);
        if !list.includes(sheet, 0) {
            list.push(sheet);
            _ = Reflect::set(&root, &key, &list);
        }
    });
    let Ok(host) = root.host().dyn_into::<HtmlElement>() else { return };
    // Any other word, `auto` too, would be a scheme of its own to CSS, and a light one.
    if let Some(theme) = options.theme.as_deref().filter(|theme| matches!(*theme, "light" | "dark")) {
        _ = host.style().set_property("color-scheme", theme);
    }
    // A name or value that is none is left out by the browser.
    for (name, value) in &options.variables {
        _ = host.style().set_property(&property(name), value);
    }
}

/// `colorPrimary` is `--checkout-color-primary`.
fn property(name: &str) -> String {
    let mut property = String::from("--checkout-");
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            property.push('-');
        }
        property.push(letter.to_ascii_lowercase());
    }
    property
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_variable_is_named_as_its_property() {
        assert_eq!(super::property("colorPrimary"), "--checkout-color-primary");
        assert_eq!(super::property("borderRadius"), "--checkout-border-radius");
    }
}
