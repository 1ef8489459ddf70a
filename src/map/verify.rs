//! Self-check: what is wrong with a map, and mending what user code can do to it.

use core::hash::{BuildHasher, Hash};

use super::HashMap;
use crate::split_order::{Rules, split_order};
use crate::verification::{Rebuilt, Verification};

/// Keys hash by this, and are equal by their `Eq`.
struct HashedBy<'map, S>(&'map S);

impl<K: Hash + Eq, S: BuildHasher> Rules<K> for HashedBy<'_, S> {
    fn hash(&self, key: &K) -> u32 {
        split_order(self.0.hash_one(key))
    }

    fn eq(&self, a: &K, b: &K) -> bool {
        a == b
    }
}

impl<K, V, S> HashMap<K, V, S>
where
    K: Hash + Eq,
    S: BuildHasher,
{
    /// Looks at the whole map, and reports what is wrong: with its structure, and with keys that were changed
    /// or whose `Hash` and `Eq` do not do what they must.
    ///
    /// It may be called at any time, beside anything. It changes nothing, blocks nobody, and reports only what
    /// contradicts an invariant in a state that was really seen: so in a map of lawful keys it finds nothing,
    /// whatever others do meanwhile. Chains that others change each time that it looks are left out, and
    /// [counted](Verification::disturbed). It trusts no link: what cannot be followed is reported, and not
    /// followed.
    ///
    /// Checked are: the order of entries and slots; that each filled slot is reached; marks and tags; cycles;
    /// each entry's hash against its key, and its key against itself and up to eight entries before it that have the same hash;
    /// the entries against [`len`](Self::len), if that stood still. How long the chains are is
    /// [reported](Verification::chains) too.
    ///
    /// Takes time in proportion to entries and capacity: about that of an [iteration](Self::iter) and as many
    /// hashes. Holds up to 13 hazards at a time.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([(1, 10), (2, 20)]);
    /// let report = map.verify();
    /// assert!(report.is_sound(), "{report}");
    /// ```
    #[must_use]
    pub fn verify(&self) -> Verification {
        self.list().map_or_else(Verification::of_nothing, |list| {
            list.verify(&HashedBy(&self.hash_builder))
        })
    }

    /// Files every entry anew whose key does not hash to its place any more: what
    /// [`verify`](Self::verify) calls [misplaced](crate::ViolationKind::Misplaced), so that look-ups find it again.
    ///
    /// No entry is lost or dropped but those with equal keys: of those one stays, the one that look-ups
    /// find, or if they find none, an unspecified one; the others are dropped, and
    /// [counted](Rebuilt::duplicates). Allocates nothing.
    ///
    /// Takes a walk over all entries, and a look-up for each that is moved.
    ///
    /// # Panics
    /// As `Hash` and `Eq` do: the map is lawful then, has all its entries, but perhaps for duplicates that it had met, and can be
    /// rebuilt again. As destructors of duplicates do, when all is done.
    ///
    /// # Examples
    /// ```
    /// # #[derive(PartialEq, Eq)]
    /// # struct Account(std::cell::Cell<u32>);
    /// # impl std::hash::Hash for Account {
    /// #     fn hash<H: std::hash::Hasher>(&self, state: &mut H) { self.0.get().hash(state) }
    /// # }
    /// let mut map = splitmap::HashMap::new();
    /// map.insert(Account(1.into()), "ada");
    /// map.iter().next().unwrap().key().0.set(2); // by way of a Cell, as must not be
    /// assert!(map.get(&Account(2.into())).is_none());
    ///
    /// assert_eq!(map.rebuild().moved, 1);
    /// assert_eq!(*map.get(&Account(2.into())).unwrap(), "ada");
    /// ```
    pub fn rebuild(&mut self) -> Rebuilt {
        let (list, hash_builder) = self.list_and_hasher();
        list.map_or_else(Rebuilt::default, |list| {
            list.rebuild(&HashedBy(hash_builder))
        })
    }
}
