//! What sets do with each other. Each walks over one set, or both, and asks the other about each element: while
//! others change them, an element is in the result if it was in the sets at the moments when they were asked.

use core::hash::{BuildHasher, Hash};
use core::ops::{BitAnd, BitOr, BitXor, Sub};

use super::HashSet;
use crate::key::Key;

impl<T, S> HashSet<T, S>
where
    T: Hash + Eq,
    S: BuildHasher,
{
    /// The elements that are in `self` and not in `other`. O(n).
    ///
    /// # Examples
    /// ```
    /// let (a, b) = (splitmap::HashSet::from([1, 2]), splitmap::HashSet::from([2, 3]));
    /// assert_eq!(a.difference(&b).map(|n| *n).collect::<Vec<_>>(), [1]);
    /// ```
    pub fn difference<'a, S2: BuildHasher>(
        &'a self,
        other: &'a HashSet<T, S2>,
    ) -> impl Iterator<Item = Key<'a, T>> {
        self.iter().filter(|element| !other.contains(&**element))
    }

    /// The elements that are in both; those of `self` are given. O(n).
    ///
    /// # Examples
    /// ```
    /// let (a, b) = (splitmap::HashSet::from([1, 2]), splitmap::HashSet::from([2, 3]));
    /// assert_eq!(a.intersection(&b).map(|n| *n).collect::<Vec<_>>(), [2]);
    /// ```
    pub fn intersection<'a, S2: BuildHasher>(
        &'a self,
        other: &'a HashSet<T, S2>,
    ) -> impl Iterator<Item = Key<'a, T>> {
        self.iter().filter(|element| other.contains(&**element))
    }

    /// The elements that are in either, those that are in both once. O(n + m).
    ///
    /// # Examples
    /// ```
    /// let (a, b) = (splitmap::HashSet::from([1, 2]), splitmap::HashSet::from([2, 3]));
    /// assert_eq!(a.union(&b).map(|n| *n).sum::<i32>(), 6);
    /// ```
    pub fn union<'a, S2: BuildHasher>(
        &'a self,
        other: &'a HashSet<T, S2>,
    ) -> impl Iterator<Item = Key<'a, T>> {
        self.iter().chain(other.difference(self))
    }

    /// The elements that are in one of both only. O(n + m).
    ///
    /// # Examples
    /// ```
    /// let (a, b) = (splitmap::HashSet::from([1, 2]), splitmap::HashSet::from([2, 3]));
    /// assert_eq!(a.symmetric_difference(&b).map(|n| *n).sum::<i32>(), 4);
    /// ```
    pub fn symmetric_difference<'a, S2: BuildHasher>(
        &'a self,
        other: &'a HashSet<T, S2>,
    ) -> impl Iterator<Item = Key<'a, T>> {
        self.difference(other).chain(other.difference(self))
    }

    /// Whether no element is in both. O(n), n being the smaller one's length.
    ///
    /// # Examples
    /// ```
    /// let (a, b) = (splitmap::HashSet::from([1, 2]), splitmap::HashSet::from([2, 3]));
    /// assert!(!a.is_disjoint(&b));
    /// ```
    pub fn is_disjoint<S2: BuildHasher>(&self, other: &HashSet<T, S2>) -> bool {
        if self.len() <= other.len() {
            self.intersection(other).next().is_none()
        } else {
            other.intersection(self).next().is_none()
        }
    }

    /// Whether all elements of `self` are in `other`. O(n).
    ///
    /// # Examples
    /// ```
    /// let (a, b) = (splitmap::HashSet::from([1]), splitmap::HashSet::from([1, 2]));
    /// assert!(a.is_subset(&b) && !b.is_subset(&a));
    /// ```
    pub fn is_subset<S2: BuildHasher>(&self, other: &HashSet<T, S2>) -> bool {
        self.len() <= other.len() && self.difference(other).next().is_none()
    }

    /// Whether all elements of `other` are in `self`. O(m).
    ///
    /// # Examples
    /// ```
    /// let (a, b) = (splitmap::HashSet::from([1, 2]), splitmap::HashSet::from([1]));
    /// assert!(a.is_superset(&b) && !b.is_superset(&a));
    /// ```
    pub fn is_superset<S2: BuildHasher>(&self, other: &HashSet<T, S2>) -> bool {
        other.is_subset(self)
    }
}

macro_rules! operator {
    ($trait:ident, $operator:ident, $method:ident, $example:literal) => {
        impl<T, S> $trait<&HashSet<T, S>> for &HashSet<T, S>
        where
            T: Hash + Eq + Clone,
            S: BuildHasher + Default,
        {
            type Output = HashSet<T, S>;

            #[doc = concat!("A new set of clones of the [`", stringify!($method), "`](HashSet::",
                stringify!($method), ").\n\n# Examples\n```\nlet a = splitmap::HashSet::from([1, 2]);\n\
                let b = splitmap::HashSet::from([2, 3]);\nassert_eq!(", $example, ");\n```")]
            fn $operator(self, other: &HashSet<T, S>) -> HashSet<T, S> {
                self.$method(other).map(|element| T::clone(&element)).collect()
            }
        }
    };
}

operator!(
    BitAnd,
    bitand,
    intersection,
    "&a & &b, splitmap::HashSet::from([2])"
);
operator!(
    BitOr,
    bitor,
    union,
    "&a | &b, splitmap::HashSet::from([1, 2, 3])"
);
operator!(
    BitXor,
    bitxor,
    symmetric_difference,
    "&a ^ &b, splitmap::HashSet::from([1, 3])"
);
operator!(
    Sub,
    sub,
    difference,
    "&a - &b, splitmap::HashSet::from([1])"
);
