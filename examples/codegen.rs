//! What `ci/asm` disassembles: a look-up as users get it, to see that on 64-bit ARM protecting an entry
//! costs `stlr` and `ldar`, and no barrier.

use splitmap::HashMap;

/// A hasher's builder that costs nothing, so that the code is the map's.
pub type Hashing = core::hash::BuildHasherDefault<Identity>;

/// Gives a `u64` as its own hash.
#[derive(Debug, Default)]
pub struct Identity(u64);

impl core::hash::Hasher for Identity {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// The look-up: whether the key is there, and its value.
// SAFETY: no other function of that name is linked: this library is only disassembled.
#[unsafe(no_mangle)]
pub extern "C" fn map_get(map: &HashMap<u64, u64, Hashing>, key: u64, value: &mut u64) -> bool {
    match map.get(&key) {
        Some(entry) => {
            *value = *entry;
            true
        }
        None => false,
    }
}
