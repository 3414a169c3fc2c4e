//! A catalog is sold from, or refused with a line for each mistake.

use checkout_server::catalog::Catalog;

/// The file's text.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Catalog::parse(text) {
        Ok(catalog) => {
            serde_json::to_string(&catalog.public()).expect("plain data");
            assert_eq!(Catalog::parse(text).expect("the same text").version(), catalog.version());
        }
        Err(errors) => {
            assert!(!errors.mistakes().is_empty(), "refused without a reason");
            let lines = text.split('\n').count();
            for mistake in errors.mistakes() {
                assert!((1..=lines).contains(&mistake.line), "line {} of {lines}", mistake.line);
                assert!(!mistake.what.is_empty() && !mistake.cure.is_empty());
            }
        }
    }
}
