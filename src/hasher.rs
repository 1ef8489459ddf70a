//! The hasher of maps that are given none.

/// Makes the hashers of maps that are given none: std's [`RandomState`](std::hash::RandomState), which
/// withstands hash flooding.
///
/// # Examples
/// ```
/// let map: splitmap::HashMap<u32, u32, splitmap::DefaultHashBuilder> = splitmap::HashMap::new();
/// assert!(map.is_empty());
/// ```
#[cfg(feature = "std")]
pub type DefaultHashBuilder = std::hash::RandomState;

/// Without std there are no random numbers, and so no default: name a hasher, as `with_hasher` takes it.
#[cfg(not(feature = "std"))]
#[derive(Clone, Copy, Debug)]
pub enum DefaultHashBuilder {}
