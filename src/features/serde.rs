//! serde: a map as a map, a set as a sequence.
//!
//! ```text
//!   JSON, YAML, ...      { entry, entry, ... }         as many as the iterator meets
//!   postcard, ...        n, entry, entry, ...          as many as were announced, or an error
//! ```
//!
//! Entries are those of an `iter` beside others' changes. Formats for machines put the number first, and their
//! readers believe it; so it must be right. A snapshot, as its map, has a number that stays right.

use core::fmt;
use core::hash::{BuildHasher, Hash};
use core::marker::PhantomData;

use serde_core::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_core::ser::{Error, Serialize, SerializeMap, SerializeSeq, Serializer};

use crate::map::{HashMap, Snapshot};
use crate::set::HashSet;

/// Entries for which room is made before they are there: the number that the input claims is not trusted beyond.
const TRUSTED: usize = 4096;

const CHANGED: &str = "the map changed while it was serialized, and this format begins with the number of \
    entries: serialize it while nobody changes it, or serialize a snapshot or a clone of it";

/// The length that a format is told: none if it can do without.
fn announced<S: Serializer>(serializer: &S, len: usize) -> Option<usize> {
    (!serializer.is_human_readable()).then_some(len)
}

/// Counts what is serialized against what was announced.
struct Count {
    announced: Option<usize>,
    seen: usize,
}

impl Count {
    fn next<E: Error>(&mut self) -> Result<(), E> {
        self.seen += 1;
        refuse_if(self.announced.is_some_and(|len| self.seen > len))
    }

    fn end<E: Error>(&self) -> Result<(), E> {
        refuse_if(self.announced.is_some_and(|len| self.seen < len))
    }
}

fn refuse_if<E: Error>(changed: bool) -> Result<(), E> {
    if changed {
        return Err(E::custom(CHANGED));
    }
    Ok(())
}

/// Feature `serde`.
impl<K: Serialize, V: Serialize, H> Serialize for HashMap<K, V, H> {
    /// The entries of an [`iter`](HashMap::iter).
    ///
    /// # Errors
    /// Those of the format; and, in a format that begins with the number of entries (one that is not human
    /// readable), that the map changed meanwhile.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([("a", 1)]);
    /// assert_eq!(serde_json::to_string(&map)?, r#"{"a":1}"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let announced = announced(&serializer, self.len());
        let mut count = Count { announced, seen: 0 };
        let mut map = serializer.serialize_map(announced)?;
        for entry in self {
            count.next()?;
            map.serialize_entry(entry.key(), entry.value())?;
        }
        count.end()?;
        map.end()
    }
}

/// Feature `serde`.
impl<K: Serialize, V: Serialize> Serialize for Snapshot<'_, K, V> {
    /// A map, as it was at one moment; its number of entries is known in every format.
    ///
    /// # Errors
    /// Those of the format.
    ///
    /// # Examples
    /// ```
    /// let map = splitmap::HashMap::from([("a", 1)]);
    /// let before = map.snapshot();
    /// map.clear();
    /// assert_eq!(serde_json::to_string(&before)?, r#"{"a":1}"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self)
    }
}

/// Feature `serde`.
impl<T: Serialize, H> Serialize for HashSet<T, H> {
    /// The elements of an [`iter`](HashSet::iter), as a sequence.
    ///
    /// # Errors
    /// As those of [`HashMap`].
    ///
    /// # Examples
    /// ```
    /// let set = splitmap::HashSet::from(["a"]);
    /// assert_eq!(serde_json::to_string(&set)?, r#"["a"]"#);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let announced = announced(&serializer, self.len());
        let mut count = Count { announced, seen: 0 };
        let mut seq = serializer.serialize_seq(announced)?;
        for element in self {
            count.next()?;
            seq.serialize_element(&*element)?;
        }
        count.end()?;
        seq.end()
    }
}

/// Feature `serde`.
impl<'de, K, V, H> Deserialize<'de> for HashMap<K, V, H>
where
    K: Deserialize<'de> + Hash + Eq,
    V: Deserialize<'de>,
    H: BuildHasher + Default,
{
    /// Of entries with equal keys the last one stays, as with std's. Memory is taken for what is there, not for
    /// what the input says there is.
    ///
    /// # Examples
    /// ```
    /// let map: splitmap::HashMap<String, i32> = serde_json::from_str(r#"{"a": 1, "a": 2}"#)?;
    /// assert_eq!((map.len(), *map.get("a").unwrap()), (1, 2));
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MapVisitor(PhantomData))
    }
}

struct MapVisitor<K, V, H>(PhantomData<(K, V, H)>);

impl<'de, K, V, H> Visitor<'de> for MapVisitor<K, V, H>
where
    K: Deserialize<'de> + Hash + Eq,
    V: Deserialize<'de>,
    H: BuildHasher + Default,
{
    type Value = HashMap<K, V, H>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let capacity = entries.size_hint().unwrap_or(0).min(TRUSTED);
        let map = HashMap::with_capacity_and_hasher(capacity, H::default());
        while let Some((key, value)) = entries.next_entry()? {
            map.insert(key, value);
        }
        Ok(map)
    }
}

/// Feature `serde`.
impl<'de, T, H> Deserialize<'de> for HashSet<T, H>
where
    T: Deserialize<'de> + Hash + Eq,
    H: BuildHasher + Default,
{
    /// As that of [`HashMap`].
    ///
    /// # Examples
    /// ```
    /// let set: splitmap::HashSet<i32> = serde_json::from_str("[1, 2, 1]")?;
    /// assert_eq!(set.len(), 2);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(SetVisitor(PhantomData))
    }
}

struct SetVisitor<T, H>(PhantomData<(T, H)>);

impl<'de, T, H> Visitor<'de> for SetVisitor<T, H>
where
    T: Deserialize<'de> + Hash + Eq,
    H: BuildHasher + Default,
{
    type Value = HashSet<T, H>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence of elements")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let capacity = elements.size_hint().unwrap_or(0).min(TRUSTED);
        let set = HashSet::with_capacity_and_hasher(capacity, H::default());
        while let Some(element) = elements.next_element()? {
            set.insert(element);
        }
        Ok(set)
    }
}
