//! The maps: how each replaces a value, how a reader holds what it has read, and what each documents
//! about that. Each is used with its defaults, a guard for each operation where it has guards.

use foldhash::fast::RandomState;

/// 64 bytes, all the same number.
pub(crate) type Value = [u64; 8];

/// A map under test.
pub(crate) trait Subject: Default + Send + Sync + 'static {
    const NAME: &'static str;
    /// What its documentation says about a reference that is held for long.
    const DOCUMENTED: &'static str;
    fn replace(&self, key: u64, value: Value);
    /// Reads `key`, and keeps the reference during `stall`. Whether it still showed the same in the end.
    fn hold(&self, key: u64, stall: impl FnOnce()) -> bool;
}

fn same_after(held: &Value, stall: impl FnOnce()) -> bool {
    let before = *held;
    stall();
    *held == before
}

pub(crate) type Splitmap = splitmap::HashMap<u64, Value, RandomState>;
pub(crate) type Papaya = papaya::HashMap<u64, Value, RandomState>;
pub(crate) type Flurry = flurry::HashMap<u64, Value, RandomState>;

impl Subject for Splitmap {
    const NAME: &'static str = "splitmap";
    const DOCUMENTED: &'static str =
        "a stalled holder of a `Ref` adds one entry to a bound (`HashMap`, Memory)";

    fn replace(&self, key: u64, value: Value) {
        self.insert(key, value);
    }

    fn hold(&self, key: u64, stall: impl FnOnce()) -> bool {
        self.get(&key).is_some_and(|held| same_after(&held, stall))
    }
}

impl Subject for Papaya {
    const NAME: &'static str = "papaya";
    const DOCUMENTED: &'static str = "\"as long as you are holding on to a guard, you are preventing the map from \
         performing garbage collection\" (crate documentation)";

    fn replace(&self, key: u64, value: Value) {
        self.pin().insert(key, value);
    }

    fn hold(&self, key: u64, stall: impl FnOnce()) -> bool {
        let map = self.pin();
        map.get(&key).is_some_and(|held| same_after(held, stall))
    }
}

impl Subject for Flurry {
    const NAME: &'static str = "flurry";
    const DOCUMENTED: &'static str = "\"if you keep one [a guard] around for a long time, you may accumulate much \
         garbage\" (crate documentation); its collector, seize 0.3, \"uses epochs to protect against stalled threads\"";

    fn replace(&self, key: u64, value: Value) {
        self.pin().insert(key, value);
    }

    fn hold(&self, key: u64, stall: impl FnOnce()) -> bool {
        let map = self.pin();
        map.get(&key).is_some_and(|held| same_after(held, stall))
    }
}
