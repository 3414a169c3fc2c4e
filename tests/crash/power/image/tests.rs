use super::*;
use crate::power::log::tests::Writer;

const FOLDER: u64 = 1;

/// A file `a` with inode 2, in a folder that is known.
fn begun() -> Writer {
    let mut writer = Writer::default();
    writer.append(OPEN, FOLDER, 0, b"");
    writer.append(OPEN, 2, 0, b"a");
    writer
}

fn images(writer: &Writer, percent: u64, many: u64) -> Vec<Image> {
    let log = Log::parse(writer.0.clone()).unwrap();
    let disk = Disk::at(&log, writer.0.len() as u64);
    (0..many).map(|seed| disk.image(percent, &mut Chance::of(seed, "images"))).collect()
}

fn only(files: &[(&str, &[u8])]) -> Image {
    Image(files.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec())).collect())
}

#[test]
fn what_was_synced_is_there_and_of_the_rest_none_or_all() {
    let mut writer = begun();
    let first = writer.append(WRITE, 2, 0, b"first");
    writer.append(SYNC, 2, first, b"");
    writer.append(WRITE, 2, 5, b" second");
    for image in images(&writer, 0, 5) {
        assert_eq!(image, only(&[("a", b"first")]));
    }
    for image in images(&writer, 100, 5) {
        assert_eq!(image, only(&[("a", b"first second")]));
    }
}

#[test]
fn a_sync_is_for_what_the_log_held_when_it_began() {
    let mut writer = begun();
    let first = writer.append(WRITE, 2, 0, b"first");
    writer.append(WRITE, 2, 5, b" meanwhile");
    writer.append(SYNC, 2, first, b"");
    assert_eq!(images(&writer, 0, 1), [only(&[("a", b"first")])]);
}

#[test]
fn what_a_failed_sync_has_forgotten_no_later_one_brings_back() {
    let mut writer = begun();
    let first = writer.append(WRITE, 2, 0, b"first");
    writer.append(LOST, 2, first, b"");
    let second = writer.append(WRITE, 2, 8, b"second");
    writer.append(SYNC, 2, second, b"");
    assert_eq!(images(&writer, 100, 1), [only(&[("a", b"\0\0\0\0\0\0\0\0second")])]);
}

#[test]
fn writes_are_torn_at_sectors() {
    let mut writer = begun();
    let zeros = writer.append(WRITE, 2, 0, &[0; 2_048]);
    writer.append(SYNC, 2, zeros, b"");
    writer.append(WRITE, 2, 100, &[1; 1_500]);
    let mut shapes = std::collections::BTreeSet::new();
    for Image(files) in images(&writer, 50, 2_000) {
        let bytes = &files["a"];
        assert!(bytes.len() == 2_048 && bytes[..100] == [0; 100] && bytes[1_600..] == [0; 448]);
        let shape: Vec<u8> = [100, 511, 512, 1_023, 1_024, 1_535, 1_536, 1_599].map(|at| bytes[at]).to_vec();
        assert!(shape.chunks(2).all(|sector| sector[0] == sector[1]), "a sector is whole: {shape:?}");
        shapes.insert(shape);
    }
    assert_eq!(shapes.len(), 16, "each sector may be there or not");
}

#[test]
fn a_file_is_there_with_its_own_sync_or_its_folders() {
    let mut writer = begun();
    let made = writer.append(OPEN, 3, 0, b"b");
    assert_eq!(images(&writer, 0, 1), [only(&[])]);
    writer.append(SYNC, 2, made, b"");
    assert_eq!(images(&writer, 0, 1), [only(&[("a", b"")])]);
    writer.append(SYNC, FOLDER, made, b"");
    assert_eq!(images(&writer, 0, 1), [only(&[("a", b""), ("b", b"")])]);
}

#[test]
fn names_change_in_their_order() {
    let mut writer = begun();
    let last = writer.append(WRITE, 2, 0, b"x");
    writer.append(SYNC, 2, last, b"");
    writer.append(RENAME, 0, 0, b"a\0b");
    let last = writer.append(UNLINK, 0, 0, b"b");
    let seen: std::collections::BTreeSet<Vec<String>> =
        images(&writer, 50, 100).into_iter().map(|Image(files)| files.into_keys().collect()).collect();
    assert_eq!(seen, [vec![], vec!["a".to_owned()], vec!["b".to_owned()]].into());
    writer.append(SYNC, FOLDER, last, b"");
    assert_eq!(images(&writer, 0, 1), [only(&[])]);
    // The same inode and name again is another file.
    writer.append(OPEN, 2, 0, b"b");
    assert_eq!(images(&writer, 100, 1), [only(&[("b", b"")])]);
}

/// Of random logs: what is left is, sector for sector, something that was written there, and never older
/// than what was synced.
#[test]
fn no_image_holds_what_was_never_written_or_lacks_what_was_synced() {
    for seed in 0..300 {
        let mut chance = Chance::of(seed, "history");
        let mut writer = begun();
        // Each write fills one of eight sectors with the number of the write.
        let (mut written, mut synced) = (vec![vec![0_u8]; 8], vec![0_u8; 8]);
        let mut last = writer.0.len() as u64;
        for number in 1..60_u8 {
            let sector = chance.place(8).unwrap();
            if chance.percent(80) {
                last = writer.append(WRITE, 2, sector as u64 * SECTOR, &[number; 512]);
                written[sector].push(number);
            } else {
                writer.append(SYNC, 2, last, b"");
                synced = written.iter().map(|writes| *writes.last().unwrap()).collect();
            }
        }
        for percent in [0, 50, 90, 100] {
            for Image(files) in images(&writer, percent, 4) {
                let empty = Vec::new();
                let bytes = files.get("a").unwrap_or(&empty);
                for sector in 0..8 {
                    let found = bytes.get(sector * 512).copied().unwrap_or_default();
                    let all = &written[sector];
                    let oldest = all.iter().position(|number| *number == synced[sector]).unwrap();
                    let place = all.iter().position(|number| *number == found);
                    assert!(place.is_some_and(|place| place >= oldest || percent > 0), "{seed} {percent} {sector}");
                    assert!(percent < 100 || place == Some(all.len() - 1));
                    assert!(place.is_some_and(|place| place >= oldest), "{seed}: older than what was synced");
                }
            }
        }
    }
}
