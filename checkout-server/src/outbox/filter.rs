//! Which events an endpoint wants: names such as `checkout.paid`, groups such as `subscription.*`. Pure.

use crate::announcement::Kind;
use crate::catalog::nearest;

/// The events that somebody wants to hear of. By default all of them, those of later versions too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter(Option<Vec<Kind>>);

/// A name that is no event's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no event; {cure}")]
pub struct UnknownKind {
    name: String,
    cure: String,
}

impl Filter {
    /// Reads names as the settings write them.
    ///
    /// # Errors
    /// A name is no event's and no group's, or there is none at all.
    pub fn parse<T: AsRef<str>>(names: &[T]) -> Result<Self, UnknownKind> {
        if names.is_empty() {
            let cure = "an empty list wants nothing: leave it out for all events".to_owned();
            return Err(UnknownKind { name: "[]".to_owned(), cure });
        }
        let mut wanted = Vec::new();
        for name in names.iter().map(AsRef::as_ref) {
            if name == "*" {
                return Ok(Self::default());
            }
            let before = wanted.len();
            wanted.extend(Kind::ALL.into_iter().filter(|kind| is_meant(name, *kind)));
            if wanted.len() == before {
                return Err(unknown(name));
            }
        }
        wanted.sort_unstable();
        wanted.dedup();
        Ok(Self(Some(wanted)))
    }

    /// Whether somebody wants to hear of that.
    #[must_use]
    pub fn takes(&self, kind: Kind) -> bool {
        self.0.as_ref().is_none_or(|wanted| wanted.contains(&kind))
    }
}

fn is_meant(name: &str, kind: Kind) -> bool {
    match name.strip_suffix(".*") {
        Some(group) => group_of(kind) == group,
        None => kind.as_str() == name,
    }
}

/// What stands before the dot.
fn group_of(kind: Kind) -> &'static str {
    kind.as_str().split('.').next().unwrap_or_default()
}

fn unknown(name: &str) -> UnknownKind {
    let groups = Kind::ALL.map(|kind| format!("{}.*", group_of(kind)));
    let names: Vec<&str> =
        Kind::ALL.iter().map(|kind| kind.as_str()).chain(groups.iter().map(String::as_str)).collect();
    let cure = match nearest(name, &names) {
        Some(meant) => format!("did you mean {meant:?}?"),
        None => "docs/webhooks.md lists all events; a group is written as \"subscription.*\"".to_owned(),
    };
    UnknownKind { name: name.to_owned(), cure }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(names: &[&str]) -> Vec<&'static str> {
        let filter = Filter::parse(names).unwrap();
        Kind::ALL.into_iter().filter(|kind| filter.takes(*kind)).map(Kind::as_str).collect()
    }

    #[test]
    fn names_and_groups_are_understood() {
        assert_eq!(taken(&["checkout.paid"]), ["checkout.paid"]);
        assert_eq!(taken(&["dispute.*"]), ["dispute.opened", "dispute.won", "dispute.lost"]);
        assert_eq!(taken(&["dispute.*", "dispute.won", "checkout.paid"]).len(), 4);
        assert_eq!(taken(&["*"]).len(), Kind::ALL.len());
        assert!(Kind::ALL.into_iter().all(|kind| Filter::default().takes(kind)));
    }

    #[test]
    fn what_is_no_event_is_told_with_its_cure() {
        for (names, told) in [
            (
                &["subscription.renewd"][..],
                r#""subscription.renewd" is no event; did you mean "subscription.renewed"?"#,
            ),
            (&["subscriptions.*"][..], r#"did you mean "subscription.*"?"#),
            (&["subscription"][..], "is no event"),
            (&["weather"][..], "docs/webhooks.md lists all events"),
            (&["checkout.paid", "*.paid"][..], "is no event"),
            (&[""][..], "is no event"),
            (&[][..], "leave it out for all events"),
        ] {
            let error = Filter::parse(names).unwrap_err().to_string();
            assert!(error.contains(told), "{names:?}: {error}");
        }
    }
}
