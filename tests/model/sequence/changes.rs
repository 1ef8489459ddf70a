//! A player's operations that decide by what is there: `compute`, `replace`, `pop_any`, `retain`.

use std::cell::RefCell;
use std::hash::BuildHasher;

use super::entry::Shown;
use super::op::{Answer, Meanwhile, Test};
use super::player::Player;
use crate::common::Counted;
use splitmap::{Computed, Operation};

impl<S: BuildHasher> Player<'_, S> {
    /// The first call of the closure changes the map; what is inserted must come back to the second one.
    pub(super) fn compute(
        &mut self,
        number: u64,
        keep: bool,
        meanwhile: Meanwhile,
        answer: Answer,
    ) {
        let (key, value, shown) = self.maker.entry(number);
        let (map, mut value) = (self.map, Some(value));
        let (mut calls, mut seen) = (0, None);
        let player = RefCell::new(&mut *self);
        let computed = map.compute(key, |entry, returned| {
            let mut player = player.borrow_mut();
            seen = entry.map(|(key, value)| Shown::of(key, value));
            assert_eq!(seen, player.model.get(&number).copied());
            let gets_back = calls > 0 && value.is_none();
            assert_eq!(
                returned.as_ref().map(Counted::get),
                gets_back.then_some(shown.value)
            );
            value = value.take().or(returned);
            if calls == 0 {
                player.meanwhile(number, meanwhile);
            }
            calls += 1;
            match answer {
                Answer::InsertIfAbsent if seen.is_some() => Operation::Abort(seen),
                Answer::Insert | Answer::InsertIfAbsent => {
                    Operation::Insert(value.take().expect("here at first, and then given back"))
                }
                Answer::Remove => Operation::Remove,
                Answer::Abort => Operation::Abort(seen),
            }
        });
        self.coverage.retries += usize::from(calls > 1);
        // Others may change what stands beside the place.
        assert!(calls > 0 && (calls <= 2 || !self.alone));
        let there = self.model.get(&number).copied();
        match computed {
            Computed::Inserted(new) => {
                assert_eq!((there, seen), (None, None));
                self.put(shown);
                self.compare(Some(new), Some(shown), keep);
            }
            Computed::Updated { old, new } => {
                assert_eq!((there, there.is_some()), (seen, true));
                self.put(shown);
                self.compare(Some(old), seen, keep);
                self.compare(Some(new), Some(shown), keep);
            }
            Computed::Removed(Some(old)) => {
                assert_eq!(self.take(number), seen);
                self.compare(Some(old), seen, keep);
            }
            // Its absence was seen, whatever came to pass behind it.
            Computed::Removed(None) => assert_eq!((answer, seen), (Answer::Remove, None)),
            Computed::Aborted(given_back) => assert_eq!(given_back, seen),
        }
    }

    /// Keeps the key that is there.
    pub(super) fn replace(&mut self, number: u64, keep: bool) {
        let value = self.maker.value();
        let stamp = value.get();
        let there = self.model.get(&number).copied();
        match self.map.replace(&number, value) {
            Ok(old) => {
                let old_shown = there.expect("it was there");
                self.put(Shown {
                    value: stamp,
                    ..old_shown
                });
                self.compare(Some(old), there, keep);
            }
            Err(given_back) => assert_eq!((given_back.get(), there), (stamp, None)),
        }
    }

    /// One that shares the map leaves the others theirs.
    pub(super) fn pop_any(&mut self, keep: bool) {
        if !self.alone {
            return;
        }
        let Some(popped) = self.map.pop_any() else {
            assert!(self.model.is_empty());
            return;
        };
        let shown = Shown::by(&popped);
        let expected = self.take(shown.number);
        self.compare(Some(popped), expected, keep);
    }

    /// Keeps what fails the test, and what is not its own.
    pub(super) fn retain(&mut self, test: Test) {
        let id = self.id;
        let mut shown_to_it = 0;
        self.map.retain(|key, value| {
            let mine = key.number >> 32 == id;
            shown_to_it += usize::from(mine);
            !(mine && test.passes(value.get()))
        });
        assert_eq!(shown_to_it, self.model.len());
        let gone = self.model.values().filter(|shown| test.passes(shown.value));
        let gone: Vec<u64> = gone.map(|shown| shown.number).collect();
        for number in gone {
            self.take(number);
        }
    }
}
