//! The harness itself: it sees, it acts, and above all it can fail.

use std::time::Duration;

use checkout_tests::axe;
use checkout_tests::browser::{Browser, Key, Options};
use checkout_tests::pages::{Page, serve};

/// A button and a field two shadow roots deep, as the widget has them.
const NESTED: &str = r#"<!doctype html><html lang="en"><title>Nested</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<main><h1>A shop</h1><outer-box></outer-box></main>
<script>
const box = (name, fill) => customElements.define(name, class extends HTMLElement {
    connectedCallback() { fill(this.attachShadow({ mode: 'open' })); }
});
box('inner-box', (root) => {
    root.innerHTML = '<label>E-mail <input name="email"></label> <button>Pay now</button> <p role="status"></p><p hidden>secret</p>';
    root.querySelector('button').onclick = () => setTimeout(() => {
        root.querySelector('p').textContent = 'Paid by ' + root.querySelector('input').value;
    }, 200);
});
box('outer-box', (root) => { root.innerHTML = '<section aria-label="Checkout"><inner-box></inner-box></section>'; });
</script></html>"#;

async fn open(options: Options, html: &str) -> Browser {
    let origin = serve(vec![Page::html("/", html)]).await;
    let browser = Browser::open(options).await;
    browser.go(&format!("{origin}/")).await;
    browser
}

#[tokio::test]
async fn it_acts_and_sees_through_nested_shadow_roots() {
    let browser = open(Options::default(), NESTED).await;
    browser.fill("input[name=email]", "wrong").await;
    browser.fill("input[name=email]", "ada@example.com").await;
    assert_eq!(browser.value("input").await, "ada@example.com");
    browser.click_saying("button", "Pay").await;
    browser.wait_for_text("[role=status]", "Paid by ada@example.com").await;
    assert_eq!(browser.text("outer-box >>> section inner-box >>> p").await, "Paid by ada@example.com");
    assert!(!browser.sees("h1 >>> p").await);
    assert!(!browser.sees("p[hidden]").await);
    assert_eq!(browser.all("p").await.len(), 2);
}

#[tokio::test]
async fn it_knows_where_the_keyboard_is() {
    let browser = open(Options::default(), NESTED).await;
    browser.press(Key::Tab).await;
    assert_eq!(browser.focus().await.name, "email");
    browser.type_text("a@b.c").await;
    browser.press(Key::Tab).await;
    assert_eq!(browser.focus().await.label, "Pay now");
    assert!(browser.focus_is_in("section").await, "through two shadow roots");
    assert!(!browser.focus_is_in("h1").await);
    browser.press_shift_tab().await;
    assert_eq!(browser.focus().await.tag, "input");
    assert_eq!(browser.value("input").await, "a@b.c");
}

#[tokio::test]
async fn it_enters_frames_and_comes_back() {
    let origin = serve(vec![
        Page::html(
            "/",
            r#"<title>Outside</title><iframe title="Pay" src="/inside"></iframe><p id="where">outside</p>"#,
        ),
        Page::html("/inside", r#"<p id="where">inside</p>"#),
    ])
    .await;
    let browser = Browser::open(Options::default()).await;
    browser.go(&format!("{origin}/")).await;
    browser.enter_frame("iframe").await;
    assert_eq!(browser.text("#where").await, "inside");
    browser.leave_frames().await;
    assert_eq!(browser.text("#where").await, "outside");
}

#[tokio::test]
async fn axe_finds_nothing_on_a_good_page_and_the_fault_on_a_bad_one() {
    let browser = open(Options::default(), NESTED).await;
    axe::assert_accessible(&browser, "a good page").await;
    // Faults in the deepest shadow root, where a careless check would not look.
    let spoil = "document.querySelector('outer-box').shadowRoot.querySelector('inner-box').shadowRoot
        .append(document.createElement('button'), document.createElement('img'));";
    browser.script::<()>(spoil, &[]).await;
    let violations = axe::violations(&browser, None).await;
    let rules: Vec<_> = violations.iter().map(|violation| violation.id.as_str()).collect();
    assert_eq!(rules, ["button-name", "image-alt"]);
    assert!(violations[0].to_string().contains("<button></button>"), "{}", violations[0]);
}

#[tokio::test]
async fn a_phone_is_320_pixels_wide_and_dark_when_asked() {
    let browser = open(Options { dark: true, still: true, ..Options::phone() }, NESTED).await;
    let seen: (u32, bool, bool) = browser
        .script(
            "const media = (query) => matchMedia(query).matches;
            return [innerWidth, media('(prefers-color-scheme: dark)'), media('(prefers-reduced-motion: reduce)')];",
            &[],
        )
        .await;
    assert_eq!(seen, (320, true, true));
    assert!(!browser.scrolls_sideways().await);
    browser.script::<()>("document.body.append(Object.assign(document.createElement('div'), { style: 'width: 400px; height: 1px' }))", &[]).await;
    assert!(browser.scrolls_sideways().await);
}

#[tokio::test]
async fn a_screenshot_shows_the_viewport() {
    let browser = open(Options { scale: 2, ..Options::phone() }, NESTED).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("views/shop.png");
    browser.screenshot(&path).await;
    let png = std::fs::read(path).unwrap();
    assert!(png.starts_with(b"\x89PNG\r\n"));
    let side = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    assert_eq!((side(16), side(20)), (640, 1280), "320 by 640, twice as fine");
}

#[tokio::test]
async fn without_javascript_a_page_is_as_it_was_sent() {
    let html = "<title>Plain</title><p>sent</p><script>document.querySelector('p').textContent = 'scripted'</script>";
    let browser = open(Options { no_js: true, ..Options::default() }, html).await;
    assert_eq!(browser.text("p").await, "sent");
}

#[tokio::test]
async fn errors_on_the_console_are_collected_once() {
    let browser = open(Options::default(), "<title>Broken</title><script>boom()</script>").await;
    let errors = browser.console_errors().await;
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("boom is not defined"));
    assert_eq!(browser.console_errors().await, Vec::<String>::new());
}

#[tokio::test]
#[should_panic(expected = "waited 1 s for: button that says Refund")]
async fn what_never_comes_fails_with_what_was_there() {
    let patience = Duration::from_secs(1);
    let browser = open(Options { patience, ..Options::default() }, NESTED).await;
    browser.click_saying("button", "Refund").await;
}
