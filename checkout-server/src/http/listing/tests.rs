use super::*;
use crate::announcement::Kind;

fn key() -> MacKey {
    crate::keys::Keys::new("a secret key of at least 32 characters".to_owned().into()).cursors
}

/// What a query of a list with one filter comes to.
fn asked(query: &str) -> Result<Sliced<i64>, Problem> {
    let mut asked = Asked::read(query)?;
    asked.choice("type", &Kind::ALL, Kind::as_str)?;
    asked.filter("since", time)?;
    asked.slice(&key(), "events")
}

fn pointer_of(query: &str) -> (Code, String) {
    let problem = asked(query).err().expect("it is refused");
    (problem.code, problem.errors[0].pointer.clone())
}

#[test]
fn what_is_not_known_is_refused_with_its_name() {
    for (query, code, pointer) in [
        ("typ=x", Code::UnknownField, "/typ"),
        ("a%2Fb=x", Code::UnknownField, "/a~1b"),
        ("type=nothing.happened", Code::FilterInvalid, "/type"),
        ("type=", Code::FilterInvalid, "/type"),
        ("type=payment.failed&type=payment.failed", Code::FilterInvalid, "/type"),
        ("since=yesterday", Code::FilterInvalid, "/since"),
        ("since=2026-11-22T21:00:00", Code::FilterInvalid, "/since"),
        ("limit=0", Code::OutOfRange, "/limit"),
        ("limit=101", Code::OutOfRange, "/limit"),
        ("limit=-1", Code::OutOfRange, "/limit"),
        ("limit=1e1", Code::OutOfRange, "/limit"),
        ("limit=", Code::OutOfRange, "/limit"),
        ("cursor=", Code::CursorInvalid, "/cursor"),
        ("cursor=x", Code::CursorInvalid, "/cursor"),
        ("cursor=AAAAAAAAAAAAAAAAAAAAAA", Code::CursorInvalid, "/cursor"),
    ] {
        assert_eq!(pointer_of(query), (code, pointer.to_owned()), "{query}");
    }
}

#[test]
fn a_page_is_twenty_five_unless_it_is_said_otherwise() {
    // One more is read than is shown.
    for (query, limit) in [("", 26), ("limit=1", 2), ("limit=100", 101), ("type=payment.failed", 26)] {
        assert_eq!(asked(query).ok().unwrap().slice.limit, limit, "{query}");
    }
}

#[test]
fn a_cursor_leads_on_and_only_where_it_was_made_for() {
    let page = asked("type=payment.failed&limit=2").ok().unwrap().page(vec![9, 8, 7], |row| *row, |row| row);
    assert_eq!(page.items, [9, 8]);
    let cursor = page.next_cursor.unwrap();
    let after = |query: String| asked(&query).ok().and_then(|sliced| sliced.slice.after);
    assert_eq!(after(format!("type=payment.failed&cursor={cursor}")), Some(8));
    // Another size is another page of the same list.
    assert_eq!(after(format!("limit=7&type=payment.failed&cursor={cursor}")), Some(8));
    for elsewhere in [
        format!("cursor={cursor}"),
        format!("type=payment.refunded&cursor={cursor}"),
        format!("type=payment.failed&since=2026-01-01T00:00:00Z&cursor={cursor}"),
        format!("type=payment.failed&cursor={}", &cursor[1..]),
        format!("type=payment.failed&cursor={}", &cursor[..cursor.len() - 1]),
        format!("type=payment.failed&cursor={cursor}A"),
    ] {
        assert_eq!(asked(&elsewhere).err().map(|problem| problem.code), Some(Code::CursorInvalid), "{elsewhere}");
    }
    let other_list = Asked::read(&format!("cursor={cursor}")).ok().unwrap().slice::<i64>(&key(), "deliveries");
    assert!(other_list.is_err());
    assert_eq!(asked("").ok().unwrap().page(vec![1], |row| *row, |row| row).next_cursor, None);
}

#[test]
fn places_read_as_they_were_written() {
    let dated = Dated { at: -5, id: "pay_1 2".to_owned() };
    assert_eq!(Dated::read(&dated.write()), Some(dated));
    assert_eq!(i64::read(&i64::MIN.write()), Some(i64::MIN));
    assert_eq!(Dated::read("now pay_1"), None);
}

#[test]
fn a_word_that_a_filter_does_not_take_is_answered_with_those_that_it_does() {
    let problem = asked("type=payment.faild").err().expect("it is refused");
    let error = &problem.errors[0];
    assert_eq!((error.pointer.as_str(), error.did_you_mean.as_deref()), ("/type", Some("payment.failed")));
    assert_eq!(error.allowed, Kind::ALL.map(|kind| kind.as_str().to_owned()));
}
