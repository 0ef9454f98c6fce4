//! The Kv port over sled 0.34. The only file that names sled.
//!
//! sled's `flush` on Linux is `sync_file_range`, which writes no metadata and leaves the disk's cache alone. Three
//! things make a commit survive a power cut (reference/storage.md, 240 of 240 simulated cuts): the files and their
//! directories are synced once after creation, each commit ends with `sync_data` on a handle of our own, and sled never
//! flushes by itself. The segment size keeps leaves out of `blobs/`, which nothing would sync.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::kv::{Batch, Entry, Kv, KvError, VALUE_BYTES_MAX, prefix_end};

/// Fixed when a store is created: a leaf of 16 of the largest values stays under a quarter of it.
const SEGMENT_BYTES: usize = 8 * 1024 * 1024;
const _: () = assert!(16 * VALUE_BYTES_MAX < SEGMENT_BYTES / 4);

/// What sled calls its data, settings and blob files.
const DB_FILE: &str = "db";
const CONF_FILE: &str = "conf";
const BLOBS_DIR: &str = "blobs";
/// Ours: there once the store has something in it. sled takes a data file of which it can read nothing for a new one.
const FILLED_FILE: &str = "filled";

/// Why a directory could not be opened as a store: what is wrong, and what to do about it, in one sentence.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenKvError {
    #[error(
        "the store in {} is locked by another process: stop the Waypost that is running there, or let it do the work",
        dir.display()
    )]
    Locked { dir: PathBuf },
    #[error(
        "the store in {} is damaged ({problem}): restore a backup, or move the directory aside and start empty",
        dir.display()
    )]
    Damaged { dir: PathBuf, problem: String },
    #[error(
        "the store's directory {} can't be read and written by this user: give it, with all in it, to the user that runs Waypost",
        dir.display()
    )]
    Permission { dir: PathBuf },
    #[error("{} is not a Waypost store: choose an empty directory, or the one that Waypost created", dir.display())]
    NotAStore { dir: PathBuf },
    #[error("the store in {} can't be opened ({problem}): repair the disk or file system, then start again", dir.display())]
    Io { dir: PathBuf, problem: String },
}

/// How often, and how far apart, a locked store is tried again.
const LOCK_TRIES: u32 = 20;
const LOCK_PAUSE: Duration = Duration::from_millis(50);

/// A sled database that syncs for real.
pub(crate) struct SledKv {
    db: sled::Db,
    /// A second handle of the data file, for `sync_data`.
    file: File,
}

impl SledKv {
    /// Opens or creates the store in `dir`. `cache_bytes` bounds sled's page cache; its index comes on top.
    pub(crate) fn open(dir: &Path, cache_bytes: u64) -> Result<Self, OpenKvError> {
        let is_new = prepare(dir)?;
        let db = open_patiently(dir, cache_bytes)?;
        let of_io = |error: io::Error| io_error(dir, &error);
        let file = File::open(dir.join(DB_FILE)).map_err(of_io)?;
        if is_new {
            sync_new(dir).map_err(of_io)?;
        }
        check_blobs(dir)?;
        if db.is_empty() && dir.join(FILLED_FILE).exists() {
            let problem = format!("nothing in {DB_FILE} can be read any more");
            return Err(OpenKvError::Damaged { dir: dir.to_owned(), problem });
        }
        Ok(Self { db, file })
    }

    /// Remembers beside the data that there is some, so that the loss of all of it is not taken for a new store.
    pub(crate) fn remember_filled(dir: &Path) -> Result<(), OpenKvError> {
        let path = dir.join(FILLED_FILE);
        if path.exists() {
            return Ok(());
        }
        let of_io = |error: io::Error| io_error(dir, &error);
        File::create(&path).and_then(|file| file.sync_all()).map_err(of_io)?;
        File::open(dir).and_then(|dir| dir.sync_all()).map_err(of_io)
    }
}

/// Makes sure of a directory that only we can enter, and says whether a store is to be created in it.
fn prepare(dir: &Path) -> Result<bool, OpenKvError> {
    let of_io = |error: io::Error| io_error(dir, &error);
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(of_io)?;
    let mode = fs::metadata(dir).map_err(of_io)?.permissions().mode();
    if mode & 0o077 != 0 {
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(of_io)?;
    }
    let names = fs::read_dir(dir)
        .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.file_name())).collect::<io::Result<Vec<_>>>());
    let names = names.map_err(of_io)?;
    // `lost+found` is there when the directory is a file system of its own.
    let is_empty = names.iter().all(|name| name == "lost+found");
    let is_sled = [DB_FILE, CONF_FILE].iter().all(|file| names.iter().any(|name| name == file));
    match (is_empty, is_sled) {
        (true, _) => Ok(true),
        (false, true) => check_blobs(dir).map(|()| false),
        (false, false) => Err(OpenKvError::NotAStore { dir: dir.to_owned() }),
    }
}

/// Gives a store that is just being closed a moment: sled's own threads let go of the lock a little after the last
/// handle, and the next start must not fail for that.
fn open_patiently(dir: &Path, cache_bytes: u64) -> Result<sled::Db, OpenKvError> {
    for _ in 0..LOCK_TRIES {
        match open_guarded(dir, cache_bytes) {
            Err(OpenKvError::Locked { .. }) => std::thread::park_timeout(LOCK_PAUSE),
            opened => return opened,
        }
    }
    open_guarded(dir, cache_bytes)
}

/// Opens sled on a thread of its own: on damaged files it has been seen to panic, and to leave the thread in ruins.
fn open_guarded(dir: &Path, cache_bytes: u64) -> Result<sled::Db, OpenKvError> {
    let config =
        sled::Config::new().path(dir).cache_capacity(cache_bytes).segment_size(SEGMENT_BYTES).flush_every_ms(None);
    let guarded = move || catch_unwind(AssertUnwindSafe(|| config.open()));
    let opened = std::thread::Builder::new()
        .name("store-open".into())
        .spawn(guarded)
        .map_err(|error| io_error(dir, &error))?
        .join();
    match opened {
        Ok(Ok(Ok(db))) => Ok(db),
        Ok(Ok(Err(error))) => Err(open_error(dir, error)),
        Ok(Err(_)) | Err(_) => {
            Err(OpenKvError::Damaged { dir: dir.to_owned(), problem: "sled panicked while reading it".into() })
        }
    }
}

/// Syncs what sled never does: its files, their directory, and the directory's own entry.
fn sync_new(dir: &Path) -> io::Result<()> {
    for file in [CONF_FILE, DB_FILE] {
        File::open(dir.join(file))?.sync_all()?;
    }
    let dir = fs::canonicalize(dir)?;
    File::open(&dir)?.sync_all()?;
    match dir.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}

fn check_blobs(dir: &Path) -> Result<(), OpenKvError> {
    let blobs = match fs::read_dir(dir.join(BLOBS_DIR)) {
        Ok(blobs) => blobs,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io_error(dir, &error)),
    };
    match blobs.count() {
        0 => Ok(()),
        count => Err(OpenKvError::Damaged {
            dir: dir.to_owned(),
            problem: format!("{BLOBS_DIR}/ holds {count} files, which Waypost never writes"),
        }),
    }
}

/// sled's own words without what it prints for its authors.
fn in_words(text: &str) -> String {
    let end = ["at file offset", "backtrace"].into_iter().filter_map(|mark| text.find(mark)).min();
    text.get(..end.unwrap_or(text.len())).unwrap_or(text).trim().to_owned()
}

fn open_error(dir: &Path, error: sled::Error) -> OpenKvError {
    let dir_owned = || dir.to_owned();
    match error {
        // sled gives the lock no kind of its own.
        sled::Error::Io(error) if error.to_string().contains("could not acquire lock") => {
            OpenKvError::Locked { dir: dir_owned() }
        }
        sled::Error::Io(error) if error.kind() == ErrorKind::UnexpectedEof => {
            OpenKvError::Damaged { dir: dir_owned(), problem: "a file ends too early".into() }
        }
        sled::Error::Io(error) if error.kind() == ErrorKind::InvalidData || error.raw_os_error().is_none() => {
            OpenKvError::Damaged { dir: dir_owned(), problem: in_words(&error.to_string()) }
        }
        sled::Error::Io(error) => io_error(dir, &error),
        // Another segment size or format: sled made it, but not for us.
        sled::Error::Unsupported(_) => OpenKvError::NotAStore { dir: dir_owned() },
        error => OpenKvError::Damaged { dir: dir_owned(), problem: in_words(&error.to_string()) },
    }
}

fn io_error(dir: &Path, error: &io::Error) -> OpenKvError {
    let dir = dir.to_owned();
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => OpenKvError::Permission { dir },
        ErrorKind::NotADirectory | ErrorKind::AlreadyExists => OpenKvError::NotAStore { dir },
        _ => OpenKvError::Io { dir, problem: error.to_string() },
    }
}

fn of_io_error(error: &io::Error) -> KvError {
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => KvError::DiskFull,
        _ => KvError::Io(error.to_string()),
    }
}

fn of_sled(error: sled::Error) -> KvError {
    match error {
        sled::Error::Io(error) => of_io_error(&error),
        error => KvError::Damaged(in_words(&error.to_string())),
    }
}

/// Pages are read when they are needed, and damaged ones have made sled panic: an error instead, wherever it happens.
fn guarded<T>(work: impl FnOnce() -> Result<T, KvError>) -> Result<T, KvError> {
    let panicked = |_| Err(KvError::Damaged("sled panicked on them".into()));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked)
}

fn entry((key, value): (sled::IVec, sled::IVec)) -> Entry {
    (key.to_vec(), value.to_vec())
}

impl Kv for SledKv {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, KvError> {
        guarded(|| Ok(self.db.get(key).map_err(of_sled)?.map(|value| value.to_vec())))
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Vec<Entry>, KvError> {
        if from >= to {
            return Ok(Vec::new());
        }
        guarded(|| self.db.range(from..to).take(limit).map(|item| item.map(entry).map_err(of_sled)).collect())
    }

    fn count(&self, from: &[u8], to: &[u8], limit: usize) -> Result<usize, KvError> {
        if from >= to {
            return Ok(0);
        }
        guarded(|| {
            let mut keys = self.db.range(from..to).keys().take(limit);
            keys.try_fold(0, |count, key| key.map(|_| count + 1)).map_err(of_sled)
        })
    }

    fn last(&self, prefix: &[u8]) -> Result<Option<Entry>, KvError> {
        guarded(|| {
            let mut entries = match prefix_end(prefix) {
                Some(end) => self.db.range(prefix..end.as_slice()),
                None => self.db.range(prefix..),
            };
            entries.next_back().map(|item| item.map(entry).map_err(of_sled)).transpose()
        })
    }

    fn apply(&self, batch: &Batch) -> Result<(), KvError> {
        batch.check()?;
        guarded(|| {
            let mut sled_batch = sled::Batch::default();
            for write in batch.writes() {
                match &write.value {
                    Some(value) => sled_batch.insert(write.key.as_slice(), value.as_slice()),
                    None => sled_batch.remove(write.key.as_slice()),
                }
            }
            self.db.apply_batch(sled_batch).map_err(of_sled)
        })
    }

    fn sync(&self) -> Result<(), KvError> {
        guarded(|| self.db.flush().map(|_bytes| ()).map_err(of_sled))?;
        self.file.sync_data().map_err(|error| of_io_error(&error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CACHE_BYTES: u64 = 8 * 1024 * 1024;

    #[track_caller]
    fn sentence(dir: &Path) -> String {
        match SledKv::open(dir, CACHE_BYTES) {
            Ok(_) => panic!("it opened"),
            Err(error) => error.to_string(),
        }
    }

    fn filled(dir: &Path) -> SledKv {
        let kv = SledKv::open(dir, CACHE_BYTES).unwrap();
        for i in 0..2_000u32 {
            let mut batch = Batch::default();
            batch.put(i.to_be_bytes().to_vec(), vec![0xa5; 700]);
            kv.apply(&batch).unwrap();
        }
        kv.sync().unwrap();
        kv
    }

    #[test]
    fn a_second_opening_says_who_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let _first = SledKv::open(dir.path(), CACHE_BYTES).unwrap();
        assert!(sentence(dir.path()).contains("locked by another process"));
    }

    #[test]
    fn a_directory_of_something_else_is_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("letters.txt"), "dear all").unwrap();
        assert!(sentence(dir.path()).contains("is not a Waypost store"));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(sentence(&dir.path().join("letters.txt")).contains("is not a Waypost store"));
    }

    #[test]
    fn a_sled_database_with_other_settings_is_not_ours() {
        let dir = tempfile::tempdir().unwrap();
        drop(sled::open(dir.path()).unwrap());
        assert!(sentence(dir.path()).contains("is not a Waypost store"));
    }

    #[test]
    fn damaged_settings_are_said() {
        let dir = tempfile::tempdir().unwrap();
        drop(filled(dir.path()));
        fs::write(dir.path().join(CONF_FILE), "segment_size: nine\nxxxxxx").unwrap();
        let text = sentence(dir.path());
        assert!(text.contains("is damaged") && text.contains("restore a backup"), "{text}");
    }

    #[test]
    fn damage_is_an_error_and_never_a_panic() {
        for at in [0, 20, 100, 5_000, 40_000, 400_000, 1_400_000] {
            let dir = tempfile::tempdir().unwrap();
            drop(filled(dir.path()));
            let db = dir.path().join(DB_FILE);
            let mut bytes = fs::read(&db).unwrap();
            bytes[at..at + 64].iter_mut().for_each(|byte| *byte ^= 0xff);
            fs::write(&db, &bytes).unwrap();
            match SledKv::open(dir.path(), CACHE_BYTES) {
                // What sled takes for the torn end of its log, or reads only when it is needed.
                Ok(kv) => drop(kv.range(&[0], &[0xff], usize::MAX)),
                Err(error) => assert!(error.to_string().contains("is damaged"), "at {at}: {error}"),
            }
        }
    }

    #[test]
    fn a_blob_file_is_a_reason_not_to_start() {
        let dir = tempfile::tempdir().unwrap();
        drop(filled(dir.path()));
        fs::write(dir.path().join(BLOBS_DIR).join("123"), "x").unwrap();
        assert!(sentence(dir.path()).contains("blobs/ holds 1 files"));
    }

    #[test]
    fn the_largest_values_never_become_blobs() {
        let dir = tempfile::tempdir().unwrap();
        let kv = SledKv::open(dir.path(), CACHE_BYTES).unwrap();
        for i in 0..128u32 {
            let mut batch = Batch::default();
            batch.put(i.to_be_bytes().to_vec(), vec![0x5a; VALUE_BYTES_MAX]);
            kv.apply(&batch).unwrap();
        }
        kv.sync().unwrap();
        assert!(check_blobs(dir.path()).is_ok());
        let mut batch = Batch::default();
        batch.put(vec![1], vec![0; VALUE_BYTES_MAX + 1]);
        assert_eq!(kv.apply(&batch), Err(KvError::ValueTooLarge { bytes: VALUE_BYTES_MAX + 1 }));
    }

    #[test]
    fn only_the_owner_can_enter_the_directory() {
        let dir = tempfile::tempdir().unwrap();
        let store = dir.path().join("store");
        drop(SledKv::open(&store, CACHE_BYTES).unwrap());
        assert_eq!(fs::metadata(&store).unwrap().permissions().mode() & 0o777, 0o700);
    }
}
