//! [`Ref`]: an entry that is being looked at.

use core::fmt;
use core::marker::PhantomData;
use core::ops::Deref;
use core::panic::{RefUnwindSafe, UnwindSafe};
use core::ptr::NonNull;

use crate::list::Node;
use crate::reclaim::Guard;

/// A shared reference to an entry of a map, without a copy and without a lock.
///
/// It keeps this one entry (and, if the entry was made by [`update`], its key) from being freed, and
/// nothing else: other threads replace, remove and insert entries meanwhile, under this key too. It
/// may be held as long as one likes, sent to another thread, and held across an `.await`. What it
/// shows never changes; whether the entry is still in the map is another question.
///
/// Each `Ref` that is held costs one hazard, a word of memory, and keeps at most one removed entry.
/// Creating and dropping one is two stores each, while a thread holds no more than a few; a thread that
/// holds many thousands may have to look longer for a free hazard.
///
/// [`update`]: crate::HashMap::update
///
/// # Examples
/// ```
/// let map = splitmap::HashMap::new();
/// map.insert("key", "old");
/// let seen = map.get("key").unwrap();
/// map.insert("key", "new");
/// assert_eq!(*seen, "old");                      // what was seen stays readable
/// assert_eq!(*map.get("key").unwrap(), "new");
/// ```
pub struct Ref<'map, K, V> {
    /// A `Node<K, V>`. Erased, because a node is invariant in `K` and `V` for its link's sake, while a
    /// shared reference, which is what this is, may shorten what they borrow.
    node: NonNull<()>,
    _entry: PhantomData<&'map (K, V)>,
    _guard: Guard<'map>,
}

// SAFETY: a `Ref` gives `&K` and `&V`, and its drop frees a hazard, which any thread may do. `Send`
// of `K` and `V` is asked for as well, as the map itself must be shareable for `'map`.
unsafe impl<K: Send + Sync, V: Send + Sync> Send for Ref<'_, K, V> {}
// SAFETY: as above; a shared `Ref` gives `&K` and `&V` only.
unsafe impl<K: Send + Sync, V: Send + Sync> Sync for Ref<'_, K, V> {}

// As `&K` and `&V`: a panic elsewhere leaves what a `Ref` shows as it is.
impl<K: RefUnwindSafe, V: RefUnwindSafe> UnwindSafe for Ref<'_, K, V> {}
impl<K: RefUnwindSafe, V: RefUnwindSafe> RefUnwindSafe for Ref<'_, K, V> {}

impl<'map, K, V> Ref<'map, K, V> {
    /// `guard` protects `node`, a node of the map that `'map` borrows.
    pub(crate) fn new((node, guard): (NonNull<Node<K, V>>, Guard<'map>)) -> Self {
        Self {
            node: node.cast(),
            _entry: PhantomData,
            _guard: guard,
        }
    }

    #[inline]
    pub(crate) fn node(&self) -> &Node<K, V> {
        // SAFETY: protected since it was found (L4) or linked (L7), until `_guard` is dropped. `K` and `V` may borrow for
        // shorter than the node's own: only `&K` and `&V` are made of it.
        unsafe { self.node.cast().as_ref() }
    }

    /// The key.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, "one")]);
    /// assert_eq!(map.get(&1).unwrap().key(), &1);
    /// ```
    #[inline]
    #[must_use]
    pub fn key(&self) -> &K {
        self.node().key()
    }

    /// The value; also what the `Ref` dereferences to.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, "one")]);
    /// assert_eq!(map.get(&1).unwrap().value(), &"one");
    /// ```
    #[inline]
    #[must_use]
    pub fn value(&self) -> &V {
        self.node().value()
    }
}

impl<K, V> Deref for Ref<'_, K, V> {
    type Target = V;

    #[inline]
    fn deref(&self) -> &V {
        self.value()
    }
}

impl<K: fmt::Debug, V: fmt::Debug> fmt::Debug for Ref<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ref")
            .field("key", self.key())
            .field("value", self.value())
            .finish()
    }
}

impl<K, V: fmt::Display> fmt::Display for Ref<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}
