//! The stream of a checkout's changes, read with `fetch` because `EventSource` sends no headers.

use checkout_types::checkout::Checkout;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ReadableStreamDefaultReader, Response};

use super::{Api, Call, within, within_ms};
use crate::value::Value;
use crate::wire;

/// The helper says something every fifteen seconds, if only that it is there. A connection that is silent
/// for longer than two of those is dead, though nobody has said so: a laptop slept, a phone changed networks.
const SILENCE_MS: i32 = 35_000;

/// The text of a stream, from which whole messages are taken as they arrive.
#[derive(Default)]
pub struct Messages {
    line: String,
    data: String,
}

impl Messages {
    /// Takes what has arrived, and gives the data of each message that is now whole. Comments and
    /// other fields are passed over.
    pub fn push(&mut self, arrived: &str) -> Vec<String> {
        let mut whole = Vec::new();
        for letter in arrived.chars() {
            match letter {
                '\r' => {}
                '\n' => whole.extend(self.end_line()),
                _ => self.line.push(letter),
            }
        }
        whole
    }

    /// An empty line ends a message.
    fn end_line(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.line);
        if let Some(data) = line.strip_prefix("data:") {
            self.data.push_str(data.trim_start());
        }
        (line.is_empty() && !self.data.is_empty()).then(|| std::mem::take(&mut self.data))
    }
}

impl Api {
    /// Follows a checkout until the stream ends; `false` if it could not be read at all.
    pub async fn follow(&self, id: &str, secret: &str, mut changed: impl FnMut(Checkout)) -> bool {
        let path = ["/v1/checkouts/", id, "/events"].concat();
        let bearer = ["Bearer ", secret].concat();
        let call =
            Call { method: "GET", path: &path, header: Some(("Authorization", &bearer)), proof: None, body: None };
        let Ok(response) = within(self.fetch(call)).await else { return false };
        let response: Response = response.unchecked_into();
        let (true, Some(stream)) = (response.ok(), response.body()) else { return false };
        let Ok(reader) = stream.get_reader().dyn_into::<ReadableStreamDefaultReader>() else { return false };
        let (mut messages, decoder) = (Messages::default(), TextDecoder::new());
        while let Ok(chunk) = within_ms(reader.read(), SILENCE_MS).await {
            let chunk = Value(chunk);
            if chunk.flag("done") == Some(true) {
                break;
            }
            for data in messages.push(&decoder.decode(&chunk.get("value").0, &streaming())) {
                if let Some(checkout) = Value::parse(&data).as_ref().and_then(wire::checkout) {
                    changed(checkout);
                }
            }
        }
        // Broken off or silent: nothing more is expected of it.
        _ = reader.cancel();
        true
    }
}

/// A character may be cut in two between chunks.
fn streaming() -> JsValue {
    crate::value::Record::default().with("stream", true).into()
}

#[wasm_bindgen::prelude::wasm_bindgen]
extern "C" {
    type TextDecoder;
    #[wasm_bindgen(constructor)]
    fn new() -> TextDecoder;
    #[wasm_bindgen(method)]
    fn decode(this: &TextDecoder, bytes: &JsValue, options: &JsValue) -> String;
}

#[cfg(test)]
mod tests {
    use super::Messages;

    #[test]
    fn a_message_counts_once_it_is_whole() {
        let mut messages = Messages::default();
        assert!(messages.push("event: checkout\nda").is_empty());
        assert!(messages.push("ta: {\"a\":1}\n").is_empty());
        assert_eq!(messages.push("\nevent: checkout\ndata: 2\n\n"), ["{\"a\":1}", "2"]);
    }

    #[test]
    fn comments_that_keep_the_line_alive_are_no_messages() {
        let mut messages = Messages::default();
        assert!(messages.push(": still here\n\n: still here\n\n").is_empty());
        assert_eq!(messages.push("data:1\r\n\r\n"), ["1"]);
    }
}
