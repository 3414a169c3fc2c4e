//! What a person sees: elements (through open shadow roots), text, focus, errors.

use serde::Deserialize;
use serde_json::{Value, json};
use thirtyfour::WebElement;

use super::Browser;

/// `all(selector, text, visible)`: elements that fit, in the page's order, those of a shadow root after their
/// host. Each script that uses it starts with it, because a page that was left takes its globals along.
const ALL: &str = r"
const all = (selector, text, visible) => {
    const found = [];
    const shown = (element) => {
        const box = element.getBoundingClientRect();
        return box.width > 0 && box.height > 0 && element.checkVisibility({ visibilityProperty: true });
    };
    const says = (element) => (element.innerText || element.textContent || '').replace(/\s+/g, ' ').includes(text);
    const parts = selector.split('>>>').map((part) => part.trim());
    const fits = (element, at = parts.length - 1) => {
        if (!element.matches?.(parts[at])) return false;
        if (at === 0) return true;
        for (let e = element; (e = e.parentNode ?? e.host); ) if (e !== element && fits(e, at - 1)) return true;
        return false;
    };
    const visit = (root) => {
        for (const element of root.querySelectorAll('*')) {
            if (fits(element) && (!visible || shown(element)) && (!text || says(element))) found.push(element);
            if (element.shadowRoot) visit(element.shadowRoot);
        }
    };
    visit(document);
    return found;
};
const deepFocus = () => {
    let focused = document.activeElement;
    while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
    return focused;
};
";

/// Where the keyboard is.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Focus {
    /// The element's name, in lower case.
    pub tag: String,
    /// Its `id`, or nothing.
    pub id: String,
    /// Its `name` attribute, or nothing.
    pub name: String,
    /// Its `aria-label`, or else its text.
    pub label: String,
}

impl Browser {
    /// All elements that fit a CSS selector now, the invisible ones too. Selectors here see into open
    /// shadow roots; where one has to reach across, `host >>> button` joins its parts.
    pub async fn all(&self, css: &str) -> Vec<WebElement> {
        self.matching(css, "", false).await
    }

    /// The first visible element that fits, as soon as there is one.
    pub async fn find(&self, css: &str) -> WebElement {
        self.find_saying(css, "").await
    }

    /// The first visible element that fits and whose text contains `text`. Prefer it over classes:
    /// `find_saying("button", "Pay")` finds what a buyer would.
    pub async fn find_saying(&self, css: &str, text: &str) -> WebElement {
        let mut found = None;
        let what = if text.is_empty() { format!("{css} to be visible") } else { format!("{css} that says {text}") };
        self.wait_for(&what, async || {
            found = self.matching(css, text, true).await.into_iter().next();
            found.is_some()
        })
        .await;
        found.expect("the wait ended because it was found")
    }

    /// Whether such an element can be seen now.
    pub async fn sees(&self, css: &str) -> bool {
        !self.matching(css, "", true).await.is_empty()
    }

    /// Waits until no such element can be seen.
    pub async fn wait_gone(&self, css: &str) {
        self.wait_for(&format!("{css} to go"), async || !self.sees(css).await).await;
    }

    /// The text of the first visible element that fits, white space folded.
    pub async fn text(&self, css: &str) -> String {
        let script =
            format!("{ALL} return all(arguments[0], '', true)[0]?.innerText.replace(/\\s+/g, ' ').trim() ?? null;");
        let mut text = None;
        self.wait_for(&format!("{css} to be visible"), async || {
            text = self.script(&script, &[json!(css)]).await;
            text.is_some()
        })
        .await;
        text.expect("the wait ended because it was found")
    }

    /// Waits until a visible element that fits says `text`.
    pub async fn wait_for_text(&self, css: &str, text: &str) {
        self.find_saying(css, text).await;
    }

    /// What a form field holds.
    pub async fn value(&self, css: &str) -> String {
        let field = self.find(css).await;
        field.prop("value").await.ok().flatten().unwrap_or_default()
    }

    /// An attribute of the first element that fits, visible or not.
    pub async fn attribute(&self, css: &str, name: &str) -> Option<String> {
        let script = format!("{ALL} return all(arguments[0], '', false)[0]?.getAttribute(arguments[1]) ?? null;");
        self.script(&script, &[json!(css), json!(name)]).await
    }

    /// Where the keyboard is, at the bottom of the shadow roots.
    pub async fn focus(&self) -> Focus {
        let script = format!(
            "{ALL} const e = deepFocus(); return {{ tag: e?.localName ?? '', id: e?.id ?? '', name: e?.getAttribute('name') ?? '',
            label: (e?.ariaLabel || e?.innerText || '').trim() }};"
        );
        self.script(&script, &[]).await
    }

    /// Whether the keyboard is on or inside an element that fits, shadow roots included.
    pub async fn focus_is_in(&self, css: &str) -> bool {
        let script = format!(
            "{ALL} let e = deepFocus(); while (e) {{ if (e.matches?.(arguments[0])) return true; e = e.parentNode ?? e.host; }}
            return false;"
        );
        self.script(&script, &[json!(css)]).await
    }

    /// Whether anything is wider than the page: a sideways scroll bar on a phone.
    pub async fn scrolls_sideways(&self) -> bool {
        self.script("const e = document.scrollingElement; return e.scrollWidth > e.clientWidth;", &[]).await
    }

    /// The page's text with that of its shadow roots, for messages.
    pub(super) async fn page_text(&self) -> String {
        let script = format!(
            "{ALL} return [document.body, ...all('*', '', false).filter((e) => e.shadowRoot).flatMap((e) => [...e.shadowRoot.children])]
            .map((e) => e?.innerText?.trim()).filter(Boolean).join('\\n').slice(0, 2000);"
        );
        let returned = self.driver.execute(script, Vec::new()).await;
        returned.ok().and_then(|text| text.json().as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Errors on the console since the last call: uncaught exceptions, failed loads, policy
    /// violations. The icon that a test page lacks does not count.
    pub async fn console_errors(&self) -> Vec<String> {
        let entries = self.driver.browser_log().await.unwrap_or_default();
        let errors = entries.into_iter().filter(|entry| entry.level == "SEVERE").map(|entry| entry.message);
        errors.filter(|message| !message.contains("/favicon.ico")).collect()
    }

    async fn matching(&self, css: &str, text: &str, visible: bool) -> Vec<WebElement> {
        let script = format!("{ALL} return all(...arguments);");
        let arguments: Vec<Value> = vec![json!(css), json!(text), json!(visible)];
        // Between two pages there is no document: nothing is found, and the caller looks again.
        match self.driver.execute(script, arguments).await {
            Ok(found) => found.elements().unwrap_or_default(),
            Err(_) => Vec::new(),
        }
    }
}
