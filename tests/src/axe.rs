//! Accessibility by axe-core: what a machine can find. Focus and keyboard are for stories to test.

use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::json;

use crate::browser::Browser;

/// WCAG 2.2 A and AA, and what axe's authors call good practice.
const TAGS: [&str; 6] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/// A rule that the page breaks, and where.
#[derive(Clone, Debug, Deserialize)]
pub struct Violation {
    /// The rule's name, such as `button-name`.
    pub id: String,
    /// How bad it is for people, from `minor` to `critical`.
    pub impact: Option<String>,
    /// What to do instead.
    pub help: String,
    /// The elements.
    pub nodes: Vec<Node>,
}

/// An element that breaks a rule.
#[derive(Clone, Debug, Deserialize)]
pub struct Node {
    /// Its markup.
    pub html: String,
    /// What is wrong with it.
    #[serde(rename = "failureSummary", default)]
    pub summary: Option<String>,
}

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} ({}): {}", self.id, self.impact.as_deref().unwrap_or("?"), self.help)?;
        self.nodes.iter().try_for_each(|node| {
            let summary = node.summary.as_deref().unwrap_or_default().replace('\n', "\n      ");
            writeln!(f, "    {}\n      {summary}", node.html)
        })
    }
}

/// What the page as it is now breaks; with `within`, only below the elements that fit that selector
/// of the light document. Open shadow roots are looked into; frames of other origins are not.
pub async fn violations(browser: &Browser, within: Option<&str>) -> Vec<Violation> {
    browser.script::<()>(&format!("{}\nreturn null;", source()), &[]).await;
    browser
        .script(
            "const [within, tags] = arguments;
            const finished = document.getAnimations().map((animation) => animation.finished.catch(() => {}));
            await Promise.race([Promise.all(finished), new Promise((done) => setTimeout(done, 1000))]);
            const options = { runOnly: { type: 'tag', values: tags }, resultTypes: ['violations'], iframes: false };
            return (await axe.run(within ? { include: [within] } : document, options)).violations;",
            &[json!(within), json!(TAGS)],
        )
        .await
}

/// Fails with the list of what is broken; `view` says which view it was.
pub async fn assert_accessible(browser: &Browser, view: &str) {
    let violations = violations(browser, None).await;
    let report: String = violations.iter().map(ToString::to_string).collect();
    assert!(violations.is_empty(), "{view}: {} accessibility rules are broken\n{report}", violations.len());
}

fn source() -> &'static str {
    static SOURCE: OnceLock<String> = OnceLock::new();
    SOURCE.get_or_init(|| {
        let path = crate::in_repository("node_modules/axe-core/axe.min.js");
        std::fs::read_to_string(&path).expect("axe-core is not here: run `make tools`")
    })
}
