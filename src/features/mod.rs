//! What other crates expect of a collection; each behind the feature of its name.

#[cfg(feature = "rayon")]
pub(crate) mod rayon;
#[cfg(feature = "serde")]
mod serde;
#[cfg(all(feature = "snapshot-file", unix))]
pub mod snapshot_file;
