//! The templates of all mails: ours, which are part of the program, and a merchant's own in their place.
//! They are checked when the helper starts, not when the first card fails.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior};
use serde::Serialize;

use super::Mail;
use super::example::examples;
use super::values::{VARIABLES, Values};
use super::words;

/// The parts of each mail.
const PARTS: [&str; 3] = ["subject.txt", "text.txt", "html.html"];

macro_rules! embedded {
    ($($name:literal),+ $(,)?) => { [$(($name, include_str!(concat!("../../emails/", $name)))),+] };
}

/// Our own, by name.
const OURS: [(&str, &str); 16] = embedded![
    "base.html",
    "receipt/subject.txt",
    "receipt/text.txt",
    "receipt/html.html",
    "payment_failed/subject.txt",
    "payment_failed/text.txt",
    "payment_failed/html.html",
    "trial_ending/subject.txt",
    "trial_ending/text.txt",
    "trial_ending/html.html",
    "canceled/subject.txt",
    "canceled/text.txt",
    "canceled/html.html",
    "access_ended/subject.txt",
    "access_ended/text.txt",
    "access_ended/html.html",
];

/// What templates may name besides the variables.
const BUILT_IN: [&str; 8] = ["loop", "super", "self", "caller", "range", "dict", "namespace", "debug"];

/// A mail in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Written {
    /// One line.
    pub subject: String,
    /// For programs that show no HTML, and for people who want none.
    pub text: String,
    /// For all others.
    pub html: String,
}

/// What is wrong with a template, where, and what to do.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// It cannot be read.
    #[error("{file}: {why}")]
    Unreadable {
        /// Which.
        file: String,
        /// Why.
        why: String,
    },
    /// A file whose name means nothing: a typing mistake, most likely.
    #[error("{file} is no template; known are {}", known())]
    Unknown {
        /// Which.
        file: String,
    },
    /// It is not written as templates are, or names what is not there.
    #[error("{file}:{line}: {why}")]
    Wrong {
        /// Which.
        file: String,
        /// From 1.
        line: usize,
        /// What.
        why: String,
    },
}

fn known() -> String {
    let names: Vec<&str> = OURS.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

/// All templates, checked.
#[derive(Clone, Debug)]
pub struct Templates {
    templates: Environment<'static>,
    /// Where each of a merchant's own is, for messages.
    own: BTreeMap<&'static str, PathBuf>,
}

impl Templates {
    /// Ours, with those of a folder in their place.
    ///
    /// # Errors
    /// See [`TemplateError`].
    pub fn load(folder: Option<&Path>) -> Result<Self, TemplateError> {
        let mut loaded = Self { templates: environment(), own: BTreeMap::new() };
        let mut sources: BTreeMap<&'static str, String> =
            OURS.iter().map(|(name, source)| (*name, (*source).to_owned())).collect();
        for (name, path) in folder.map(own_files).transpose()?.unwrap_or_default() {
            let unreadable = |error: std::io::Error| TemplateError::Unreadable {
                file: path.display().to_string(),
                why: error.to_string(),
            };
            sources.insert(name, std::fs::read_to_string(&path).map_err(unreadable)?);
            loaded.own.insert(name, path);
        }
        for (name, source) in sources {
            let added = loaded.templates.add_template_owned(name, source.clone());
            added.map_err(|error| loaded.wrong(name, &error))?;
            loaded.check_variables(name, &source)?;
        }
        loaded.try_all()?;
        Ok(loaded)
    }

    /// Writes a mail.
    ///
    /// # Errors
    /// A template fails with these values, which a check at the start did not show.
    pub fn write(&self, mail: Mail, values: &Values) -> Result<Written, TemplateError> {
        let values = words::cleaned(serde_json::to_value(values).unwrap_or_default());
        let part = |part: &'static str| -> Result<String, TemplateError> {
            let name = format!("{}/{part}", mail.as_str());
            let rendered = self.templates.get_template(&name).and_then(|template| template.render(Serde(&values)));
            rendered.map_err(|error| self.wrong(&name, &error))
        };
        let [subject, text, html] = PARTS;
        Ok(Written { subject: words::subject(&part(subject)?), text: words::plain(&part(text)?), html: part(html)? })
    }

    /// Every name in a template has to be one that it is given.
    fn check_variables(&self, name: &'static str, source: &str) -> Result<(), TemplateError> {
        let Ok(template) = self.templates.get_template(name) else { return Ok(()) };
        let mut unknown: Vec<String> = template
            .undeclared_variables(false)
            .into_iter()
            .filter(|used| !VARIABLES.iter().any(|(known, _)| known == used) && !BUILT_IN.contains(&used.as_str()))
            .collect();
        unknown.sort_by_key(|used| line_of(source, used));
        let Some(used) = unknown.first() else { return Ok(()) };
        let names: Vec<&str> = VARIABLES.iter().map(|(name, _)| *name).collect();
        let why = match crate::catalog::nearest(used, &names) {
            Some(meant) => format!("there is no variable {used:?}; did you mean {meant:?}?"),
            None => format!("there is no variable {used:?}; known are {}", names.join(", ")),
        };
        Err(TemplateError::Wrong { file: self.file(name), line: line_of(source, used), why })
    }

    /// Writes every mail in every shape: what fails with examples would fail with buyers.
    fn try_all(&self) -> Result<(), TemplateError> {
        for mail in Mail::ALL {
            for (_, values) in examples(mail, "Shop", "shop@example.com") {
                let Written { subject, .. } = self.write(mail, &values)?;
                if subject.is_empty() {
                    let name = format!("{}/subject.txt", mail.as_str());
                    return Err(TemplateError::Wrong {
                        file: self.file(&name),
                        line: 1,
                        why: "the subject is empty".to_owned(),
                    });
                }
            }
        }
        Ok(())
    }

    fn wrong(&self, name: &str, error: &minijinja::Error) -> TemplateError {
        // A mistake in a template that another one extends or includes is told where it is.
        let mut inner = error;
        while let Some(cause) = std::error::Error::source(inner).and_then(|source| source.downcast_ref()) {
            inner = cause;
        }
        let name = inner.name().unwrap_or(name);
        let detail = inner.detail().map(|detail| format!(": {detail}")).unwrap_or_default();
        let why = format!("{}{detail}", inner.kind());
        TemplateError::Wrong { file: self.file(name), line: inner.line().unwrap_or(1), why }
    }

    /// The file as its author knows it.
    fn file(&self, name: &str) -> String {
        self.own.get(name).map_or_else(|| format!("emails/{name}"), |path| path.display().to_string())
    }
}

fn environment() -> Environment<'static> {
    let mut templates = Environment::new();
    templates.set_undefined_behavior(UndefinedBehavior::Strict);
    let is_text = |name: &str| PARTS.iter().any(|part| part.ends_with("txt") && name.ends_with(part));
    // What is not known to be plain is escaped.
    let escape = move |name: &str| if is_text(name) { AutoEscape::None } else { AutoEscape::Html };
    templates.set_auto_escape_callback(escape);
    templates
}

/// The line, from 1, on which a word first stands inside of a tag.
fn line_of(source: &str, word: &str) -> usize {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    let stands = |line: &str| line.split(|c| !is_part(c)).any(|found| found == word);
    let in_tag = |line: &&str| stands(line) && (line.contains("{{") || line.contains("{%"));
    let lines = || source.lines().enumerate();
    let found = lines().find(|(_, line)| in_tag(line)).or_else(|| lines().find(|(_, line)| stands(line)));
    found.map_or(1, |(index, _)| index + 1)
}

/// A merchant's own files: `base.html` and `<mail>/<part>`, and nothing else.
fn own_files(folder: &Path) -> Result<Vec<(&'static str, PathBuf)>, TemplateError> {
    let unreadable = |path: &Path, error: std::io::Error| TemplateError::Unreadable {
        file: path.display().to_string(),
        why: error.to_string(),
    };
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder_here) = folders.pop() {
        for entry in std::fs::read_dir(&folder_here).map_err(|error| unreadable(&folder_here, error))? {
            let path = entry.map_err(|error| unreadable(&folder_here, error))?.path();
            let name = path.strip_prefix(folder).unwrap_or(&path).to_string_lossy().replace('\\', "/");
            // What editors and file managers leave behind.
            if name.split('/').any(|part| part.starts_with('.')) || name.ends_with('~') {
                continue;
            }
            if path.is_dir() && Mail::named(&name).is_some() {
                folders.push(path);
                continue;
            }
            match OURS.iter().find(|(known, _)| *known == name) {
                Some((known, _)) => found.push((*known, path)),
                None => return Err(TemplateError::Unknown { file: path.display().to_string() }),
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
