//! Takes the widget from `dist/widget` (made by `tools/widget.sh`) into the executable: compresses
//! each file once, names them by their content, measures them, and refuses a widget that is heavier
//! than promised.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha384};

/// The loader, fetched by every page that mentions a checkout: bytes of brotli.
const LOADER_BUDGET: usize = 2 * 1024;
/// What an intent to buy fetches, all together: bytes of brotli.
const INTENT_BUDGET: usize = 90 * 1024;
/// What that is. The styles are inside the module.
const ON_INTENT: [&str; 3] = ["checkout-ui_bg.wasm", GLUE, "locales/en.json"];

const LOADER: &str = "checkout.js";
/// The glue and our scripts; it knows the hash of the module, and the loader knows its hash (S9).
const GLUE: &str = "checkout-ui.js";

/// A file of the widget, ready to be served.
struct File {
    path: String,
    raw: Vec<u8>,
    brotli: Vec<u8>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("this crate lies in the workspace")?;
    let source = root.join("dist/widget");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").ok_or("Cargo names OUT_DIR")?);
    tell("rerun-if-changed=build.rs")?;
    tell(&format!("rerun-if-changed={}", source.display()))?;

    let mut sources = Vec::new();
    collect(&source, &source, &mut sources)?;
    let complete = [LOADER, ON_INTENT[0], ON_INTENT[1]].iter().all(|part| sources.iter().any(|(path, _)| path == part));
    if !complete {
        tell("warning=the widget is not built, so this executable has none: run `make widget` first")?;
        fs::write(out.join("assets.rs"), table("00000000", &[], &out)?)?;
        return Ok(());
    }

    let hash = content_hash(&sources);
    let glue = sources.iter().find(|(path, _)| path == GLUE).map(|(_, raw)| integrity(raw)).unwrap_or_default();
    let files: Vec<File> =
        sources.into_iter().map(|(path, raw)| prepare(path, raw, &hash, &glue)).collect::<Result<_, _>>()?;
    fs::write(root.join("dist/sizes.txt"), sizes(&files))?;
    let excesses = excesses(&files);
    tell("rerun-if-env-changed=CHECKOUT_OVER_BUDGET")?;
    let tolerated = std::env::var_os("CHECKOUT_OVER_BUDGET").is_some_and(|value| value == "allow");
    for excess in &excesses {
        tell(&format!("{}={excess}", if tolerated { "warning" } else { "error" }))?;
    }
    if excesses.is_empty() || tolerated {
        Ok(fs::write(out.join("assets.rs"), table(&hash, &files, &out)?)?)
    } else {
        Err("the widget is too heavy".into())
    }
}

/// Says something to Cargo.
fn tell(message: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "cargo::{message}")
}

/// Every file below a folder with its path from `root`, in an order that does not depend on the disk.
fn collect(root: &Path, folder: &Path, found: &mut Vec<(String, Vec<u8>)>) -> Result<(), Box<dyn Error>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(()) };
    let mut paths: Vec<_> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths {
        if path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b".")) {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found)?;
        } else {
            let name = path.strip_prefix(root)?.to_str().ok_or("file names of the widget are plain text")?;
            found.push((name.to_owned(), fs::read(&path)?));
        }
    }
    Ok(())
}

/// Eight digits that change when any byte of the widget does, so that an address can be kept for ever.
fn content_hash(files: &[(String, Vec<u8>)]) -> String {
    let mut hasher = Sha256::new();
    for (path, bytes) in files {
        hasher.update(path.as_bytes());
        hasher.update([0]);
        hasher.update((bytes.len() as u64).to_be_bytes());
        hasher.update(bytes);
    }
    hasher.finalize().iter().take(4).fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Fills in what only the build knows, and compresses.
fn prepare(path: String, raw: Vec<u8>, hash: &str, glue: &str) -> Result<File, Box<dyn Error>> {
    let raw = if path == LOADER {
        let text = String::from_utf8(raw)?;
        if !text.contains("__ASSETS__") || !text.contains("__GLUE__") {
            return Err(
                "js/checkout.js does not say __ASSETS__ and __GLUE__: it could not find the rest, or check it".into()
            );
        }
        text.replace("__ASSETS__", &format!("assets/{hash}"))
            .replace("__GLUE__", glue)
            .replace("__VERSION__", env!("CARGO_PKG_VERSION"))
            .into_bytes()
    } else {
        raw
    };
    let mut brotli = Vec::new();
    let mut writer = brotli::CompressorWriter::new(&mut brotli, 1 << 16, 11, 22);
    writer.write_all(&raw)?;
    drop(writer);
    Ok(File { path, raw, brotli })
}

/// What an `integrity` attribute says of these bytes, in the shortest form that browsers take.
fn integrity(raw: &[u8]) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(raw)))
}

/// What is over its budget, in words.
fn excesses(files: &[File]) -> Vec<String> {
    let on_intent = files.iter().filter(|file| ON_INTENT.contains(&file.path.as_str()));
    [
        (LOADER, files.iter().filter(|file| file.path == LOADER).map(|file| file.brotli.len()).sum(), LOADER_BUDGET),
        ("what an intent to buy loads", on_intent.map(|file| file.brotli.len()).sum::<usize>(), INTENT_BUDGET),
    ]
    .iter()
    .filter(|(_, size, budget)| size > budget)
    .map(|(what, size, budget)| {
        format!("{what} is {size} bytes of brotli, {} over the budget of {budget} (see dist/sizes.txt)", size - budget)
    })
    .collect()
}

/// The sizes as a table for people.
fn sizes(files: &[File]) -> String {
    let mut text = format!("{:<34} {:>10} {:>10} {:>10}\n", "widget, in bytes", "raw", "brotli", "budget");
    let mut row = |name: &str, raw: usize, brotli: usize, budget: &str| {
        let _ = writeln!(text, "{name:<34} {raw:>10} {brotli:>10} {budget:>10}");
    };
    for file in files {
        let budget = if file.path == LOADER { LOADER_BUDGET.to_string() } else { String::new() };
        row(&file.path, file.raw.len(), file.brotli.len(), &budget);
    }
    let (raw, brotli) = files
        .iter()
        .filter(|file| ON_INTENT.contains(&file.path.as_str()))
        .fold((0, 0), |(raw, brotli), file| (raw + file.raw.len(), brotli + file.brotli.len()));
    row("on intent (module, glue, English)", raw, brotli, &INTENT_BUDGET.to_string());
    text
}

/// The Rust that `src/http/assets.rs` includes.
fn table(hash: &str, files: &[File], out: &Path) -> Result<String, Box<dyn Error>> {
    let mut text = format!("const HASH: &str = {hash:?};\nstatic FILES: &[File] = &[\n");
    for (number, file) in files.iter().enumerate() {
        let (raw, brotli) = (out.join(format!("{number}.raw")), out.join(format!("{number}.br")));
        fs::write(&raw, &file.raw)?;
        fs::write(&brotli, &file.brotli)?;
        writeln!(
            text,
            "    File {{ path: {:?}, content_type: {:?}, integrity: \"sha384-{}\", raw: include_bytes!({:?}), brotli: include_bytes!({:?}) }},",
            file.path,
            content_type(&file.path)?,
            STANDARD.encode(Sha384::digest(&file.raw)),
            raw.to_string_lossy(),
            brotli.to_string_lossy(),
        )?;
    }
    text.push_str("];\n");
    Ok(text)
}

fn content_type(path: &str) -> Result<&'static str, String> {
    Ok(match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => return Err(format!("no content type is known for {path} of the widget")),
    })
}
