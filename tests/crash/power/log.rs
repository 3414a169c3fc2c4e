//! The shim's log, read: what the helper did to the files of its folder, in order. Pure. What the records
//! mean is in `tests/shim/src/format.rs`.

use std::ops::Range;

use crate::format::{HEADER, MAGIC};

/// One call. `end` is where its record ends in the log: whoever saw the log at least that long saw the call
/// return, or might have.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    pub(crate) end: u64,
    /// One of `format`'s kinds.
    pub(crate) kind: u64,
    pub(crate) inode: u64,
    pub(crate) offset: u64,
    data: Range<usize>,
}

/// The whole log.
pub(crate) struct Log {
    bytes: Vec<u8>,
    records: Vec<Record>,
}

impl Log {
    /// Reads one. A record that is cut off at the end is not there: its call has not returned.
    ///
    /// # Errors
    /// It is no log of the shim's, or one with a hole.
    pub(crate) fn parse(bytes: Vec<u8>) -> Result<Self, String> {
        let (mut records, mut at) = (Vec::new(), 0);
        while let Some(header) = bytes.get(at..at + HEADER) {
            let word = |number: usize| {
                let bytes = header[number * 8..number * 8 + 8].try_into().expect("eight bytes");
                u64::from_le_bytes(bytes)
            };
            if word(0) != MAGIC {
                return Err(format!("the log has no record at {at}"));
            }
            let length = usize::try_from(word(4)).map_err(|_| format!("a record of {} bytes at {at}", word(4)))?;
            let data = at + HEADER..at.saturating_add(HEADER).saturating_add(length);
            if bytes.len() < data.end {
                break;
            }
            at = data.end;
            records.push(Record { end: at as u64, kind: word(1), inode: word(2), offset: word(3), data });
        }
        Ok(Self { bytes, records })
    }

    /// All records.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// Those that were whole when the log was so long.
    pub(crate) fn until(&self, cut: u64) -> &[Record] {
        &self.records[..self.records.partition_point(|record| record.end <= cut)]
    }

    /// What was written, or the names.
    pub(crate) fn data(&self, record: &Record) -> &[u8] {
        &self.bytes[record.data.clone()]
    }

    /// The names of a record, of which most have one.
    pub(crate) fn names(&self, record: &Record) -> Vec<String> {
        let names = self.data(record).split(|byte| *byte == 0);
        names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::format::{SYNC, WRITE};

    /// A log, written as the shim does.
    #[derive(Default)]
    pub(crate) struct Writer(pub(crate) Vec<u8>);

    impl Writer {
        /// One record more; gives where it ends.
        pub(crate) fn append(&mut self, kind: u64, inode: u64, offset: u64, data: &[u8]) -> u64 {
            for word in [MAGIC, kind, inode, offset, data.len() as u64, 0, 0, 0] {
                self.0.extend(word.to_le_bytes());
            }
            self.0.extend(data);
            self.0.len() as u64
        }
    }

    #[test]
    fn records_are_read_as_they_were_written_and_a_half_one_is_not_there() {
        let mut writer = Writer::default();
        let first = writer.append(WRITE, 7, 4_096, b"hello");
        let second = writer.append(SYNC, 7, first, b"");
        for cut in 0..=writer.0.len() {
            let log = Log::parse(writer.0[..cut].to_vec()).unwrap();
            let expected = usize::from(cut as u64 >= first) + usize::from(cut as u64 >= second);
            assert_eq!(log.records().len(), expected, "{cut}");
        }
        let log = Log::parse(writer.0).unwrap();
        assert_eq!(log.data(&log.records()[0]), b"hello");
        assert_eq!((log.until(first - 1).len(), log.until(first).len(), log.until(second).len()), (0, 1, 2));
        assert!(Log::parse(vec![1; 100]).is_err());
    }
}
