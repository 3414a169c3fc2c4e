//! The widgets of earlier releases, kept in the data folder. A page that pinned one, or that was open
//! while the helper was updated, goes on with the parts that fit together, instead of finding them gone.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use axum::body::Bytes;

/// As many are kept; the oldest goes first. Each is about 400 KB.
const MOST_RELEASES: usize = 12;
/// Beside each file, its compressed form.
const BROTLI: &str = "br";

/// What is kept, read once.
#[derive(Clone, Debug, Default)]
pub struct Releases(Vec<Release>);

/// The files of one release.
#[derive(Clone, Debug)]
struct Release {
    hash: String,
    files: Vec<Kept>,
}

/// A file of an earlier release.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    path: String,
    pub(super) content_type: &'static str,
    pub(super) raw: Bytes,
    pub(super) brotli: Bytes,
}

impl Releases {
    /// Keeps the widget of this build in the folder, lets go of the oldest ones, and reads the others.
    ///
    /// # Errors
    /// The folder cannot be written or read.
    pub fn keep(folder: &Path) -> io::Result<Self> {
        if !super::FILES.is_empty() && !folder.join(super::HASH).exists() {
            write(folder)?;
        }
        let mut known: Vec<_> = fs::read_dir(folder)?
            .filter_map(Result::ok)
            .filter(|entry| is_hash(&entry.file_name().to_string_lossy()))
            .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
            .collect();
        known.sort();
        for (_, oldest) in known.drain(..known.len().saturating_sub(MOST_RELEASES)) {
            fs::remove_dir_all(oldest)?;
        }
        known.iter().map(|(_, path)| Release::read(path)).collect::<io::Result<_>>().map(Self)
    }

    /// The file of that release.
    pub(super) fn file(&self, hash: &str, path: &str) -> Option<&Kept> {
        self.0.iter().find(|release| release.hash == hash)?.files.iter().find(|file| file.path == path)
    }
}

/// Writes this build's files beside their place first: a release is there as a whole or not at all, also
/// after the power went, when a name may be on the disk before what it names.
fn write(folder: &Path) -> io::Result<()> {
    let unfinished = folder.join("unfinished");
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)?;
    }
    for file in super::FILES {
        let path = unfinished.join(file.path);
        fs::create_dir_all(path.parent().unwrap_or(&unfinished))?;
        write_through(&path, file.raw)?;
        write_through(format!("{}.{BROTLI}", path.display()).as_ref(), file.brotli)?;
    }
    fs::rename(unfinished, folder.join(super::HASH))
}

fn write_through(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

impl Release {
    fn read(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        for below in ["", "locales/"] {
            let Ok(entries) = fs::read_dir(folder.join(below)) else { continue };
            for entry in entries {
                let path = entry?.path();
                let (Some(name), Some(content_type)) = (path.file_name(), content_type(&path)) else { continue };
                let brotli = fs::read(format!("{}.{BROTLI}", path.display()))?.into();
                let path_below = format!("{below}{}", name.to_string_lossy());
                files.push(Kept { path: path_below, content_type, raw: fs::read(&path)?.into(), brotli });
            }
        }
        let hash = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { hash, files })
    }
}

/// The name of a release's folder: see `content_hash` in build.rs.
fn is_hash(name: &str) -> bool {
    name.len() == 8 && name.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Of the kinds that a widget ever had.
fn content_type(path: &Path) -> Option<&'static str> {
    Some(match path.extension()?.to_str()? {
        "js" => "text/javascript; charset=utf-8",
        "wasm" => "application/wasm",
        "json" => "application/json",
        _ => return None,
    })
}
