//! One thread's part of a round: random actions, and the record of what came of them.

use super::history::{Call, Operation, State, Value};
use super::plan::{Action, Plan};
use super::stamps::Stamps;
use super::subject::{Answer, Subject, widen};
use crate::common::Random;
use std::cell::Cell;

/// What was called.
#[derive(Debug)]
pub(crate) enum What {
    OnKey(u64, Operation),
    /// Each entry given, and when.
    Walk(Vec<(u64, Value, u64)>),
    Snapshot(Vec<(u64, Value)>),
    Len(usize),
    Clear,
}

/// A call with its stamps.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) invoked: u64,
    pub(crate) returned: u64,
    pub(crate) what: What,
}

impl Record {
    pub(crate) fn call<O>(&self, operation: O) -> Call<O> {
        Call {
            invoked: self.invoked,
            returned: self.returned,
            operation,
        }
    }
}

/// Threads whose numbers differ.
const NUMBERS: u64 = 8;

/// The number with this serial among those of `thread`: never 0, never another thread's.
fn numbered(serial: u64, thread: usize) -> u64 {
    serial * NUMBERS + thread as u64
}

/// Acts on a map and keeps the record.
pub(crate) struct Recorder<'a> {
    pub(crate) map: &'a dyn Subject,
    pub(crate) plan: &'a Plan,
    pub(crate) stamps: &'a Stamps,
    pub(crate) thread: usize,
    pub(crate) random: Random,
    /// Makes values and fillers' keys unique: counted on from batch to batch.
    pub(crate) serial: u64,
    /// What this thread saw last, of each key.
    pub(crate) seen: Vec<State>,
    pub(crate) records: Vec<Record>,
    /// Closures that ran again because another thread came in between.
    pub(crate) retries: u64,
}

impl Recorder<'_> {
    /// Does this thread's actions of a round.
    pub(crate) fn act(&mut self) {
        for _ in 0..self.plan.actions {
            let key = self.random.below(self.plan.keys);
            let mix = self.plan.mix;
            let kinds = mix.len() as u64;
            match mix[usize::try_from(self.random.below(kinds)).unwrap()] {
                Action::Walk => self.walk(),
                Action::Snapshot => self.snapshot(),
                Action::Len => self.record(|this| What::Len(this.map.len())),
                Action::Clear => self.record(|this| {
                    this.map.clear();
                    What::Clear
                }),
                Action::Exchange => {
                    let expected = self.expected(key);
                    self.on_key(key, |this| this.remove_if(key, |value| value == expected));
                    self.on_key(key, |this| this.try_insert(key));
                }
                action => self.on_key(key, |this| this.operate(key, action)),
            }
            // Else what this thread removed is not freed before it fills a batch.
            if !self.plan.fresh && self.random.below(4) == 0 {
                self.map.flush();
            }
            for _ in 0..self.plan.fillers {
                let key = self.plan.first_filler() + self.unique();
                self.on_key(key, |this| this.insert(key));
            }
        }
    }

    /// What is there at the end, read while nobody changes it.
    pub(crate) fn read_all(&mut self) {
        let stamps = self.stamps;
        self.stamps = stamps.at_the_end();
        for key in 0..self.plan.keys {
            self.on_key(key, |this| Operation::Get(this.map.get(key)));
        }
        self.record(|this| What::Len(this.map.len()));
        if self.plan.mix.contains(&Action::Walk) {
            self.walk();
        }
        if self.plan.mix.contains(&Action::Snapshot) {
            self.snapshot();
        }
        self.stamps = stamps;
    }

    fn record(&mut self, call: impl FnOnce(&mut Self) -> What) {
        let invoked = self.stamps.invoke(self.thread);
        let what = call(self);
        self.records.push(Record {
            invoked,
            returned: self.stamps.returned(),
            what,
        });
    }

    fn on_key(&mut self, key: u64, call: impl FnOnce(&mut Self) -> Operation) {
        self.record(|this| What::OnKey(key, call(this)));
    }

    fn walk(&mut self) {
        self.record(|this| {
            let mut given = Vec::new();
            this.map.walk(&mut |key, value| {
                given.push((key, value, this.stamps.returned()));
                if key < this.plan.keys {
                    widen();
                }
            });
            What::Walk(given)
        });
    }

    /// It has returned before it is read.
    fn snapshot(&mut self) {
        let invoked = self.stamps.invoke(self.thread);
        let (mut returned, mut shown) = (0, Vec::new());
        self.map.snapshot(
            &mut || returned = self.stamps.returned(),
            &mut |key, value| {
                shown.push((key, value));
            },
        );
        self.records.push(Record {
            invoked,
            returned,
            what: What::Snapshot(shown),
        });
    }

    fn unique(&mut self) -> u64 {
        self.serial += 1;
        numbered(self.serial, self.thread)
    }

    /// What this thread takes to be the value of `key`; 0, which no key has, if it is absent.
    fn expected(&self, key: u64) -> Value {
        self.seen[usize::try_from(key).unwrap()].unwrap_or(0)
    }

    fn saw(&mut self, key: u64, state: State) -> State {
        if let Some(seen) = usize::try_from(key).ok().and_then(|n| self.seen.get_mut(n)) {
            *seen = state;
        }
        state
    }

    fn operate(&mut self, key: u64, action: Action) -> Operation {
        match action {
            Action::GetKeyValue => match self.map.get_key_value(key) {
                Some((there, _)) if there != key => Operation::Wrong("another key's entry"),
                found => Operation::Get(self.saw(key, found.map(|(_, value)| value))),
            },
            Action::ContainsKey => Operation::ContainsKey(self.map.contains_key(key)),
            Action::Insert => self.insert(key),
            Action::TryInsert => self.try_insert(key),
            Action::GetOrInsertWith => self.get_or_insert_with(key),
            Action::Update => self.update(key),
            Action::CompareSwap => self.compare_swap(key),
            Action::Replace => {
                let new = self.unique();
                let seen = self.map.replace(key, new);
                self.saw(key, seen.and(Some(new)));
                Operation::Update { new, seen }
            }
            Action::CompareExchange => {
                let (expected, new) = (self.expected(key), self.unique());
                let seen = self.map.compare_exchange(key, expected, new);
                let now = if seen == Some(expected) {
                    Some(new)
                } else {
                    seen
                };
                self.saw(key, now);
                Operation::CompareSwap {
                    expected,
                    new,
                    seen,
                }
            }
            Action::CompareRemove => {
                let expected = self.expected(key);
                let seen = self.map.compare_remove(key, expected);
                let removed = seen == Some(expected);
                self.saw(key, seen.filter(|_| !removed));
                Operation::RemoveIf { seen, removed }
            }
            Action::Compute => self.compute(key),
            Action::Remove => Operation::Remove(self.map.remove(key)),
            Action::RemoveOdd => self.remove_if(key, |value| value / NUMBERS % 2 == 1),
            _ => Operation::Get({
                let value = self.map.get(key);
                self.saw(key, value)
            }),
        }
    }

    fn insert(&mut self, key: u64) -> Operation {
        let new = self.unique();
        let replaced = self.map.insert(key, new);
        self.saw(key, Some(new));
        Operation::Insert { new, replaced }
    }

    fn try_insert(&mut self, key: u64) -> Operation {
        let new = self.unique();
        let there = self.map.try_insert(key, new);
        self.saw(key, there.or(Some(new)));
        Operation::TryInsert { new, there }
    }

    fn get_or_insert_with(&mut self, key: u64) -> Operation {
        let new = self.unique();
        let calls = Cell::new(0);
        let got = self.map.get_or_insert_with(key, &|| {
            widen();
            calls.set(calls.get() + 1);
            new
        });
        self.saw(key, Some(got));
        match calls.get() {
            0 if got == new => Operation::Wrong("a value that was not made"),
            0 | 1 => Operation::GetOrInsertWith { new, got },
            _ => Operation::Wrong("get_or_insert_with called its closure twice"),
        }
    }

    fn update(&mut self, key: u64) -> Operation {
        let (seen, made) = match self.try_update(key, |_, new| new) {
            Ok(change) => change,
            Err(wrong) => return wrong,
        };
        self.saw(key, made);
        let new = made.unwrap_or(0);
        Operation::Update { new, seen }
    }

    fn compare_swap(&mut self, key: u64) -> Operation {
        let expected = self.expected(key);
        let swap = |old, new| if old == expected { new } else { old };
        let (seen, made) = match self.try_update(key, swap) {
            Ok(change) => change,
            Err(wrong) => return wrong,
        };
        self.saw(key, made);
        let new = made.unwrap_or(0);
        Operation::CompareSwap {
            expected,
            new,
            seen,
        }
    }

    /// Updates `key` by what `f` makes of the old value and a new one, another one in each attempt;
    /// what it replaced, and by what.
    fn try_update(
        &mut self,
        key: u64,
        f: impl Fn(Value, Value) -> Value,
    ) -> Result<(State, State), Operation> {
        let serial = Cell::new(self.serial);
        let last = Cell::new((0, 0));
        let updated = self.map.update(key, &|old| {
            widen();
            serial.set(serial.get() + 1);
            let made = f(old, numbered(serial.get(), self.thread));
            last.set((old, made));
            made
        });
        self.retries += (serial.get() - self.serial).saturating_sub(1);
        self.serial = serial.get();
        let (seen, made) = last.get();
        match updated {
            None => Ok((None, None)),
            Some(new) if new == made => Ok((Some(seen), Some(made))),
            Some(_) => Err(Operation::Wrong("update gave what it did not make last")),
        }
    }

    /// Inserts where nothing is; removes values of odd serials; of the others, replaces some.
    fn compute(&mut self, key: u64) -> Operation {
        let (mut offered, mut last, mut calls) = (None, (None, None), 0_u64);
        let (new, replaces) = (self.unique(), self.random.below(2) == 0);
        let mut faithful = true;
        let said = self.map.compute(key, &mut |seen, returned| {
            widen();
            calls += 1;
            faithful &= returned == offered;
            let answer = match seen {
                Some(value) if value / NUMBERS % 2 == 1 => Answer::Remove,
                Some(_) if !replaces => Answer::Abort,
                _ => Answer::Insert(returned.unwrap_or(new)),
            };
            (offered, last) = match answer {
                Answer::Insert(new) => (Some(new), (seen, Some(new))),
                Answer::Remove => (None, (seen, None)),
                Answer::Abort => (None, (seen, seen)),
            };
            answer
        });
        self.retries += calls.saturating_sub(1);
        let (seen, after) = said;
        self.saw(key, after);
        if !faithful {
            Operation::Wrong("compute did not give back what was to be inserted")
        } else if said != last {
            Operation::Wrong("compute did not do what it was told last")
        } else {
            Operation::Compute { seen, after }
        }
    }

    fn remove_if(&mut self, key: u64, test: impl Fn(Value) -> bool) -> Operation {
        let mut last = None;
        let mut calls = 0_u64;
        let removed = self.map.remove_if(key, &mut |value| {
            widen();
            calls += 1;
            let passed = test(value);
            last = Some((value, passed));
            passed
        });
        self.retries += calls.saturating_sub(1);
        match (last, removed) {
            (Some((seen, true)), Some(removed)) if seen == removed => Operation::RemoveIf {
                seen: Some(seen),
                removed: true,
            },
            (_, Some(_)) => Operation::Wrong("remove_if took what its test did not pass last"),
            (Some((seen, false)), None) => Operation::RemoveIf {
                seen: Some(seen),
                removed: false,
            },
            // What passed was gone; then the key was absent.
            (_, None) => Operation::RemoveIf {
                seen: None,
                removed: false,
            },
        }
    }
}
