//! One chromedriver for all tests of this process.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// Starts chromedriver, and ends it and its browsers when our end of the pipe closes, which the
/// system does for us however this process ends: nothing is left running after a killed test. The
/// browsers are of the same process group; the shell alone outlives the signal, to end quietly. It keeps
/// no end of our pipe: a chromedriver that gave up is noticed.
const UNTIL_WE_END: &str = r#"
command -v "$1" >/dev/null || exit 127
"$1" --port=0 &
exec >/dev/null
trap : TERM
cat >/dev/null
kill -TERM 0
"#;

struct Driver {
    address: String,
    _shell: Child,
}

/// Where chromedriver listens.
pub(super) fn address() -> &'static str {
    static DRIVER: OnceLock<Driver> = OnceLock::new();
    &DRIVER.get_or_init(start).address
}

/// The port that it finds free may be taken before it listens there: then again.
fn start() -> Driver {
    (0..5).find_map(|_| try_to_start()).expect("chromedriver is missing or did not start: run `make tools`")
}

fn try_to_start() -> Option<Driver> {
    let program = std::env::var_os("CHROMEDRIVER").filter(|path| !path.is_empty());
    let mut shell = Command::new("sh")
        .args(["-c", UNTIL_WE_END, "sh"])
        .arg(program.unwrap_or_else(|| "chromedriver".into()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .expect("a shell is on every machine that has make");
    let mut lines = BufReader::new(shell.stdout.take().expect("it was asked for")).lines();
    let port: Option<u16> = lines.by_ref().map_while(Result::ok).find_map(|line| {
        line.split_once("successfully on port ").and_then(|(_, port)| port.trim_end_matches('.').parse().ok())
    });
    let Some(port) = port else {
        drop(shell.stdin.take());
        drop(shell.wait());
        return None;
    };
    // Read on, or it would fall over the closed pipe at its next word.
    std::thread::spawn(move || lines.for_each(drop));
    Some(Driver { address: format!("http://127.0.0.1:{port}"), _shell: shell })
}

/// Ends a session from where nothing can be awaited. Written out, because the client's own way of
/// doing this hung for its whole time limit while a test was panicking.
pub(super) fn end(session: &str) -> std::io::Result<()> {
    let host = address().trim_start_matches("http://");
    let mut stream = TcpStream::connect(host)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    write!(stream, "DELETE /session/{session} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
    stream.read(&mut [0; 64]).map(|_| ())
}

/// The browser, where it does not have the name that chromedriver looks for.
pub(super) fn chromium() -> Option<String> {
    let given = std::env::var_os("CHROMIUM").filter(|path| !path.is_empty());
    if let Some(given) = given {
        return given.into_string().ok();
    }
    ["/usr/bin/chromium", "/usr/bin/chromium-browser"]
        .into_iter()
        .find(|path| Path::new(path).exists())
        .map(str::to_owned)
}

/// A file name that tells what it is about.
pub(super) fn slug(text: &str) -> String {
    let plain: String = text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' }).collect();
    plain.split('-').filter(|word| !word.is_empty()).take(8).collect::<Vec<_>>().join("-")
}
