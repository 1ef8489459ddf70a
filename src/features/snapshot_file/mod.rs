//! Snapshots in files: written and read as a stream, and never half there.
//!
//! ```text
//!   save   entries ─► form: blocks, each checked ─► place: NAME.saving ─► fsync ─► rename to NAME ─► fsync
//!   load   NAME    ─► form: each block checked, then decoded ─► a fresh map, given out when all was right
//! ```
//!
//! Feature `snapshot-file`, on Unix. (`form.rs` knows bytes and no files, `place.rs` files and no bytes, `fault.rs` what goes
//! wrong with either.)

mod fault;
mod form;
mod place;

use core::hash::{BuildHasher, Hash};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde_core::{Deserialize, Serialize};

pub use fault::{SnapshotFault, SnapshotFileError};
pub use form::Saved;

use crate::map::{HashMap, Snapshot};

/// Writes `entries` to a file, atomically: at every moment, also if the process or the machine stops, the file at `path`
/// is the former one (if there was one) or the new one, whole. Feature `snapshot-file`.
///
/// The entries are serialized in the form of [postcard](https://docs.rs/postcard), which has neither names nor types:
/// they are read back as what they were written as. Each block of some 64 KiB has a checksum (XXH3, 64 bits), so that
/// [`HashMap::load`] refuses a file that was cut off or altered. Checksums are no defence against who forges them.
///
/// It is written beside the file, to a name that ends in `.saving`, brought to the disk, and moved into its
/// place; a former file's permissions stay. What a save leaves behind when its process is killed is one such file, which
/// the next one to the same path takes over. While one save writes, another to the same path is refused.
///
/// Takes memory for a block and an entry; time in proportion to the entries, and two `fsync`s.
///
/// # Errors
/// A [`SnapshotFault`]: `Io`, `Busy`, `Encode`, or `Count` if `entries` are not as many as they say. The former file is
/// as it was, and the new one is removed. (If only the last step fails, which brings the folder to the disk, the new
/// one is in its place, and may not stay there if the machine stops; the error says so.)
///
/// # Examples
/// ```
/// use splitmap::{HashMap, snapshot_file};
///
/// # let folder = std::env::temp_dir().join(format!("splitmap-doc-save-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("primes.snapshot");
/// let primes = [(2, "two".to_owned()), (3, "three".to_owned())];
/// let saved = snapshot_file::save(&path, primes.iter().map(|(n, name)| (n, name)))?;
/// assert_eq!(saved.entries, 2);
///
/// let map: HashMap<i32, String> = HashMap::load(&path)?;
/// assert_eq!(*map.get(&3).unwrap(), "three");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save<'e, K, V, I>(path: impl AsRef<Path>, entries: I) -> Result<Saved, SnapshotFileError>
where
    K: Serialize + 'e,
    V: Serialize + 'e,
    I: IntoIterator<Item = (&'e K, &'e V), IntoIter: ExactSizeIterator>,
{
    let path = path.as_ref();
    place::replace(path, |file| form::write(file, entries.into_iter()))
        .map_err(|fault| SnapshotFileError::new(path, fault))
}

/// Feature `snapshot-file`.
impl<K: Serialize, V: Serialize> Snapshot<'_, K, V> {
    /// Writes the snapshot to a file, atomically, as [`snapshot_file::save`](save) does. Feature `snapshot-file`.
    ///
    /// # Errors
    /// Those of [`snapshot_file::save`](save), but for `Count`.
    ///
    /// # Examples
    /// ```
    /// use splitmap::HashMap;
    ///
    /// # let path = std::env::temp_dir().join(format!("splitmap-doc-snapshot-{}", std::process::id()));
    /// let map = HashMap::from([(1, 10)]);
    /// map.snapshot().save(&path)?;
    /// let restored: HashMap<i32, i32> = HashMap::load(&path)?;
    /// assert_eq!(*restored.get(&1).unwrap(), 10);
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<Saved, SnapshotFileError> {
        save(path, self.iter())
    }
}

/// Feature `snapshot-file`.
impl<K, V, S> HashMap<K, V, S>
where
    K: for<'de> Deserialize<'de> + Hash + Eq,
    V: for<'de> Deserialize<'de>,
    S: BuildHasher + Default,
{
    /// The map whose entries a file holds, which [`snapshot_file::save`](save) wrote. Feature `snapshot-file`.
    ///
    /// All is read, checked and decoded before anything is given out. Memory is taken for what is there, not for what
    /// the file says there is. Of entries with equal keys the last one stays, as with serde. Whether a save to the
    /// same path is going on does not matter.
    ///
    /// # Errors
    /// A [`SnapshotFault`]: `Io`, also if there is no such file; `NotASnapshot`, `Version`, `Torn`, `Altered`; and
    /// `Decode` if it is whole but holds entries of other types.
    ///
    /// # Examples
    /// ```
    /// use splitmap::HashMap;
    /// use splitmap::snapshot_file::SnapshotFault;
    ///
    /// # let path = std::env::temp_dir().join(format!("splitmap-doc-load-{}", std::process::id()));
    /// std::fs::write(&path, "something else")?;
    /// let error = HashMap::<u64, String>::load(&path).unwrap_err();
    /// assert!(matches!(error.fault, SnapshotFault::NotASnapshot));
    /// # std::fs::remove_file(&path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn load(path: impl AsRef<Path>) -> Result<Self, SnapshotFileError> {
        let path = path.as_ref();
        read(path).map_err(|fault| SnapshotFileError::new(path, fault))
    }
}

fn read<K, V, S>(path: &Path) -> Result<HashMap<K, V, S>, SnapshotFault>
where
    K: for<'de> Deserialize<'de> + Hash + Eq,
    V: for<'de> Deserialize<'de>,
    S: BuildHasher + Default,
{
    let file = File::open(path).map_err(SnapshotFault::io("open it"))?;
    let length = file
        .metadata()
        .map_err(SnapshotFault::io("ask for its length"))?
        .len();
    form::read(BufReader::new(file), length)
}
