use std::fs;

use tempfile::TempDir;

use super::*;

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    folder
}

fn error(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let error = Templates::load(Some(folder.path())).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.path().display()), "")
}

#[test]
fn our_own_have_no_mistakes_and_no_part_is_empty() {
    let templates = Templates::load(None).unwrap();
    for mail in Mail::ALL {
        for (shape, values) in examples(mail, "Fernway", "help@fernway.example") {
            let Written { subject, text, html } = templates.write(mail, &values).unwrap();
            let all = format!("{subject}\n{text}\n{html}");
            assert!(subject.len() > 10 && text.len() > 200 && html.len() > 2_000, "{mail:?} {shape}: {all}");
            assert!(!all.contains("{{") && !all.contains("{%") && !text.contains("none"), "{mail:?} {shape}: {all}");
            assert!(text.contains("help@fernway.example") && html.contains("help@fernway.example"), "{all}");
            // Nothing is loaded from anywhere: no picture tells that, when and where a mail was read.
            for tag in ["<img", "src=", "url(", "<script", "<link", "@import", "<iframe", "<object"] {
                assert!(!html.contains(tag), "{mail:?} {shape} has {tag}");
            }
            for value in [&values.amount, &values.next_charge_on, &values.access_until, &values.ended_on] {
                let value = value.clone().unwrap_or_default();
                assert!(text.contains(&value) && html.contains(&value), "{mail:?} {shape} does not say {value}");
            }
            if let Some(url) = &values.mend_url {
                assert!(text.contains(url) && html.replace("&#x2f;", "/").contains(url), "{mail:?} {shape}");
            }
        }
    }
}

#[test]
fn a_file_of_the_merchant_takes_the_place_of_ours_and_only_of_that() {
    let folder = folder(&[
        ("receipt/subject.txt", "Danke, {{ name or 'du' }}!\n"),
        (".DS_Store", "x"),
        ("base.html~", "{{ x }}"),
    ]);
    let templates = Templates::load(Some(folder.path())).unwrap();
    let [(_, first), _, (_, nameless)] = <[_; 3]>::try_from(examples(Mail::Receipt, "Fernway", "a@b.example")).unwrap();
    let ours = Templates::load(None).unwrap().write(Mail::Receipt, &first).unwrap();
    let theirs = templates.write(Mail::Receipt, &first).unwrap();
    assert_eq!(theirs.subject, "Danke, Ada Lovelace!");
    assert_eq!(templates.write(Mail::Receipt, &nameless).unwrap().subject, "Danke, du!");
    assert_eq!((theirs.text, theirs.html), (ours.text, ours.html));
}

#[test]
fn mistakes_name_file_and_line() {
    for (file, text, told) in [
        (
            "receipt/text.txt",
            "Hello\n{{ nmae }}\n",
            r#"receipt/text.txt:2: there is no variable "nmae"; did you mean "name"?"#,
        ),
        ("receipt/text.txt", "nmae\n\n{% if nmae %}{% endif %}", "receipt/text.txt:3: "),
        (
            "receipt/text.txt",
            "a\n{% if false %}{{ somewhere_else }}{% endif %}",
            r#"receipt/text.txt:2: there is no variable "somewhere_else"; known are shop_name, "#,
        ),
        ("receipt/text.txt", "a\n\n{% if name %}", "receipt/text.txt:3: syntax error"),
        ("canceled/html.html", "{{ name", "canceled/html.html:1: syntax error"),
        ("canceled/html.html", "a\n{{ name | upercase }}", "canceled/html.html:2: unknown filter"),
        ("canceled/html.html", "{% extends 'bass.html' %}", "canceled/html.html:1: template not found"),
        (
            "receipt/text.txt",
            "a\n{% for item in items %}{{ item.nmae }}{% endfor %}",
            "receipt/text.txt:2: undefined value",
        ),
        ("base.html", "a\nb {{ shop }}", r#"base.html:2: there is no variable "shop""#),
        ("receipt/subject.txt", "\n \n", "receipt/subject.txt:1: the subject is empty"),
        ("reciept/text.txt", "a", "reciept is no template; known are base.html, receipt/subject.txt, "),
        ("receipt/text.html", "a", "receipt/text.html is no template"),
    ] {
        let error = error(&[(file, text)]);
        assert!(error.starts_with(told), "{file} {text:?}: {error}");
    }
    let missing = Templates::load(Some(Path::new("/nowhere/at/all"))).unwrap_err().to_string();
    assert!(missing.starts_with("/nowhere/at/all: No such file"), "{missing}");
}

#[test]
fn hostile_names_are_text_in_html_and_cannot_leave_their_line() {
    let hostile = "<img src=x onerror=alert(1)>{{ 7*7 }}\r\nBcc: eve@example.com\r\n\r\n<b>\u{202e}gnp\u{0}\u{200b}";
    let values = Values {
        shop_name: hostile.to_owned(),
        contact: "help@fernway.example".to_owned(),
        name: Some(hostile.to_owned()),
        product: hostile.to_owned(),
        reference: Some(hostile.to_owned()),
        ..Values::default()
    };
    let templates = Templates::load(None).unwrap();
    for mail in Mail::ALL {
        let Written { subject, text, html } = templates.write(mail, &values).unwrap();
        assert_eq!(subject.lines().count(), 1, "{subject:?}");
        assert!(subject.chars().count() <= 180);
        assert!(!text.lines().any(|line| line.starts_with("Bcc:")), "{text}");
        assert!(!html.contains("<img") && !html.contains("<b>"), "{html}");
        for part in [&subject, &text, &html] {
            assert!(!part.contains(['\r', '\u{202e}', '\u{0}', '\u{200b}']), "{part:?}");
            assert!(!part.contains("49"), "what a buyer types is no template: {part}");
        }
    }
}
