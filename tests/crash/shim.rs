//! The proof's side of the shim (`tests/shim`): how a helper is started under it, its log, and what it is
//! told to do while the helper runs.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use crate::format::{CALLS, CLOCK, ERRNO, FAIL, FAILED, FILES, PASS, SHORT, WORDS};
use crate::helper::{Executable, Start};
use crate::history::History;
use crate::world::World;

/// One shim, for as many lives of a helper as a run has.
pub(crate) struct Shim {
    folder: PathBuf,
    library: PathBuf,
    log: Option<PathBuf>,
    control: PathBuf,
    words: File,
}

/// Calls that are to fail.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sickness {
    /// What it is called in what is told.
    pub(crate) name: &'static str,
    /// Kinds of `format`.
    pub(crate) calls: &'static [u64],
    /// [`crate::format::WAL`], [`crate::format::DATABASE`], or 0 for all files.
    pub(crate) files: u64,
    pub(crate) errno: i32,
    /// So many of these calls pass before.
    pub(crate) pass: u64,
    /// So many fail then.
    pub(crate) fail: u64,
    /// The first write that fails is carried out by half instead.
    pub(crate) short: bool,
}

impl Shim {
    /// One that also keeps a log, for [`crate::power`].
    pub(crate) fn with_a_log(world: &World) -> Self {
        Self { log: Some(world.folder.join("disk.log")), ..Self::new(world) }
    }

    /// One that only does what it is told.
    ///
    /// # Panics
    /// The world's folder takes no file.
    pub(crate) fn new(world: &World) -> Self {
        let folder = world.folder.canonicalize().expect("the world has made it");
        let control = folder.join("shim.control");
        fs::write(&control, [0; WORDS * 8]).expect("the folder takes a file");
        let words = OpenOptions::new().read(true).write(true).open(&control).expect("it was just written");
        let library = std::env::current_exe().expect("we run").with_file_name("libcheckout_shim.so");
        assert!(library.exists(), "{} is not built: run `make crash`, which builds it", library.display());
        // SQLite opens its files by their path without links.
        Self { folder: folder.join("data"), library, log: None, control, words }
    }

    /// How a helper is started under it.
    pub(crate) fn start(&self, executable: Executable, more: &[(String, String)]) -> Start {
        let text = |path: &PathBuf| path.display().to_string();
        let mut env = vec![
            ("LD_PRELOAD".to_owned(), text(&self.library)),
            ("SHIM_FOLDER".to_owned(), text(&self.folder)),
            ("SHIM_CONTROL".to_owned(), text(&self.control)),
        ];
        env.extend(self.log.iter().map(|log| ("SHIM_LOG".to_owned(), text(log))));
        env.extend_from_slice(more);
        Start { executable, env }
    }

    /// A history that notes beside each answer how long the log was then.
    pub(crate) fn history(&self) -> History {
        let log = self.log.clone().unwrap_or_default();
        History::marked(move || fs::metadata(&log).map_or(0, |about| about.len()))
    }

    /// The log so far.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn log(&self) -> std::io::Result<Vec<u8>> {
        fs::read(self.log.as_deref().unwrap_or_else(|| "no log".as_ref()))
    }

    /// Makes the disk sick.
    pub(crate) fn fall_ill(&self, sickness: &Sickness) {
        let Sickness { calls, files, errno, pass, fail, short, .. } = *sickness;
        self.heal();
        self.put(FAILED, 0);
        self.put(FILES, files);
        self.put(ERRNO, u64::from(errno.unsigned_abs()));
        self.put(PASS, pass);
        self.put(FAIL, fail);
        self.put(SHORT, u64::from(short));
        // Last: from now on they fail.
        self.put(CALLS, calls.iter().map(|call| 1 << call).sum());
    }

    /// Makes it well again.
    pub(crate) fn heal(&self) {
        self.put(CALLS, 0);
    }

    /// How many calls have failed since it fell ill.
    pub(crate) fn failed(&self) -> u64 {
        let mut word = [0; 8];
        self.words.read_exact_at(&mut word, FAILED as u64 * 8).expect("it has all its words");
        u64::from_le_bytes(word)
    }

    /// Sets the helper's clock so many seconds off.
    pub(crate) fn set_clock(&self, seconds: i64) {
        self.put(CLOCK, (seconds * 1_000_000).cast_unsigned());
    }

    fn put(&self, place: usize, word: u64) {
        self.words.write_all_at(&word.to_ne_bytes(), place as u64 * 8).expect("it has all its words");
    }
}
