//! What a person does: click, type, press keys, look into a frame.

use std::time::Instant;

use serde_json::json;
use thirtyfour::error::WebDriverResult;
use thirtyfour::{Key, WebElement};

use super::{Browser, GLANCE};

impl Browser {
    /// Clicks the first visible element that fits, as soon as it takes the click.
    pub async fn click(&self, css: &str) {
        self.click_saying(css, "").await;
    }

    /// Clicks the first visible element that fits and says `text`.
    pub async fn click_saying(&self, css: &str, text: &str) {
        let deadline = Instant::now() + self.patience;
        // A view may be drawn anew between looking and clicking; a person would just click again.
        while let Err(refusal) = self.try_click(css, text).await {
            if Instant::now() > deadline {
                self.give_up(&format!("{css} {text} to take a click\nbecause: {refusal}")).await;
            }
            tokio::time::sleep(GLANCE).await;
        }
    }

    async fn try_click(&self, css: &str, text: &str) -> WebDriverResult<()> {
        let element = self.find_saying(css, text).await;
        // To the middle, as a person scrolls: at its edge the page may have a bar of its own.
        let middle = "arguments[0].scrollIntoView({ block: 'center' });";
        self.driver.execute(middle, vec![element.to_json()?]).await?;
        element.click().await
    }

    /// Replaces what a field holds by typing.
    pub async fn fill(&self, css: &str, text: &str) {
        self.wait_for(&format!("{css} to take text"), async || {
            let field = self.find(css).await;
            typed(&field, text).await
        })
        .await;
    }

    /// Chooses the option of a `<select>` by its value, and tells the page so.
    pub async fn choose(&self, css: &str, value: &str) {
        let field = self.find(css).await;
        let chosen: bool = self
            .script(
                "const [field, value] = arguments; field.value = value;
                for (const type of ['input', 'change']) field.dispatchEvent(new Event(type, { bubbles: true }));
                return field.value === value;",
                &[field.to_json().expect("an element has a reference"), json!(value)],
            )
            .await;
        assert!(chosen, "{css} has no option {value}");
    }

    /// Presses a key where the keyboard is: `Key::Tab`, `Key::Escape`, `Key::Enter`.
    pub async fn press(&self, key: Key) {
        self.driver.action_chain().send_keys(key).perform().await.expect("a key can be pressed");
    }

    /// Presses Tab with Shift held.
    pub async fn press_shift_tab(&self) {
        let keys = self.driver.action_chain().key_down(Key::Shift).send_keys(Key::Tab).key_up(Key::Shift);
        keys.perform().await.expect("keys can be pressed");
    }

    /// Types where the keyboard is.
    pub async fn type_text(&self, text: &str) {
        self.driver.action_chain().send_keys(text).perform().await.expect("text can be typed");
    }

    /// Looks into a frame; selectors then mean what is in it. [`Browser::leave_frames`] comes back.
    pub async fn enter_frame(&self, css: &str) {
        self.find(css).await.enter_frame().await.unwrap_or_else(|error| panic!("{css} cannot be entered: {error}"));
    }

    /// Looks at the page again.
    pub async fn leave_frames(&self) {
        self.driver.enter_default_frame().await.expect("there is a page around the frame");
    }
}

async fn typed(field: &WebElement, text: &str) -> bool {
    // Cleared by keys, so that the page hears of it as it would from a person.
    let emptied = field.send_keys(Key::Control + "a" + Key::Backspace).await;
    emptied.is_ok() && (text.is_empty() || field.send_keys(text).await.is_ok())
}
