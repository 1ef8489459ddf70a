//! A file in another's place, in one step.
//!
//! ```text
//!   NAME.saving   opened or made ─► locked ─► written ─► fsync ─► renamed ─► unlocked
//!   NAME          the former file ...............................│ the new one
//!   its folder                                                   │ fsync: the name too is on the disk
//! ```
//!
//! There is one name for what is being written, so that what a killed process left there is found, and written over,
//! and never becomes many. The lock (of `File::try_lock`: advisory, the kernel's, gone with the process) keeps two from
//! writing there at once. Who locks a file may find that it has been renamed or removed since it was opened; then
//! another one stands at that name, or none, and it tries again.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use super::fault::SnapshotFault;

/// What the name of a file that is being written ends in.
const SAVING: &str = ".saving";

/// Puts in the place of `path` what `write` writes, or leaves it as it is.
pub(super) fn replace<R>(
    path: &Path,
    write: impl FnOnce(&File) -> Result<R, SnapshotFault>,
) -> Result<R, SnapshotFault> {
    let former = match fs::metadata(path) {
        Ok(former) if former.is_file() => Some(former),
        Ok(_) => return Err(refuse("a folder or a device is there")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(SnapshotFault::io("look at it")(error)),
    };
    let mut name = path
        .file_name()
        .ok_or_else(|| refuse("it names no file"))?
        .to_os_string();
    name.push(SAVING);
    // One that takes a former file's place is for nobody else's eyes until it has that one's permissions.
    let mode = if former.is_some() { 0o600 } else { 0o666 };
    let new = Saving::begin(&path.with_file_name(name), mode)?;
    if let Some(former) = former {
        new.file
            .set_permissions(former.permissions())
            .map_err(SnapshotFault::io("give a new file its permissions"))?;
    }
    let result = write(&new.file)?;
    new.file
        .sync_all()
        .map_err(SnapshotFault::io("bring the new file to the disk"))?;
    new.become_file(path)?;
    sync_folder(path).map_err(SnapshotFault::io(
        "bring its folder to the disk (the new file is in its place, but might not stay there)",
    ))?;
    Ok(result)
}

fn refuse(why: &'static str) -> SnapshotFault {
    SnapshotFault::io("put a file there")(io::Error::new(io::ErrorKind::InvalidInput, why))
}

/// A file that is being written, removed unless it becomes another.
struct Saving {
    file: File,
    path: PathBuf,
    moved: bool,
}

impl Saving {
    fn begin(path: &Path, mode: u32) -> Result<Self, SnapshotFault> {
        loop {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false) // nobody's before it is locked
                .mode(mode)
                .open(path);
            let file = match file {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    Self::remove_unwritable(path, error)?;
                    continue;
                }
                file => file.map_err(SnapshotFault::io("make a file beside it"))?,
            };
            if let Some(saving) = Self::claim(file, path)? {
                return Ok(saving);
            }
        }
    }

    /// Removes what a save has left behind that gave it a former file's permissions: only to read.
    fn remove_unwritable(path: &Path, error: io::Error) -> Result<(), SnapshotFault> {
        let Ok(file) = File::open(path) else {
            return Err(SnapshotFault::io("make a file beside it")(error));
        };
        lock(&file)?;
        if is_at(&file, path).map_err(SnapshotFault::io("look at the file beside it"))? {
            fs::remove_file(path)
                .map_err(SnapshotFault::io("remove what was left behind beside it"))?;
        }
        Ok(())
    }

    /// Locks and empties `file`, if it still stands at `path`.
    fn claim(file: File, path: &Path) -> Result<Option<Self>, SnapshotFault> {
        lock(&file)?;
        if !is_at(&file, path).map_err(SnapshotFault::io("look at the file beside it"))? {
            return Ok(None);
        }
        file.set_len(0)
            .map_err(SnapshotFault::io("write over the file beside it"))?;
        Ok(Some(Self {
            file,
            path: path.into(),
            moved: false,
        }))
    }

    fn become_file(mut self, path: &Path) -> Result<(), SnapshotFault> {
        fs::rename(&self.path, path)
            .map_err(SnapshotFault::io("put the new file into its place"))?;
        self.moved = true;
        Ok(())
    }
}

impl Drop for Saving {
    /// While it is locked.
    fn drop(&mut self) {
        if !self.moved {
            // What cannot be removed is harmless: the next save writes over it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn lock(file: &File) -> Result<(), SnapshotFault> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => SnapshotFault::Busy,
        TryLockError::Error(error) => SnapshotFault::io("lock the file beside it")(error),
    })
}

/// Whether `file` stands at `path`.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let ours = file.metadata()?;
    match fs::symlink_metadata(path) {
        // Nothing is written through a link that somebody else may have put there.
        Ok(there) if !there.is_file() => {
            Err(io::Error::other("something else is there; remove it"))
        }
        Ok(there) => Ok((there.dev(), there.ino()) == (ours.dev(), ours.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Brings the name at `path` to the disk.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};
    use std::io::Write as _;

    use super::{Saving, replace};

    /// Between one's opening of `NAME.saving` and its locking, another one moves that file into its place.
    #[test]
    fn a_file_that_was_moved_before_it_was_locked_is_left_alone() {
        let folder =
            std::env::temp_dir().join(std::format!("splitmap-place-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let (path, saving) = (folder.join("map"), folder.join("map.saving"));
        let mut opened = None;
        replace(&path, |mut file| {
            opened = Some(File::options().write(true).open(&saving).unwrap());
            file.write_all(b"whole").unwrap();
            Ok(())
        })
        .unwrap();
        assert!(
            Saving::claim(opened.unwrap(), &saving).unwrap().is_none(),
            "nothing stands there"
        );
        let opened = File::options().write(true).open(&path).unwrap();
        fs::write(&saving, "another").unwrap();
        assert!(
            Saving::claim(opened, &saving).unwrap().is_none(),
            "another stands there"
        );
        assert_eq!(fs::read(&path).unwrap(), b"whole");
        replace(&path, |_| Ok(())).unwrap();
        assert!(fs::read(&path).unwrap().is_empty() && !fs::exists(&saving).unwrap());
        fs::remove_dir_all(folder).unwrap();
    }
}
