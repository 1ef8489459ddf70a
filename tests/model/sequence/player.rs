//! Plays a sequence on a map and on a model of it, and compares all answers. Here: the operations on one
//! key, and those made of them; `changes.rs`: those that decide by what is there; `whole.rs`: the others.
//!
//! The model is `std::collections::HashMap`, from key numbers to what the entry must show: which key
//! object and which value object. So an entry that shows an older value, or a key that a replacement
//! should have brought or an update have kept, is noticed. Operations whose closure changes the map go
//! through the retries that otherwise only another thread brings about, one after the other and alike
//! in every run.
//!
//! A player that is `alone` checks what concerns the whole map too: lengths, and after
//! [`Op::Collect`] the exact number of keys and values alive. Players that share a map have keys of
//! their own, and check those.

use std::cell::{Cell, RefCell};
use std::collections::HashMap as StdMap;
use std::hash::BuildHasher;

use super::entry::{Entry, Key, Maker, Shown};
use super::op::{Meanwhile, Op, Test};
use super::walk::Walk;
use super::{Coverage, scaled};
use crate::common::{Census, Counted};
use splitmap::HashMap;

/// More `Ref`s than this are not kept.
const KEPT_MAX: usize = 200;

pub(super) struct Player<'map, S> {
    pub(super) map: &'map HashMap<Key, Counted, S>,
    pub(super) model: StdMap<u64, Shown>,
    pub(super) maker: Maker<'map>,
    pub(super) kept: Vec<(Entry<'map>, Shown)>,
    pub(super) walk: Option<Walk<'map>>,
    pub(super) alone: bool,
    /// Its keys have these upper 32 bits.
    pub(super) id: u64,
    key_mask: u8,
    pub(super) coverage: Coverage,
}

impl<'map, S: BuildHasher> Player<'map, S> {
    /// On a map whose entries with the player's keys are those of `model`, made by `maker`.
    pub(super) fn new(
        map: &'map HashMap<Key, Counted, S>,
        model: StdMap<u64, Shown>,
        maker: Maker<'map>,
        key_mask: u8,
    ) -> Self {
        Self {
            map,
            model,
            maker,
            kept: Vec::new(),
            walk: None,
            alone: true,
            id: 0,
            key_mask,
            coverage: Coverage::default(),
        }
    }

    /// One of several on an empty map.
    pub(super) fn one_of_many(
        map: &'map HashMap<Key, Counted, S>,
        census: &'map Census,
        id: u64,
        key_mask: u8,
    ) -> Self {
        Self {
            alone: false,
            id,
            ..Self::new(map, StdMap::new(), Maker::new(census), key_mask)
        }
    }

    pub(super) fn play(&mut self, op: Op) {
        self.coverage.operations += 1;
        let number = |key: u8| self.id << 32 | u64::from(key & self.key_mask);
        match op {
            Op::Get { key, keep } => {
                let number = number(key);
                let got = self.map.get(&number);
                self.compare(got, self.model.get(&number).copied(), keep);
            }
            Op::GetKeyValue { key, keep } => {
                let number = number(key);
                let got = self.map.get_key_value(&number);
                self.compare(got, self.model.get(&number).copied(), keep);
            }
            Op::ContainsKey { key } => {
                let number = number(key);
                assert_eq!(
                    self.map.contains_key(&number),
                    self.model.contains_key(&number)
                );
            }
            Op::Insert { key, keep } => self.insert(number(key), keep),
            Op::Remove { key, keep } => self.remove(number(key), keep),
            Op::Update {
                key,
                keep,
                meanwhile,
            } => self.update(number(key), keep, meanwhile),
            Op::Compute {
                key,
                keep,
                meanwhile,
                answer,
            } => self.compute(number(key), keep, meanwhile, answer),
            Op::Replace { key, keep } => self.replace(number(key), keep),
            Op::PopAny { keep } => self.pop_any(keep),
            Op::Retain { test } => self.retain(test),
            Op::RemoveIf {
                key,
                keep,
                meanwhile,
                test,
            } => {
                self.remove_if(number(key), keep, meanwhile, test);
            }
            Op::GetOrInsertWith {
                key,
                keep,
                meanwhile,
            } => {
                self.get_or_insert_with(number(key), keep, meanwhile);
            }
            Op::TryInsert { key, keep } => self.try_insert(number(key), keep),
            Op::Fill { key, count } => self.fill(number(key), count),
            Op::Drain { key, count } => self.drain(number(key), count),
            Op::Forget { index } => {
                if !self.kept.is_empty() {
                    let index = usize::from(index) % self.kept.len();
                    let (entry, shown) = self.kept.swap_remove(index);
                    assert_eq!(Shown::by(&entry), shown, "a held entry changed");
                }
            }
            Op::ForgetAll => self.forget_all(),
            Op::Begin => {
                self.end_walk();
                self.walk = Some(Walk::new(self.map.iter(), &self.model));
            }
            Op::Advance { count } => self.advance(usize::from(count)),
            Op::Iterate => self.iterate(),
            Op::Collect => self.collect(),
            Op::Reserve { count } => self.reserve(usize::from(count)),
            Op::TryReserve { count, too_much } => self.try_reserve(usize::from(count), too_much),
            Op::Debug => self.debug(),
            Op::Clear => self.clear(),
        }
        self.measure();
    }

    /// Ends the sequence: everything must be as the model says, and what is held as it was.
    pub(super) fn finish(mut self) -> Coverage {
        self.iterate();
        self.end_walk();
        self.collect();
        self.forget_all();
        self.collect();
        self.coverage
    }

    /// What was given must be what is expected; keeps it if asked to.
    pub(super) fn compare(
        &mut self,
        got: Option<Entry<'map>>,
        expected: Option<Shown>,
        keep: bool,
    ) {
        assert_eq!(got.as_ref().map(Shown::by), expected);
        if let (Some(entry), Some(shown), true) = (got, expected, keep) {
            self.keep(entry, shown);
        }
    }

    pub(super) fn keep(&mut self, entry: Entry<'map>, shown: Shown) {
        if self.kept.len() < KEPT_MAX {
            self.kept.push((entry, shown));
        }
        self.coverage.kept_max = self.coverage.kept_max.max(self.kept.len());
    }

    /// The model's side of what puts an entry there: what was there before.
    pub(super) fn put(&mut self, shown: Shown) -> Option<Shown> {
        if let Some(walk) = &mut self.walk {
            walk.note_put(shown);
        }
        self.model.insert(shown.number, shown)
    }

    /// The model's side of a removal.
    pub(super) fn take(&mut self, number: u64) -> Option<Shown> {
        let taken = self.model.remove(&number)?;
        if let Some(walk) = &mut self.walk {
            walk.note_removed(number);
        }
        Some(taken)
    }

    fn insert(&mut self, number: u64, keep: bool) {
        let (key, value, shown) = self.maker.entry(number);
        let replaced = self.map.insert(key, value);
        let expected = self.put(shown);
        self.compare(replaced, expected, keep);
    }

    pub(super) fn remove(&mut self, number: u64, keep: bool) {
        let removed = self.map.remove(&number);
        let expected = self.take(number);
        self.compare(removed, expected, keep);
    }

    fn try_insert(&mut self, number: u64, keep: bool) {
        let (key, value, shown) = self.maker.entry(number);
        match self.map.try_insert(key, value) {
            Ok(entry) => {
                assert_eq!(self.put(shown), None);
                self.compare(Some(entry), Some(shown), keep);
            }
            Err(error) => {
                assert_eq!(Shown::of(&error.key, &error.value), shown, "given back");
                let there = self.model.get(&number).copied();
                self.compare(Some(error.entry), there, keep);
            }
        }
    }

    fn update(&mut self, number: u64, keep: bool, meanwhile: Meanwhile) {
        let (map, calls, made) = (self.map, Cell::new(0), Cell::new(0));
        let before = self.model.get(&number).copied();
        let player = RefCell::new(&mut *self);
        let got = map.update(&number, |key, value| {
            let mut player = player.borrow_mut();
            let seen = Some(Shown::of(key, value));
            assert_eq!(seen, player.model.get(&number).copied());
            if calls.replace(calls.get() + 1) == 0 {
                player.meanwhile(number, meanwhile);
            }
            let value = player.maker.value();
            made.set(value.get());
            value
        });
        let now = self.model.get(&number).copied();
        let expected = now.map(|now| Shown {
            value: made.get(),
            ..now
        });
        let retried = usize::from(now.is_some() && now != before);
        assert_eq!(calls.get(), usize::from(before.is_some()) + retried);
        self.coverage.retries += retried;
        if let Some(shown) = expected {
            self.put(shown);
        }
        self.compare(got, expected, keep);
    }

    fn remove_if(&mut self, number: u64, keep: bool, meanwhile: Meanwhile, test: Test) {
        let (map, mut calls) = (self.map, 0);
        let before = self.model.get(&number).copied();
        let (mut seen, mut passed) = (None, false);
        let player = RefCell::new(&mut *self);
        let got = map.remove_if(&number, |key, value| {
            let mut player = player.borrow_mut();
            seen = Some(Shown::of(key, value));
            assert_eq!(seen, player.model.get(&number).copied());
            passed = test.passes(value.get());
            if calls == 0 {
                player.meanwhile(number, meanwhile);
            }
            calls += 1;
            passed
        });
        self.coverage.retries += usize::from(calls > 1);
        assert!(calls <= 2 && (calls > 0) == before.is_some());
        // A refusal is final, whatever came to pass behind it.
        let expected = if passed { self.take(number) } else { None };
        assert!(
            expected.is_none() || expected == seen,
            "not what was tested"
        );
        self.compare(got, expected, keep);
    }

    fn get_or_insert_with(&mut self, number: u64, keep: bool, meanwhile: Meanwhile) {
        let (key, value, shown) = self.maker.entry(number);
        let before = self.model.get(&number).copied();
        let (map, mut called) = (self.map, false);
        let got = map.get_or_insert_with(key, || {
            called = true;
            self.meanwhile(number, meanwhile);
            value
        });
        assert_eq!(called, before.is_none());
        let there = self.model.get(&number).copied();
        self.coverage.retries += usize::from(called && there.is_some());
        if there.is_none() {
            self.put(shown);
        }
        self.compare(Some(got), Some(there.unwrap_or(shown)), keep);
    }

    pub(super) fn meanwhile(&mut self, number: u64, meanwhile: Meanwhile) {
        match meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Insert => self.insert(number, false),
            Meanwhile::Remove => self.remove(number, false),
            Meanwhile::Renew => {
                self.remove(number, false);
                self.map.flush();
                self.insert(number, false);
            }
            Meanwhile::Update => self.update(number, false, Meanwhile::Nothing),
            Meanwhile::Fill => self.fill(number, 100),
            Meanwhile::Drain => self.drain(number.saturating_sub(2).max(self.id << 32), 5),
            Meanwhile::Collect => self.map.flush(),
        }
    }

    fn fill(&mut self, first: u64, count: u8) {
        for number in first..first + u64::from(scaled(count)) {
            self.insert(number, false);
        }
    }

    fn drain(&mut self, first: u64, count: u8) {
        for number in first..first + u64::from(scaled(count)) {
            self.remove(number, false);
        }
    }
}
