//! [`HashSet`]: a map whose values are nothing. Here: its own operations; those with other sets, and traits, beside.

use core::hash::{BuildHasher, Hash};

use equivalent::Equivalent;

use crate::errors::TryReserveError;
use crate::hasher::DefaultHashBuilder;
use crate::key::{Key, Keys};
use crate::map::HashMap;
use crate::sync::const_unless_loom;

mod algebra;
#[cfg(feature = "profile")]
mod profile;
mod traits;
mod verify;

/// A concurrent hash set: every method takes `&self`, and no operation ever waits for another thread.
///
/// A [`HashMap`] with values `()`, whose guarantees are this one's: lock-free, linearizable for each element,
/// re-entrant, unharmed by panics, and bounded in memory. What is not here is reached through
/// [`as_map`](Self::as_map). An element that is read is a [`Key`], a reference into the set.
///
/// # Examples
/// ```
/// use splitmap::HashSet;
///
/// let seen = HashSet::new();
/// std::thread::scope(|scope| {
///     scope.spawn(|| seen.insert("a"));
///     scope.spawn(|| seen.insert("b"));
/// });
/// assert!(seen.contains("a") && seen.contains("b"));
/// assert!(!seen.insert("a"), "it is there already");
/// ```
pub struct HashSet<T, S = DefaultHashBuilder> {
    map: HashMap<T, (), S>,
}

#[cfg(feature = "std")]
impl<T> HashSet<T> {
    /// An empty set, without an allocation, with std's [`RandomState`](std::hash::RandomState).
    ///
    /// # Examples
    /// ```
    /// assert!(splitmap::HashSet::<u32>::new().is_empty());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self {
            map: HashMap::new(),
        }
    }

    /// An empty set with room for `capacity` elements.
    ///
    /// # Panics
    /// "capacity overflow", if that exceeds the greatest possible capacity.
    ///
    /// # Examples
    /// ```
    /// assert!(splitmap::HashSet::<u32>::with_capacity(100).capacity() >= 100);
    /// ```
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            map: HashMap::with_capacity(capacity),
        }
    }
}

impl<T, S> HashSet<T, S> {
    const_unless_loom! {
    /// An empty set, without an allocation, that hashes with `hash_builder`; for statics too.
    ///
    /// # Examples
    /// ```
    /// use std::hash::{BuildHasherDefault, DefaultHasher};
    /// use splitmap::HashSet;
    ///
    /// static BANNED: HashSet<u32, BuildHasherDefault<DefaultHasher>> =
    ///     HashSet::with_hasher(BuildHasherDefault::new());
    /// BANNED.insert(7);
    /// assert!(BANNED.contains(&7));
    /// ```
    #[must_use]
    pub const fn with_hasher(hash_builder: S) -> Self {
        Self { map: HashMap::with_hasher(hash_builder) }
    }
    }

    /// An empty set with room for `capacity` elements that hashes with `hash_builder`.
    ///
    /// # Panics
    /// "capacity overflow", if that exceeds the greatest possible capacity.
    ///
    /// # Examples
    /// ```
    /// let hasher = foldhash::fast::RandomState::default();
    /// let set = splitmap::HashSet::<u32, _>::with_capacity_and_hasher(100, hasher);
    /// assert!(set.capacity() >= 100);
    /// ```
    #[must_use]
    pub fn with_capacity_and_hasher(capacity: usize, hash_builder: S) -> Self {
        Self {
            map: HashMap::with_capacity_and_hasher(capacity, hash_builder),
        }
    }

    /// The map of which this set is made.
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from([1, 2]);
    /// set.remove(&1);
    /// assert_eq!(set.as_map().retired_len(), 1);
    /// ```
    #[must_use]
    pub fn as_map(&self) -> &HashMap<T, (), S> {
        &self.map
    }

    /// The set's hasher.
    ///
    /// # Examples
    /// ```
    /// use std::hash::BuildHasher;
    /// let set = splitmap::HashSet::<u32>::new();
    /// assert_eq!(set.hasher().hash_one(1), set.hasher().hash_one(1));
    /// ```
    #[must_use]
    pub fn hasher(&self) -> &S {
        self.map.hasher()
    }

    /// How many elements there are; as [`HashMap::len`].
    ///
    /// # Examples
    /// ```
    /// assert_eq!(splitmap::HashSet::from([1, 2, 1]).len(), 2);
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether [`len`](Self::len) is 0.
    ///
    /// # Examples
    /// ```
    /// assert!(splitmap::HashSet::<u32>::new().is_empty());
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }

    /// How many elements the set holds before it doubles its table.
    ///
    /// # Examples
    /// ```
    /// assert!(splitmap::HashSet::<u32>::with_capacity(100).capacity() >= 100);
    /// ```
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.map.capacity()
    }

    /// Makes room for `additional` more elements, in the calling thread; others go on meanwhile.
    ///
    /// # Panics
    /// "capacity overflow", if that exceeds the greatest possible capacity.
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::<u32>::new();
    /// set.reserve(100);
    /// assert!(set.capacity() >= 100);
    /// ```
    pub fn reserve(&self, additional: usize) {
        self.map.reserve(additional);
    }

    /// Makes room for `additional` more elements, if that can be had.
    ///
    /// # Errors
    /// As [`HashMap::try_reserve`].
    ///
    /// # Examples
    /// ```
    /// assert!(splitmap::HashSet::<u32>::new().try_reserve(usize::MAX).is_err());
    /// ```
    pub fn try_reserve(&self, additional: usize) -> Result<(), TryReserveError> {
        self.map.try_reserve(additional)
    }

    /// Makes the table as small as its elements allow; as [`HashMap::shrink_to_fit`].
    ///
    /// # Examples
    /// ```
    /// let mut set = splitmap::HashSet::<u32>::with_capacity(1000);
    /// set.shrink_to_fit();
    /// assert!(set.capacity() < 1000);
    /// ```
    pub fn shrink_to_fit(&mut self) {
        self.map.shrink_to_fit();
    }

    /// Makes the table as small as its elements allow, with room for `capacity` at least; as
    /// [`HashMap::shrink_to`].
    ///
    /// # Examples
    /// ```
    /// let mut set = splitmap::HashSet::<u32>::with_capacity(1000);
    /// set.shrink_to(100);
    /// assert!((100..1000).contains(&set.capacity()));
    /// ```
    pub fn shrink_to(&mut self, capacity: usize) {
        self.map.shrink_to(capacity);
    }

    /// Removes all elements that are there when it passes; as [`HashMap::clear`].
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from([1, 2]);
    /// set.clear();
    /// assert!(set.is_empty());
    /// ```
    pub fn clear(&self) {
        self.map.clear();
    }

    /// Removes some element and gives it; as [`HashMap::pop_any`].
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from([1]);
    /// assert_eq!(set.pop_any().as_deref(), Some(&1));
    /// assert!(set.pop_any().is_none());
    /// ```
    pub fn pop_any(&self) -> Option<Key<'_, T>> {
        self.map.pop_any().map(Key::new)
    }

    /// All elements, in no particular order, while others go on changing the set; promises what
    /// [`HashMap::iter`] does.
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from([1, 2]);
    /// assert_eq!(set.iter().map(|element| *element).sum::<i32>(), 3);
    /// ```
    pub fn iter(&self) -> Keys<'_, T, ()> {
        self.map.keys()
    }
}

impl<T: Eq, S> HashSet<T, S> {
    /// Keeps the elements for which `keep` gives true; as [`HashMap::retain`].
    ///
    /// # Examples
    /// ```
    /// let set: splitmap::HashSet<i32> = (0..10).collect();
    /// set.retain(|n| n % 2 == 0);
    /// assert_eq!(set.len(), 5);
    /// ```
    pub fn retain(&self, mut keep: impl FnMut(&T) -> bool) {
        self.map.retain(|element, ()| keep(element));
    }

    /// Removes the elements for which `test` gives true, one with each step of the iterator, and gives
    /// them; as [`HashMap::extract_if`].
    ///
    /// # Examples
    /// ```
    /// let set: splitmap::HashSet<i32> = (0..10).collect();
    /// assert_eq!(set.extract_if(|n| n % 2 == 1).map(|n| *n).sum::<i32>(), 25);
    /// ```
    pub fn extract_if(&self, mut test: impl FnMut(&T) -> bool) -> impl Iterator<Item = Key<'_, T>> {
        self.map
            .extract_if(move |element, ()| test(element))
            .map(Key::new)
    }

    /// Removes all elements that are there when it passes, and gives them; as [`HashMap::drain`].
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from([1, 2]);
    /// assert_eq!(set.drain().map(|n| *n).sum::<i32>(), 3);
    /// assert!(set.is_empty());
    /// ```
    pub fn drain(&self) -> impl Iterator<Item = Key<'_, T>> {
        self.map.drain().map(Key::new)
    }
}

impl<T, S> HashSet<T, S>
where
    T: Hash + Eq,
    S: BuildHasher,
{
    /// Whether `element` is there. O(1) expected.
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from(["a"]);
    /// assert!(set.contains("a") && !set.contains("b"));
    /// ```
    pub fn contains<Q>(&self, element: &Q) -> bool
    where
        Q: ?Sized + Hash + Equivalent<T>,
    {
        self.map.contains_key(element)
    }

    /// The element that equals `element`. O(1) expected.
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from([String::from("a")]);
    /// assert_eq!(set.get("a").as_deref(), Some(&String::from("a")));
    /// ```
    pub fn get<Q>(&self, element: &Q) -> Option<Key<'_, T>>
    where
        Q: ?Sized + Hash + Equivalent<T>,
    {
        self.map.get(element).map(Key::new)
    }

    /// Inserts `element` if it is absent; true: it was. Atomic: of several threads that insert equal
    /// elements, one is told true. O(1) expected.
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::new();
    /// assert!(set.insert("a"));
    /// assert!(!set.insert("a"));
    /// ```
    pub fn insert(&self, element: T) -> bool {
        self.map.try_insert(element, ()).is_ok()
    }

    /// Inserts `element`, in the place of the equal one that is there, which it gives. O(1) expected.
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::new();
    /// assert!(set.replace("a").is_none());
    /// assert_eq!(set.replace("a").as_deref(), Some(&"a"));
    /// ```
    pub fn replace(&self, element: T) -> Option<Key<'_, T>> {
        self.map.insert(element, ()).map(Key::new)
    }

    /// The element that equals `element`, which is inserted if there is none: for interning. O(1)
    /// expected.
    ///
    /// # Examples
    /// ```
    /// let names = splitmap::HashSet::new();
    /// let first = names.get_or_insert(String::from("a"));
    /// let second = names.get_or_insert(String::from("a"));
    /// assert!(std::ptr::eq(&*first, &*second));
    /// ```
    pub fn get_or_insert(&self, element: T) -> Key<'_, T> {
        Key::new(self.map.get_or_insert(element, ()))
    }

    /// Removes the element that equals `element`; true: it was there. Atomic: of several threads, one is
    /// told true. O(1) expected.
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from(["a"]);
    /// assert!(set.remove("a") && !set.remove("a"));
    /// ```
    pub fn remove<Q>(&self, element: &Q) -> bool
    where
        Q: ?Sized + Hash + Equivalent<T>,
    {
        self.map.remove(element).is_some()
    }

    /// Removes the element that equals `element`, and gives it. O(1) expected.
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from(["a"]);
    /// assert_eq!(set.take("a").as_deref(), Some(&"a"));
    /// ```
    pub fn take<Q>(&self, element: &Q) -> Option<Key<'_, T>>
    where
        Q: ?Sized + Hash + Equivalent<T>,
    {
        self.map.remove(element).map(Key::new)
    }
}
