//! JSON at the door: read once, strictly, into types. What `serde_json` lets pass and we do not:
//! a field named twice, an array where an object belongs, control characters, card numbers.

use checkout_types::problem::FieldError;
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::error::{Code, Problem, field};

mod card;

/// Nesting beyond this is no request of ours.
const DEEPEST: usize = 16;
/// Characters in one text of a request; a quote's token is longer and checked by its seal.
const LONGEST: usize = 4_096;
/// Fields whose value is sealed or hashed text of ours, not something that a person wrote.
const OPAQUE: [&str; 2] = ["/quote_token", "/customer_token"];

/// Reads an object of ours.
///
/// # Errors
/// A problem that points at the first thing that is wrong, and never repeats it.
pub fn read<T: DeserializeOwned + Serialize>(body: &[u8]) -> Result<T, Problem> {
    let text = std::str::from_utf8(body).map_err(|_| Code::JsonInvalid)?;
    let value = strict(text)?;
    if !value.is_object() {
        return Err(Problem::at(Code::ObjectExpected, ""));
    }
    check_texts(&value, &mut String::new())?;
    let typed: T = serde_path_to_error::deserialize(&value).map_err(|error| mistyped(&error))?;
    // serde takes an array for a struct; what comes out again shows where that happened.
    let again = serde_json::to_value(&typed).map_err(|_| Code::Internal)?;
    match array_for_object(&value, &again, String::new()) {
        Some(pointer) => Err(Problem::at(Code::ObjectExpected, short(&pointer))),
        None => Ok(typed),
    }
}

fn strict(text: &str) -> Result<Value, Problem> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = Strict { depth: 0 }.deserialize(&mut deserializer);
    let value = read.and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| {
        let said = error.to_string();
        let code = if said.starts_with(TWICE) {
            Code::JsonDuplicateKey
        } else if said.starts_with(TOO_DEEP) || said.starts_with("recursion limit") {
            Code::JsonTooDeep
        } else if said.starts_with("number out of range") {
            Code::OutOfRange
        } else {
            Code::JsonInvalid
        };
        code.into()
    })
}

const TWICE: &str = "field named twice";
const TOO_DEEP: &str = "nested too deep";

/// Reads any JSON into a `Value`, but refuses a key that comes twice: `Value` alone would keep the
/// last, and two readers of one body could see two carts.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        if self.depth > DEEPEST {
            return Err(D::Error::custom(TOO_DEEP));
        }
        deserializer.deserialize_any(Self { depth: self.depth + 1 })
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(self)?;
            if object.insert(key, value).is_some() {
                return Err(A::Error::custom(TWICE));
            }
        }
        Ok(Value::Object(object))
    }
}

fn check_texts(value: &Value, pointer: &mut String) -> Result<(), Problem> {
    let wrong = |code, pointer: &str| Err(Problem::at(code, short(pointer)));
    match value {
        Value::String(text) => {
            let check = if OPAQUE.contains(&pointer.as_str()) { check_sealed } else { check_text };
            if let Err(code) = check(text) {
                return wrong(code, pointer);
            }
        }
        Value::Number(number) if card::is_one(&number.to_string()) => return wrong(Code::CardDataRefused, pointer),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                within(pointer, &index.to_string(), |pointer| check_texts(item, pointer))?;
            }
        }
        Value::Object(entries) => {
            for (key, value) in entries {
                if card::is_in(key) {
                    return wrong(Code::CardDataRefused, pointer);
                }
                if !is_clean(key) {
                    return wrong(Code::TextInvalid, pointer);
                }
                within(pointer, &escaped(key), |pointer| check_texts(value, pointer))?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// Whether a text may come in, from whatever body: no control characters, no card numbers.
///
/// # Errors
/// The code to refuse it with.
pub fn check_text(text: &str) -> Result<(), Code> {
    if !is_clean(text) || text.chars().count() > LONGEST {
        Err(Code::TextInvalid)
    } else if card::is_in(text) {
        Err(Code::CardDataRefused)
    } else {
        Ok(())
    }
}

/// The same for what we seal: base64url in two parts. Random letters and digits look like a card
/// number now and then, and such a text is checked by its seal.
///
/// # Errors
/// The code to refuse it with.
pub fn check_sealed(text: &str) -> Result<(), Code> {
    let encoded = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let parts = text.split_once('.').filter(|_| text.len() > 64);
    let is_sealed = parts.is_some_and(|(payload, seal)| payload.bytes().chain(seal.bytes()).all(encoded));
    if is_sealed { Ok(()) } else { check_text(text) }
}

fn within<T>(pointer: &mut String, step: &str, work: impl FnOnce(&mut String) -> T) -> T {
    let length = pointer.len();
    pointer.push('/');
    pointer.push_str(step);
    let result = work(pointer);
    pointer.truncate(length);
    result
}

/// No control characters, no characters that turn text around: a receipt shows what was typed.
fn is_clean(text: &str) -> bool {
    let turns =
        |c: char| matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}');
    // Characters that are none: the last two of each plane, and a block of Arabic ones (Unicode 23.7).
    let is_none = |c: char| u32::from(c) & 0xfffe == 0xfffe || matches!(c, '\u{fdd0}'..='\u{fdef}');
    let mut marks = 0_u32;
    text.chars().all(|c| {
        // A run of combining marks draws over its neighbours.
        marks = if unicode_normalization::char::is_combining_mark(c) { marks + 1 } else { 0 };
        marks <= 8
            && !c.is_control()
            && !turns(c)
            && !is_none(c)
            && !matches!(c, '\u{feff}' | '\u{2028}' | '\u{2029}' | '\u{2061}'..='\u{2064}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
    })
}

/// A pointer as it may be answered. A field's name is the caller's text, so names that are not like
/// ours are left out: the pointer then ends at the object that holds the field.
fn short(pointer: &str) -> String {
    const LONGEST_NAME: usize = 40;
    const MOST_STEPS: usize = 8;
    let plain = |step: &&str| {
        (1..=LONGEST_NAME).contains(&step.len())
            && step.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    pointer.split('/').skip(1).take(MOST_STEPS).take_while(plain).map(|step| ["/", step].concat()).collect()
}

/// RFC 6901.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

fn mistyped(error: &serde_path_to_error::Error<serde_json::Error>) -> Problem {
    let said = error.inner().to_string();
    let mut pointer = pointer_of(error.path());
    let code = if said.starts_with("unknown field") {
        // serde names the field in its text and, here, in its path as well or not at all.
        Code::UnknownField
    } else if said.starts_with("missing field") {
        if let Some(name) = said.split('`').nth(1) {
            pointer = format!("{pointer}/{name}");
        }
        Code::Required
    } else if said.starts_with("invalid type: null") {
        Code::Required
    } else if said.starts_with("invalid value: integer") || is_beyond_integers(&said) {
        Code::OutOfRange
    } else if said.contains("ISO 4217") {
        Code::UnsupportedCurrency
    } else {
        Code::TypeMismatch
    };
    let errors: Vec<FieldError> = vec![field(short(&pointer), code)];
    Problem { errors, ..code.into() }
}

/// serde reads an integer that no integer type holds as a float, such as 10^22.
fn is_beyond_integers(said: &str) -> bool {
    let number = said.strip_prefix("invalid type: floating point `").and_then(|rest| rest.split('`').next());
    number.and_then(|number| number.parse::<f64>().ok()).is_some_and(|number| number.abs() >= 9.2e18)
}

fn pointer_of(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let step = |segment: &Segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", escaped(key)),
        Segment::Enum { variant } => format!("/{variant}"),
        Segment::Unknown => String::new(),
    };
    path.iter().map(step).collect()
}

fn array_for_object(given: &Value, typed: &Value, pointer: String) -> Option<String> {
    match (given, typed) {
        (Value::Array(_), Value::Object(_)) => Some(pointer),
        (Value::Array(given), Value::Array(typed)) => given
            .iter()
            .zip(typed)
            .enumerate()
            .find_map(|(index, (given, typed))| array_for_object(given, typed, format!("{pointer}/{index}"))),
        (Value::Object(given), Value::Object(typed)) => given
            .iter()
            .find_map(|(key, given)| array_for_object(given, typed.get(key)?, format!("{pointer}/{}", escaped(key)))),
        _ => None,
    }
}
