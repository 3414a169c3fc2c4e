//! What is on a disk after the power was cut. Pure: everything that was synced, and of the rest what chance
//! leaves: some writes whole, some torn at sectors of 512 bytes, some not at all (G2).
//!
//! A file is there with its own sync or with its folder's; names change in the order in which they were
//! changed. Only files of the folder itself are kept, none of folders below it: the database has no others.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::Path;

use super::log::{Log, Record};
use crate::chance::Chance;
use crate::format::{LOST, OPEN, RENAME, SYNC, TRUNCATE, UNLINK, WRITE};

/// What a disk writes whole or not at all (powersafe overwrite, as SQLite assumes).
const SECTOR: u64 = 512;

/// What was to be written, and is on its way.
struct Pending<'a> {
    end: u64,
    what: Change<'a>,
}

enum Change<'a> {
    Write(u64, &'a [u8]),
    Truncate(u64),
}

#[derive(Default)]
struct File<'a> {
    /// As it is on the disk.
    synced: Vec<u8>,
    pending: Vec<Pending<'a>>,
}

/// A change of names; the number is a file's.
enum Naming {
    Create(String, usize),
    Rename(String, String),
    Unlink(String),
}

/// A disk at the moment of the cut.
#[derive(Default)]
pub(crate) struct Disk<'a> {
    files: Vec<File<'a>>,
    by_inode: HashMap<u64, usize>,
    /// The inode of the folder itself.
    folder: Option<u64>,
    /// As the helper sees them.
    names: BTreeMap<String, (u64, usize)>,
    namings: Vec<(u64, Naming)>,
    /// How many of the namings are on the disk.
    named: usize,
}

/// The files that are left.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Image(BTreeMap<String, Vec<u8>>);

impl<'a> Disk<'a> {
    /// The disk when the log was so long.
    pub(crate) fn at(log: &'a Log, cut: u64) -> Self {
        let mut disk = Self::default();
        for record in log.until(cut) {
            disk.take(log, record);
        }
        disk
    }

    fn take(&mut self, log: &'a Log, record: &Record) {
        let Record { end, inode, offset, .. } = *record;
        let names = || log.names(record);
        match record.kind {
            OPEN => self.open(end, inode, names().remove(0)),
            WRITE => self.change(end, inode, Change::Write(offset, log.data(record))),
            TRUNCATE => self.change(end, inode, Change::Truncate(offset)),
            SYNC => self.sync(inode, offset),
            LOST => self.lose(inode, offset),
            RENAME => {
                if let [from, to] = names().as_slice()
                    && let Some(file) = self.names.remove(from)
                {
                    self.names.insert(to.clone(), file);
                    self.namings.push((end, Naming::Rename(from.clone(), to.clone())));
                }
            }
            UNLINK => {
                let name = names().remove(0);
                self.names.remove(&name);
                self.namings.push((end, Naming::Unlink(name)));
            }
            _ => {}
        }
    }

    fn open(&mut self, end: u64, inode: u64, name: String) {
        if name.is_empty() {
            self.folder = Some(inode);
        } else if !name.contains('/') && self.names.get(&name).is_none_or(|(known, _)| *known != inode) {
            let number = self.files.len();
            self.files.push(File::default());
            self.by_inode.insert(inode, number);
            self.names.insert(name.clone(), (inode, number));
            self.namings.push((end, Naming::Create(name, number)));
        }
    }

    fn change(&mut self, end: u64, inode: u64, what: Change<'a>) {
        if let Some(file) = self.by_inode.get(&inode).and_then(|number| self.files.get_mut(*number)) {
            file.pending.push(Pending { end, what });
        }
    }

    /// What was logged until then is on the disk.
    fn sync(&mut self, inode: u64, until: u64) {
        let mut named = 0;
        if self.folder == Some(inode) {
            named = self.namings.partition_point(|(end, _)| *end <= until);
        } else if let Some(number) = self.by_inode.get(&inode) {
            let is_its = |(_, naming): &(u64, Naming)| matches!(naming, Naming::Create(_, file) if file == number);
            named = self.namings.iter().position(is_its).map_or(0, |place| place + 1);
            if let Some(file) = self.files.get_mut(*number) {
                let synced = file.pending.partition_point(|pending| pending.end <= until);
                for pending in file.pending.drain(..synced) {
                    pending.what.apply(&mut file.synced);
                }
            }
        }
        self.named = self.named.max(named);
    }

    /// A sync has failed: what was to be written until then is marked as written, and never is.
    fn lose(&mut self, inode: u64, until: u64) {
        if let Some(file) = self.by_inode.get(&inode).and_then(|number| self.files.get_mut(*number)) {
            file.pending.retain(|pending| pending.end > until);
        }
    }

    /// What is left where of the rest so many percent of the writes reached the disk whole.
    pub(crate) fn image(&self, percent: u64, chance: &mut Chance) -> Image {
        let mut named: BTreeMap<&str, usize> = BTreeMap::new();
        for (place, (_, naming)) in self.namings.iter().enumerate() {
            if place >= self.named && !chance.percent(percent) {
                break;
            }
            match naming {
                Naming::Create(name, file) => drop(named.insert(name, *file)),
                Naming::Unlink(name) => drop(named.remove(name.as_str())),
                Naming::Rename(from, to) => {
                    if let Some(file) = named.remove(from.as_str()) {
                        named.insert(to, file);
                    }
                }
            }
        }
        let left = |number: usize| self.files.get(number).map(|file| file.left(percent, chance)).unwrap_or_default();
        let called = named.keys().map(|name| (*name).to_owned());
        let files: Vec<Vec<u8>> = named.values().copied().map(left).collect();
        Image(called.zip(files).collect())
    }
}

impl File<'_> {
    fn left(&self, percent: u64, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = self.synced.clone();
        for Pending { what, .. } in &self.pending {
            if chance.percent(percent) {
                what.apply(&mut bytes);
            } else if percent > 0 && chance.percent(50) {
                what.tear(&mut bytes, chance);
            }
        }
        bytes
    }
}

impl Change<'_> {
    fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, data) => put(bytes, *offset, data),
            Self::Truncate(length) => bytes.resize(usize::try_from(*length).expect("a file in memory"), 0),
        }
    }

    /// Each sector of a write by chance; a change of the length is whole or not.
    fn tear(&self, bytes: &mut Vec<u8>, chance: &mut Chance) {
        let Self::Write(mut offset, mut data) = *self else { return };
        while !data.is_empty() {
            let room = usize::try_from(SECTOR - offset % SECTOR).expect("less than a sector");
            let (sector, rest) = data.split_at(room.min(data.len()));
            if chance.percent(50) {
                put(bytes, offset, sector);
            }
            offset += sector.len() as u64;
            data = rest;
        }
    }
}

fn put(bytes: &mut Vec<u8>, offset: u64, data: &[u8]) {
    let from = usize::try_from(offset).expect("a file in memory");
    let until = from + data.len();
    if bytes.len() < until {
        bytes.resize(until, 0);
    }
    bytes[from..until].copy_from_slice(data);
}

impl Image {
    /// Writes it into a folder, which is empty then but for it.
    ///
    /// # Errors
    /// See [`io::Error`].
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        self.0.iter().try_for_each(|(name, bytes)| std::fs::write(folder.join(name), bytes))
    }
}

#[cfg(test)]
mod tests;
