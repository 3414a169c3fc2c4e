//! The helper's executable.

fn main() {}
