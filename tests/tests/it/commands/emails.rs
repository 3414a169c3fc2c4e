//! `emails preview`: what buyers will read, before any of them does.

use std::fs;

use super::run;

#[test]
fn every_mail_is_written_into_a_folder_in_three_ways() {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path().join("preview");
    let output = run(&["emails", "preview", "--into", into.to_str().unwrap(), "--shop-name", "Oak & Sons"]);
    assert!(output.status.success(), "{output:?}");
    let said = String::from_utf8(output.stdout).unwrap();
    let mut names: Vec<String> =
        fs::read_dir(&into).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names.len(), 3 * said.lines().count(), "{names:?}");
    for mail in ["receipt", "payment_failed", "trial_ending", "canceled", "access_ended"] {
        assert!(names.iter().any(|name| name.starts_with(mail)), "{mail}: {names:?}");
    }
    let read = |name: &str| fs::read_to_string(into.join(name)).unwrap();
    assert!(read("receipt-sale.txt").contains("Oak & Sons") && read("receipt-sale.html").contains("Oak &amp; Sons"));
    let eml = read("receipt-sale.eml");
    assert!(eml.contains("multipart/alternative") && eml.contains("<ada@example.com>\r\n"), "{eml}");
}

#[test]
fn one_mail_is_printed_and_a_mistake_is_named() {
    let printed = run(&["emails", "preview", "--template", "payment_failed"]);
    let text = String::from_utf8(printed.stdout).unwrap();
    assert!(printed.status.success() && text.starts_with("Your payment for Pro did not go through\n"), "{text}");
    let html = run(&["emails", "preview", "--template", "payment_failed", "--part", "html"]);
    assert!(String::from_utf8(html.stdout).unwrap().starts_with("<!doctype html>"));

    let unknown = run(&["emails", "preview", "--template", "recipt"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&unknown.stderr).contains("known are receipt, payment_failed"), "{unknown:?}");

    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("receipt")).unwrap();
    fs::write(folder.path().join("receipt/text.txt"), "Hello\n{{ nmae }}\n").unwrap();
    let wrong = run(&["emails", "preview", "--templates", folder.path().to_str().unwrap()]);
    let told = String::from_utf8_lossy(&wrong.stderr).into_owned();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(told.contains("receipt/text.txt:2: there is no variable \"nmae\"; did you mean \"name\"?"), "{told}");
    assert_eq!(run(&["emails", "preview", "--part", "html"]).status.code(), Some(2), "of which mail?");
}
