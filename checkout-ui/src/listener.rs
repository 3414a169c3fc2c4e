//! Listening to the page, until dropped.

use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Event, EventTarget};

/// A listener that is removed when this is dropped.
pub struct Listener {
    target: EventTarget,
    name: &'static str,
    closure: Closure<dyn FnMut(Event)>,
}

impl Listener {
    /// Calls `heard` with each event of that name, before the elements inside hear it.
    pub fn new(target: &EventTarget, name: &'static str, heard: impl FnMut(Event) + 'static) -> Self {
        let closure = Closure::<dyn FnMut(Event)>::new(heard);
        let function = closure.as_ref().unchecked_ref();
        // Only an invalid argument could be refused, and there is none.
        _ = target.add_event_listener_with_callback_and_bool(name, function, true);
        Self { target: target.clone(), name, closure }
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        let function = self.closure.as_ref().unchecked_ref();
        _ = self.target.remove_event_listener_with_callback_and_bool(self.name, function, true);
    }
}
