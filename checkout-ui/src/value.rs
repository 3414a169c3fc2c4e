//! Plain JavaScript values: the shape in which options and answers arrive, and bodies leave.
//!
//! The browser parses and writes JSON itself, so the widget carries no parser of its own.

use js_sys::{Array, JSON, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// A value to read from. What is absent, or of another type, reads as `None`.
#[derive(Clone)]
pub struct Value(pub JsValue);

impl Value {
    /// Parses JSON; `None` if it is none.
    pub fn parse(json: &str) -> Option<Self> {
        JSON::parse(json).ok().map(Self)
    }

    /// The member of that name; a path of names is joined by dots.
    pub fn get(&self, path: &str) -> Self {
        let mut value = self.0.clone();
        for key in path.split('.') {
            value = Reflect::get(&value, &JsValue::from_str(key)).unwrap_or(JsValue::UNDEFINED);
        }
        Self(value)
    }

    /// A member that is a text, and not an empty one.
    pub fn text(&self, path: &str) -> Option<String> {
        self.get(path).0.as_string().filter(|text| !text.is_empty())
    }

    /// A member that is a whole number.
    pub fn int(&self, path: &str) -> Option<i64> {
        let number = self.get(path).0.as_f64()?;
        #[expect(clippy::cast_possible_truncation, reason = "whole numbers up to 2^53 are exact; others saturate")]
        Some(number as i64)
    }

    /// A member that is a whole number from zero on.
    pub fn count(&self, path: &str) -> Option<u32> {
        self.int(path).and_then(|number| u32::try_from(number).ok())
    }

    /// Whether a member is `true`, or the text `true` of an attribute.
    pub fn flag(&self, path: &str) -> Option<bool> {
        let value = self.get(path).0;
        value.as_bool().or_else(|| value.as_string().map(|text| text != "false"))
    }

    /// A member's elements; none if it is no list.
    pub fn list(&self, path: &str) -> Vec<Self> {
        self.get(path).0.dyn_into::<Array>().map(|list| list.iter().map(Self).collect()).unwrap_or_default()
    }

    /// Whether there is anything.
    pub fn is_there(&self) -> bool {
        !self.0.is_undefined() && !self.0.is_null()
    }
}

/// An object to write, in the order of the calls.
#[derive(Clone, Default)]
pub struct Record(Object);

impl Record {
    /// Sets a member.
    pub fn with(self, key: &str, value: impl Into<JsValue>) -> Self {
        self.put(key, &value.into());
        self
    }

    /// Sets a member if there is a value.
    pub fn maybe(self, key: &str, value: Option<&str>) -> Self {
        if let Some(value) = value {
            self.put(key, &JsValue::from_str(value));
        }
        self
    }

    fn put(&self, key: &str, value: &JsValue) {
        // Setting a plain member of a plain object cannot fail.
        _ = Reflect::set(&self.0, &JsValue::from_str(key), value);
    }

    /// As JSON.
    pub fn json(&self) -> String {
        json(&self.0)
    }
}

impl From<Record> for JsValue {
    fn from(record: Record) -> Self {
        record.0.into()
    }
}

/// A value as JSON; what cannot be written is empty.
pub fn json(value: &JsValue) -> String {
    JSON::stringify(value).ok().and_then(|text| text.as_string()).unwrap_or_default()
}
