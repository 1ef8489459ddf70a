//! One thread, one map: the bytes are a sequence of operations (`tests/model/sequence`), played on the map
//! and on std's, with good and bad hashers. The map's own assertions and the address
//! sanitizer watch too.

#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "the other fuzz target uses the rest")]
#[path = "../../tests/model/sequence/mod.rs"]
mod sequence;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match sequence::decode(bytes) {
        Some((setup, ops)) if !ops.is_empty() => {
            sequence::play(setup, &ops);
            Corpus::Keep
        }
        _ => Corpus::Reject,
    }
});
