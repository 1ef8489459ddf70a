//! Reloading the file of routes when it has changed.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::file::{self, Fault};
use crate::table::{Change, Table};

/// Why a file was not taken over: the table is as it was.
#[derive(Debug)]
pub(crate) struct Failure {
    path: PathBuf,
    why: Why,
}

#[derive(Debug)]
enum Why {
    Read(io::Error),
    Fault(Fault),
    /// It may be about to be written: a table of nothing is not what anybody wants.
    Empty,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.path.display();
        match &self.why {
            // Also of text that is not UTF-8.
            Why::Read(error) => write!(f, "{path}: cannot be read: {error}"),
            Why::Fault(fault) => write!(f, "{path}, {fault}"),
            Why::Empty => write!(f, "{path}: no routes in it"),
        }
    }
}

/// A file, and how it was when it was looked at last.
pub(crate) struct Watched {
    path: PathBuf,
    /// When it was changed, and its length; `None`: it could not be found.
    seen: Option<(SystemTime, u64)>,
    looked: bool,
}

impl Watched {
    pub(crate) fn new(path: &Path) -> Self {
        Self {
            path: path.into(),
            seen: None,
            looked: false,
        }
    }

    /// Takes the file over into `table` if it is not as it was: what that changed.
    pub(crate) fn look(&mut self, table: &Table) -> Result<Option<Change>, Failure> {
        let metadata = fs::metadata(&self.path);
        let now = metadata.and_then(|data| Ok((data.modified()?, data.len())));
        if self.looked && self.seen == now.as_ref().ok().copied() {
            return Ok(None);
        }
        self.looked = true;
        self.seen = now.ok();
        let failure = |why| Failure {
            path: self.path.clone(),
            why,
        };
        let text = fs::read_to_string(&self.path).map_err(|error| failure(Why::Read(error)))?;
        let hosts = file::parse(&text).map_err(|fault| failure(Why::Fault(fault)))?;
        if hosts.is_empty() {
            return Err(failure(Why::Empty));
        }
        Ok(Some(table.become_these(hosts)))
    }
}

#[cfg(test)]
mod tests {
    use super::Watched;
    use crate::table::Table;
    use std::fs;

    #[test]
    fn a_change_is_taken_over_and_a_fault_is_not() {
        let path = std::env::temp_dir().join(format!("splitmap-router-{}", std::process::id()));
        let table = Table::default();
        let to = |table: &Table| table.route("a", "/").map(|route| route.to_owned());
        let mut watched = Watched::new(&path);
        let missing = watched.look(&table).unwrap_err().to_string();
        assert!(missing.contains("cannot be read"), "{missing}");
        for (text, fault, now) in [
            ("a / one", None, Some("one")),
            ("a / two\n# longer", None, Some("two")),
            ("a / three\nb /", Some("line 2: 2 words"), Some("two")),
            ("# nothing", Some("no routes in it"), Some("two")),
        ] {
            fs::write(&path, text).unwrap();
            match (watched.look(&table), fault) {
                (Ok(Some(_)), None) => {}
                (Err(failure), Some(fault)) => assert!(failure.to_string().contains(fault)),
                (result, _) => panic!("{result:?} for {text:?}"),
            }
            assert_eq!(to(&table).as_deref(), now);
            assert!(
                matches!(watched.look(&table), Ok(None)),
                "nothing has changed"
            );
        }
        fs::remove_file(&path).unwrap();
        assert!(watched.look(&table).is_err());
        assert!(matches!(watched.look(&table), Ok(None)), "said once");
    }
}
