//! What goes wrong with a snapshot's file, and what to do about it.

use alloc::boxed::Box;
use core::error::Error;
use core::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// The error of [`save`](super::save) and [`HashMap::load`](crate::HashMap::load): a file, and what is wrong with it.
/// Feature `snapshot-file`.
///
/// # Examples
/// ```
/// let error = splitmap::HashMap::<u64, u64>::load("/no/such/file").unwrap_err();
/// assert!(error.to_string().starts_with("/no/such/file: cannot open it: "));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct SnapshotFileError {
    /// The file, as it was named.
    pub path: PathBuf,
    /// What is wrong.
    pub fault: SnapshotFault,
}

impl SnapshotFileError {
    pub(super) fn new(path: &Path, fault: SnapshotFault) -> Self {
        Self {
            path: path.into(),
            fault,
        }
    }
}

impl fmt::Display for SnapshotFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.fault)
    }
}

impl Error for SnapshotFileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.fault.source()
    }
}

/// What can be wrong with a snapshot's file; part of [`SnapshotFileError`]. Feature `snapshot-file`.
///
/// # Examples
/// ```
/// use splitmap::snapshot_file::SnapshotFault;
///
/// let error = splitmap::HashMap::<u64, u64>::load("/no/such/file").unwrap_err();
/// let SnapshotFault::Io { source, .. } = error.fault else { panic!() };
/// assert_eq!(source.kind(), std::io::ErrorKind::NotFound);
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotFault {
    /// The system refused something.
    #[non_exhaustive]
    Io {
        /// What was to be done, after "cannot".
        doing: &'static str,
        /// Why not.
        source: io::Error,
    },
    /// Another save to this path is going on, in this process or in another one.
    Busy,
    /// It does not begin as a snapshot does.
    NotASnapshot,
    /// It is in the form of another version of this crate.
    #[non_exhaustive]
    Version {
        /// The form's number.
        found: u64,
    },
    /// It ends before its end: it was cut off.
    #[non_exhaustive]
    Torn {
        /// Where it ends.
        offset: u64,
    },
    /// Its bytes are not those that were written.
    #[non_exhaustive]
    Altered {
        /// The end of what is right.
        offset: u64,
    },
    /// It is as it was written, at least so far, but entries of the types asked for cannot be made of it.
    #[non_exhaustive]
    Decode {
        /// Where the entry begins, or the block where it should have ended.
        offset: u64,
        /// What the form, or the type, says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// An entry cannot be serialized.
    #[non_exhaustive]
    Encode {
        /// What the form, or the type, says.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The iterator gave more or fewer entries than it said it would.
    #[non_exhaustive]
    Count {
        /// As many as it said.
        announced: u64,
    },
}

impl SnapshotFault {
    /// For `map_err`.
    pub(super) fn io(doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { doing, source }
    }
}

impl fmt::Display for SnapshotFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const INSTEAD: &str = "nothing of it was loaded; use a copy that is whole";
        match self {
            Self::Io { doing, source } => write!(f, "cannot {doing}: {source}"),
            Self::Busy => f.write_str("another save to it is going on; wait for that one"),
            Self::NotASnapshot => f.write_str("not a snapshot of a splitmap"),
            Self::Version { found } => write!(
                f,
                "a snapshot in form {found}, and this version of splitmap reads form {}; \
                 load it with the version that wrote it",
                super::form::VERSION
            ),
            Self::Torn { offset } => write!(f, "cut off at byte {offset}; {INSTEAD}"),
            Self::Altered { offset } => {
                write!(f, "altered behind byte {offset}; {INSTEAD}")
            }
            Self::Decode { offset, source } => write!(
                f,
                "it holds other types of keys and values than were asked for (byte {offset}: {source}); \
                 load it as what it was saved as"
            ),
            Self::Encode { source } => write!(f, "an entry cannot be serialized: {source}"),
            Self::Count { announced } => write!(
                f,
                "not as many entries were given as announced ({announced}); save a snapshot, or a clone"
            ),
        }
    }
}

impl Error for SnapshotFault {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Decode { source, .. } | Self::Encode { source } => Some(&**source),
            _ => None,
        }
    }
}
