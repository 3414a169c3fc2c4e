//! Elements, all of one type.
//!
//! `view!` gives each element a type of its own, and the compiler writes the code that builds,
//! rebuilds and drops it for every one: half of the module's weight. Here attributes and children
//! are erased first, so that there is one such code for the whole widget.

use leptos::attr::any_attribute::{AnyAttribute, IntoAnyAttribute};
use leptos::attr::custom::custom_attribute;
use leptos::ev::{Custom, Event, on};
use leptos::html::custom;
use leptos::prelude::*;
use leptos::tachys::html::property::prop;

/// A text that follows the state.
type Text = Box<dyn FnMut() -> String + Send>;

/// An element that is being described.
pub struct Tag {
    name: &'static str,
    attributes: Vec<AnyAttribute>,
    children: Vec<AnyView>,
}

/// An element of that name.
pub fn tag(name: &'static str) -> Tag {
    Tag { name, attributes: Vec::new(), children: Vec::new() }
}

impl Tag {
    /// Its class.
    pub fn class(self, name: &'static str) -> Self {
        self.set("class", name)
    }

    /// An attribute.
    pub fn set(self, name: &'static str, value: &str) -> Self {
        let value = value.to_owned();
        self.attribute(custom_attribute(name, value).into_any_attr())
    }

    /// An attribute that follows the state.
    pub fn live(self, name: &'static str, value: impl FnMut() -> String + Send + 'static) -> Self {
        let value: Text = Box::new(value);
        self.attribute(custom_attribute(name, value).into_any_attr())
    }

    /// A field's value, which follows the state.
    pub fn value(self, value: impl FnMut() -> String + Send + 'static) -> Self {
        let value: Text = Box::new(value);
        self.attribute(prop("value", value).into_any_attr())
    }

    /// What happens at an event of that name.
    pub fn on(self, name: &'static str, act: impl FnMut(Event) + 'static) -> Self {
        let act: Box<dyn FnMut(Event)> = Box::new(act);
        self.attribute(on(Custom::<Event>::new(name), act).into_any_attr())
    }

    /// What happens at a click.
    pub fn click(self, mut act: impl FnMut() + 'static) -> Self {
        self.on("click", move |_| act())
    }

    fn attribute(mut self, attribute: AnyAttribute) -> Self {
        self.attributes.push(attribute);
        self
    }

    /// An element inside.
    pub fn child(self, child: Self) -> Self {
        self.part(child.view())
    }

    /// A view inside.
    pub fn part(mut self, part: AnyView) -> Self {
        self.children.push(part);
        self
    }

    /// A text inside.
    pub fn text(self, text: String) -> Self {
        self.part(text.into_any())
    }

    /// A text inside, which follows the state.
    pub fn says(self, text: impl FnMut() -> String + Send + 'static) -> Self {
        let text: Text = Box::new(text);
        self.part(text.into_any())
    }

    /// The element as a view.
    pub fn view(self) -> AnyView {
        custom(self.name).add_any_attr(self.attributes).child(self.children).into_any()
    }
}

/// A part of a view that is drawn anew when its key is another: the focus inside stays where it is
/// while only texts change.
pub fn part(key: impl Fn() -> String + Send + Sync + 'static, draw: impl Fn() -> AnyView + Send + 'static) -> AnyView {
    drawn(Box::new(key), Box::new(draw))
}

fn drawn(key: Box<dyn Fn() -> String + Send + Sync>, draw: Box<dyn Fn() -> AnyView + Send>) -> AnyView {
    let key = Memo::new(move |_| key());
    let draw: Box<dyn FnMut() -> AnyView + Send> = Box::new(move || {
        key.with(|_| ()); // reading it, for a memo that is only tracked is never computed
        untrack(&draw)
    });
    draw.into_any()
}

/// Several views, one after the other.
pub fn all(parts: Vec<AnyView>) -> AnyView {
    parts.into_any()
}

/// Nothing to see.
pub fn nothing() -> AnyView {
    all(Vec::new())
}
