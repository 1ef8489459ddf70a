//! Keys, values and hashers whose every call goes through [`point`], and the ledger of births and drops.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use splitmap::{Equivalent, HashMap};

use crate::point::{Call, point};

pub(crate) type Map<S> = HashMap<Key, Value, Builder<S>>;

/// Births that have a bit of their own in the ledger; further ones are only counted.
const BITS: usize = 4096;

/// Who was born, and who was dropped.
#[derive(Debug)]
pub(crate) struct Ledger {
    dropped: [AtomicU64; BITS / 64],
    births: AtomicUsize,
    drops: AtomicUsize,
    /// Something was dropped again.
    again: AtomicBool,
}

// Relaxed throughout: who closes the ledger has joined all others, or has been told by the map.
impl Ledger {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            dropped: [const { AtomicU64::new(0) }; BITS / 64],
            births: AtomicUsize::new(0),
            drops: AtomicUsize::new(0),
            again: AtomicBool::new(false),
        })
    }

    fn birth(self: &Arc<Self>, drop: Call) -> Token {
        Token {
            id: self.births.fetch_add(1, Ordering::Relaxed),
            drop,
            ledger: Arc::clone(self),
        }
    }

    pub(crate) fn key(self: &Arc<Self>, n: u64) -> Key {
        Key(n, self.birth(Call::KeyDrop))
    }

    pub(crate) fn value(self: &Arc<Self>, n: u64) -> Value {
        Value(n, self.birth(Call::ValueDrop))
    }

    /// Keys and values that live.
    pub(crate) fn alive(&self) -> usize {
        self.births.load(Ordering::Relaxed) - self.drops.load(Ordering::Relaxed)
    }

    /// Everything must have been dropped exactly once.
    pub(crate) fn close(&self) {
        let again = self.again.load(Ordering::Relaxed);
        assert!(!again, "a key or value was dropped twice");
        assert_eq!(self.alive(), 0, "keys and values that were never dropped");
    }

    fn is_dropped(&self, id: usize) -> bool {
        let word = self.dropped.get(id / 64);
        word.is_some_and(|word| word.load(Ordering::Relaxed) & (1 << (id % 64)) != 0)
    }

    fn death(&self, id: usize) {
        self.drops.fetch_add(1, Ordering::Relaxed);
        if let Some(word) = self.dropped.get(id / 64) {
            let bit = 1 << (id % 64);
            if word.fetch_or(bit, Ordering::Relaxed) & bit != 0 {
                self.again.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// A life in the ledger.
#[derive(Debug)]
struct Token {
    id: usize,
    drop: Call,
    ledger: Arc<Ledger>,
}

impl Token {
    /// Fails if this has been dropped.
    fn alive(&self) {
        assert!(!self.ledger.is_dropped(self.id), "used after its drop");
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.ledger.death(self.id);
        point(self.drop);
    }
}

pub(crate) struct Value(u64, Token);

impl Value {
    pub(crate) fn n(&self) -> u64 {
        self.1.alive();
        self.0
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        point(Call::Format);
        write!(f, "{}", self.n())
    }
}

pub(crate) struct Key(u64, Token);

impl Key {
    pub(crate) fn n(&self) -> u64 {
        self.1.alive();
        self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        point(Call::Format);
        write!(f, "{}", self.n())
    }
}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        point(Call::Hash);
        state.write_u64(self.n());
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        point(Call::Eq);
        self.n() == other.n()
    }
}

impl Eq for Key {}

/// What keys are looked up by.
pub(crate) struct Lookup(pub(crate) u64);

impl Hash for Lookup {
    fn hash<H: Hasher>(&self, state: &mut H) {
        point(Call::Hash);
        state.write_u64(self.0);
    }
}

impl Equivalent<Key> for Lookup {
    fn equivalent(&self, key: &Key) -> bool {
        point(Call::Equivalent);
        self.0 == key.n()
    }
}

/// How keys fall on hashes.
pub(crate) trait Spread: Default + Send + Sync + 'static {
    fn hash(n: u64) -> u64;
}

/// Well spread.
#[derive(Default)]
pub(crate) struct Mixed;
/// As they are: the map has to spread them.
#[derive(Default)]
pub(crate) struct Identity;
/// On eight hashes.
#[derive(Default)]
pub(crate) struct Few;
/// On one hash.
#[derive(Default)]
pub(crate) struct Colliding;

impl Spread for Mixed {
    fn hash(n: u64) -> u64 {
        (n + 1).wrapping_mul(0xD6E8_FEB8_6659_FD93).rotate_left(29)
    }
}
impl Spread for Identity {
    fn hash(n: u64) -> u64 {
        n
    }
}
impl Spread for Few {
    fn hash(n: u64) -> u64 {
        n % 8
    }
}
impl Spread for Colliding {
    fn hash(_: u64) -> u64 {
        0
    }
}

thread_local! {
    /// Hasher builders that live, of this thread.
    static BUILDERS: Cell<isize> = const { Cell::new(0) };
}

pub(crate) fn builders_alive() -> isize {
    BUILDERS.get()
}

pub(crate) struct Builder<S>(PhantomData<S>);

impl<S> Builder<S> {
    pub(crate) fn new() -> Self {
        BUILDERS.set(BUILDERS.get() + 1);
        Self(PhantomData)
    }
}

impl<S> Default for Builder<S> {
    fn default() -> Self {
        point(Call::BuilderDefault);
        Self::new()
    }
}

impl<S> Drop for Builder<S> {
    fn drop(&mut self) {
        BUILDERS.set(BUILDERS.get() - 1);
        point(Call::BuilderDrop);
    }
}

impl<S: Spread> BuildHasher for Builder<S> {
    type Hasher = PointHasher<S>;

    fn build_hasher(&self) -> PointHasher<S> {
        point(Call::BuildHasher);
        PointHasher(0, PhantomData)
    }
}

pub(crate) struct PointHasher<S>(u64, PhantomData<S>);

impl<S: Spread> Hasher for PointHasher<S> {
    fn write(&mut self, _: &[u8]) {
        unreachable!("keys are numbers");
    }

    fn write_u64(&mut self, n: u64) {
        point(Call::HasherWrite);
        self.0 = S::hash(n);
    }

    fn finish(&self) -> u64 {
        point(Call::HasherFinish);
        self.0
    }
}

impl<S> Drop for PointHasher<S> {
    fn drop(&mut self) {
        point(Call::HasherDrop);
    }
}
