//! Two threads, one map: the bytes are two sequences of operations (`tests/model/sequence`) on keys of
//! their own, the operations given to each in turn. What they share is the table's growth, the links
//! between their entries, and reclamation.

#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;
#[allow(dead_code, reason = "the other fuzz target uses the rest")]
#[path = "../../tests/model/sequence/mod.rs"]
mod sequence;

use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match sequence::decode(bytes) {
        Some((setup, ops)) if ops.len() >= 2 => {
            let (odd, even) = (ops.iter().step_by(2), ops.iter().skip(1).step_by(2));
            let (one, other): (Vec<_>, Vec<_>) = (odd.copied().collect(), even.copied().collect());
            sequence::play_together(setup, &[&one, &other]);
            Corpus::Keep
        }
        _ => Corpus::Reject,
    }
});
