//! Immutable bytes: a key, a value, a client's name.
//!
//! Up to [`INLINE_BYTES_MAX`] bytes lie in the `Blob` itself, and so in the map's node:
//! most keys and counters need no allocation of their own, and comparing a key touches no
//! memory but the node's. Longer ones are shared by their clones.

use alloc::sync::Arc;
use core::borrow::Borrow;
use core::hash::{Hash, Hasher};
use core::ops::Deref;

/// Longest bytes that need no allocation: what makes a `Blob` three words.
const INLINE_BYTES_MAX: usize = 22;

/// Bytes that are cheap to clone, however many they are.
#[derive(Clone)]
pub(crate) enum Blob {
    Inline {
        length: u8,
        bytes: [u8; INLINE_BYTES_MAX],
    },
    Shared(Arc<[u8]>),
}

const _: () = assert!(size_of::<Blob>() == 24);

impl Deref for Blob {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Inline { length, bytes } => &bytes[..usize::from(*length)],
            Self::Shared(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Blob {
    fn from(source: &[u8]) -> Self {
        let mut bytes = [0; INLINE_BYTES_MAX];
        match (bytes.get_mut(..source.len()), u8::try_from(source.len())) {
            (Some(inline), Ok(length)) => {
                inline.copy_from_slice(source);
                Self::Inline { length, bytes }
            }
            _ => Self::Shared(source.into()),
        }
    }
}

// As keys, blobs are found by slices: equality and hash are the slice's.

impl Borrow<[u8]> for Blob {
    fn borrow(&self) -> &[u8] {
        self
    }
}

impl PartialEq for Blob {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for Blob {}

impl Hash for Blob {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl core::fmt::Debug for Blob {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "\"{}\"", self.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::{Blob, INLINE_BYTES_MAX};
    use core::hash::BuildHasher as _;
    use std::hash::RandomState;

    #[test]
    fn a_blob_is_its_bytes_at_every_length() {
        let hasher = RandomState::new();
        for length in 0..=2 * INLINE_BYTES_MAX {
            let bytes = vec![b'x'; length];
            let blob = Blob::from(&bytes[..]);
            assert_eq!(*blob, bytes[..]);
            assert_eq!(blob, blob.clone());
            assert_eq!(hasher.hash_one(&blob), hasher.hash_one(&bytes[..]));
            assert_eq!(
                matches!(blob, Blob::Inline { .. }),
                length <= INLINE_BYTES_MAX
            );
        }
    }
}
