//! Operations as bytes: three for each, what it does, on which key, and how.
//!
//! ```text
//!   ┌────────┬────────┬──────────────────────────────────┐
//!   │ what   │ key    │ how: bit 0      keep the `Ref`    │
//!   │        │ number │      bits 1..4  meanwhile         │
//!   │        │        │      bits 4..   a count, a test   │
//!   └────────┴────────┴──────────────────────────────────┘
//! ```
//!
//! Fuzzers change bytes, and proptest shrinks them towards 0: so all bytes mean something, and the
//! plainest comes first.

/// What an operation's closure does to the map while the operation waits for it: what another thread
/// might have done at that moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Meanwhile {
    Nothing,
    /// Inserts the same key.
    Insert,
    /// Removes the same key.
    Remove,
    /// Removes the same key, frees what can be freed, and inserts the key again.
    Renew,
    /// Updates the same key.
    Update,
    /// Inserts many keys: the table grows.
    Fill,
    /// Removes the keys around this one.
    Drain,
    /// Frees what can be freed.
    Collect,
}

/// What the closure of `compute` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Insert,
    Remove,
    Abort,
    InsertIfAbsent,
}

/// Which entries `remove_if` and `retain` remove.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Test {
    All,
    Even,
    Odd,
    None,
}

impl Test {
    pub(crate) fn passes(self, value: u64) -> bool {
        match self {
            Self::All => true,
            Self::Even => value.is_multiple_of(2),
            Self::Odd => !value.is_multiple_of(2),
            Self::None => false,
        }
    }
}

/// One operation. `keep`: the `Ref`s that it gives are held on to.
#[derive(Clone, Copy, Debug)]
#[rustfmt::skip]
pub(crate) enum Op {
    Get { key: u8, keep: bool },
    Insert { key: u8, keep: bool },
    Remove { key: u8, keep: bool },
    Update { key: u8, keep: bool, meanwhile: Meanwhile },
    Compute { key: u8, keep: bool, meanwhile: Meanwhile, answer: Answer },
    Replace { key: u8, keep: bool },
    RemoveIf { key: u8, keep: bool, meanwhile: Meanwhile, test: Test },
    GetOrInsertWith { key: u8, keep: bool, meanwhile: Meanwhile },
    TryInsert { key: u8, keep: bool },
    GetKeyValue { key: u8, keep: bool },
    ContainsKey { key: u8 },
    /// Inserts `count` keys from `key` on.
    Fill { key: u8, count: u8 },
    /// Removes them.
    Drain { key: u8, count: u8 },
    PopAny { keep: bool },
    Retain { test: Test },
    /// Drops one of the `Ref`s that were kept.
    Forget { index: u8 },
    ForgetAll,
    /// Begins an iteration that goes on through later operations (and ends the one there is).
    Begin,
    /// Takes entries from it.
    Advance { count: u8 },
    /// Iterates over everything.
    Iterate,
    Collect,
    Reserve { count: u8 },
    TryReserve { count: u8, too_much: bool },
    Debug,
    Clear,
}

impl From<[u8; 3]> for Op {
    fn from([what, key, how]: [u8; 3]) -> Self {
        let keep = how & 1 == 1;
        let meanwhile = [
            Meanwhile::Nothing,
            Meanwhile::Insert,
            Meanwhile::Remove,
            Meanwhile::Renew,
            Meanwhile::Update,
            Meanwhile::Fill,
            Meanwhile::Drain,
            Meanwhile::Collect,
        ][usize::from(how >> 1 & 7)];
        let test = [Test::All, Test::Even, Test::Odd, Test::None][usize::from(how >> 4 & 3)];
        let answer = [
            Answer::Insert,
            Answer::Remove,
            Answer::Abort,
            Answer::InsertIfAbsent,
        ][usize::from(how >> 4 & 3)];
        // Of 128 operations, one clears the map.
        match what % 128 {
            0..14 => Self::Get { key, keep },
            14..30 => Self::Insert { key, keep },
            30..42 => Self::Remove { key, keep },
            42..53 => Self::Update {
                key,
                keep,
                meanwhile,
            },
            53..64 => Self::Compute {
                key,
                keep,
                meanwhile,
                answer,
            },
            64..72 => Self::RemoveIf {
                key,
                keep,
                meanwhile,
                test,
            },
            72..79 => Self::GetOrInsertWith {
                key,
                keep,
                meanwhile,
            },
            79..85 => Self::TryInsert { key, keep },
            85..89 => Self::Replace { key, keep },
            89..91 => Self::GetKeyValue { key, keep },
            91..93 => Self::ContainsKey { key },
            93..97 => Self::Fill { key, count: how },
            97..100 => Self::Drain { key, count: how },
            100 | 101 => Self::PopAny { keep },
            102..109 => Self::Forget { index: key },
            109 => Self::ForgetAll,
            110..113 => Self::Begin,
            113..117 => Self::Advance { count: how },
            117..119 => Self::Iterate,
            119..123 => Self::Collect,
            123 => Self::Reserve { count: how },
            124 => Self::Retain { test },
            125 => Self::TryReserve {
                count: key,
                too_much: keep,
            },
            126 => Self::Debug,
            _ => Self::Clear,
        }
    }
}

/// How the map hashes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Hashing {
    Spread,
    Bad,
    Trunc2,
    Trunc3,
    Trunc4,
    Trunc5,
    /// At the boundaries of buckets.
    Edges,
}

/// How the map comes to be.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Start {
    Empty,
    WithCapacity(u8),
    /// Collected from that many entries.
    Collected(u8),
}

/// What a sequence begins with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    pub(crate) hashing: Hashing,
    pub(crate) start: Start,
    /// Key numbers of single operations are cut to these bits: few keys meet more often.
    pub(crate) key_mask: u8,
}

impl From<[u8; 3]> for Setup {
    fn from([hashing, start, keys]: [u8; 3]) -> Self {
        Self {
            hashing: match hashing % 7 {
                0 => Hashing::Spread,
                1 => Hashing::Bad,
                2 => Hashing::Trunc2,
                3 => Hashing::Trunc3,
                4 => Hashing::Trunc4,
                5 => Hashing::Trunc5,
                _ => Hashing::Edges,
            },
            start: match start % 3 {
                0 => Start::Empty,
                1 => Start::WithCapacity(start),
                _ => Start::Collected(start),
            },
            key_mask: [7, 1, 31, 255][usize::from(keys % 4)],
        }
    }
}

/// A sequence as the fuzzers have it: a setup, then operations. Less than three bytes are nothing.
pub(crate) fn decode(bytes: &[u8]) -> Option<(Setup, Vec<Op>)> {
    let (first, rest) = bytes.split_first_chunk::<3>()?;
    let ops = rest.as_chunks::<3>().0;
    Some((
        Setup::from(*first),
        ops.iter().map(|&op| Op::from(op)).collect(),
    ))
}
