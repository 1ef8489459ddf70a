//! Is a history linearizable? The search of Wing, Gong and Lowe.
//!
//! J. Wing, C. Gong, "Testing and Verifying Concurrent Objects", JPDC 17, 1993; G. Lowe, "Testing for
//! Linearizability", CCPE 29(4), 2017 (the memo); A. Horn, D. Kroening, "Faster Linearizability
//! Checking via P-Compositionality", FORTE 2015 (one key at a time: `history.rs`).
//!
//! ```text
//!   thread 0:  a ── b ── c ── d        a point of the search: how many of each thread's calls have
//!                        ▲             taken effect, and the state they left
//!   thread 1:  e ── f ── g
//!                   ▲
//! ```
//!
//! Threads are sequential, so what has taken effect is a prefix of each thread's calls: one byte for
//! each thread. The next call to take effect is some thread's next one, and none that another has
//! wholly preceded, that is, which was invoked after another thread's next one returned. A point that
//! was reached before is not searched again. And a call that changes nothing and has its outcome in the
//! present state takes effect at once, without an alternative: in whatever order the others follow, it
//! can be moved here.

use super::history::{Call, History, Operation, PENDING, Specification};
use foldhash::fast::RandomState;
use std::collections::HashSet;

/// One byte for each thread.
const THREADS_MAX: usize = size_of::<u64>();

/// How many calls of each thread have taken effect.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Positions(u64);

impl Positions {
    fn of(self, thread: usize) -> usize {
        usize::from(self.0.to_le_bytes()[thread])
    }

    fn after(self, thread: usize) -> Self {
        Self(self.0 + (1 << (8 * thread)))
    }
}

type Point<S> = (Positions, S);

/// The checker, with the memory that its searches share.
pub(crate) struct Checker<O: Specification = Operation> {
    visited: HashSet<Point<O::State>, RandomState>,
    waiting: Vec<Point<O::State>>,
    /// Points searched, in all.
    pub(crate) effort: u64,
}

impl<O: Specification> Default for Checker<O> {
    fn default() -> Self {
        Self {
            visited: HashSet::default(),
            waiting: Vec::new(),
            effort: 0,
        }
    }
}

impl<O: Specification> Checker<O> {
    /// Whether `history` is linearizable, from one of the states in `initial`.
    pub(crate) fn accepts(&mut self, history: &History<O>, initial: &[O::State]) -> bool {
        let mut accepted = false;
        self.search(history, initial, |_| {
            accepted = true;
            false
        });
        accepted
    }

    /// All states that `history` may end in.
    pub(crate) fn outcomes(&mut self, history: &History<O>, initial: &[O::State]) -> Vec<O::State> {
        let mut outcomes = Vec::new();
        self.search(history, initial, |state| {
            if !outcomes.contains(&state) {
                outcomes.push(state);
            }
            true
        });
        outcomes
    }

    /// Gives `found` the end of each linearization, until it says that this is enough.
    fn search(
        &mut self,
        history: &History<O>,
        initial: &[O::State],
        mut found: impl FnMut(O::State) -> bool,
    ) {
        assert!(history.len() <= THREADS_MAX);
        assert!(
            history
                .iter()
                .all(|calls| u8::try_from(calls.len()).is_ok())
        );
        self.visited.clear();
        self.waiting.clear();
        for &state in initial {
            self.reach((Positions(0), state));
        }
        while let Some((positions, state)) = self.waiting.pop() {
            self.effort += 1;
            let positions = read(history, positions, state);
            if done(history, positions) && !found(state) {
                return;
            }
            for (thread, call) in candidates(history, positions) {
                let Some(after) = call.operation.apply(state) else {
                    continue;
                };
                self.reach((positions.after(thread), after));
                if call.operation.may_repeat() && after != state {
                    self.reach((positions, after)); // it may come by once more
                }
            }
        }
    }

    fn reach(&mut self, point: Point<O::State>) {
        if self.visited.insert(point) {
            self.waiting.push(point);
        }
    }
}

/// Each thread's next call.
fn heads<O>(
    history: &History<O>,
    positions: Positions,
) -> impl Iterator<Item = (usize, &Call<O>)> + Clone {
    let head =
        move |(thread, calls)| Some((thread, <[Call<O>]>::get(calls, positions.of(thread))?));
    history
        .iter()
        .map(Vec::as_slice)
        .enumerate()
        .filter_map(head)
}

/// The calls of which one takes effect next.
fn candidates<O>(
    history: &History<O>,
    positions: Positions,
) -> impl Iterator<Item = (usize, &Call<O>)> {
    let heads = heads(history, positions);
    let first_return = heads.clone().map(|(_, call)| call.returned).min();
    heads.filter(move |(_, call)| Some(call.invoked) <= first_return)
}

/// Lets all calls take effect that change nothing and may do so now.
fn read<O: Specification>(
    history: &History<O>,
    mut positions: Positions,
    state: O::State,
) -> Positions {
    loop {
        let fits = |(_, call): &(usize, &Call<O>)| {
            call.operation.only_reads() && call.operation.apply(state).is_some()
        };
        let Some((thread, _)) = candidates(history, positions).find(fits) else {
            return positions;
        };
        positions = positions.after(thread);
    }
}

/// Whether all calls that returned have taken effect.
fn done<O>(history: &History<O>, positions: Positions) -> bool {
    heads(history, positions).all(|(_, call)| call.returned == PENDING)
}

#[cfg(test)]
mod tests {
    use super::super::history::State;
    use super::*;
    use Operation::{Clear, Get, GetOrInsertWith, Insert, Remove, RemoveIf, TryInsert, Update};

    fn call(invoked: u64, returned: u64, operation: Operation) -> Call {
        Call {
            invoked,
            returned,
            operation,
        }
    }

    fn insert(new: u64, replaced: State) -> Operation {
        Insert { new, replaced }
    }

    fn accepts<const N: usize>(history: [&[Call]; N]) -> bool {
        let history = history.map(<[Call]>::to_vec).to_vec();
        Checker::default().accepts(&history, &[None])
    }

    #[test]
    fn sequence_is_held_to_its_order() {
        let write = call(1, 2, insert(7, None));
        assert!(accepts([&[write, call(3, 4, Get(Some(7)))]]));
        assert!(!accepts([&[write, call(3, 4, Get(None))]]));
        assert!(!accepts([&[
            call(1, 2, Get(Some(7))),
            call(3, 4, insert(7, None))
        ]]));
    }

    #[test]
    fn other_threads_are_held_to_real_time() {
        let write = call(1, 2, insert(7, None));
        assert!(!accepts([&[write], &[call(3, 4, Get(None))]]));
        assert!(accepts([&[write], &[call(2, 4, Get(None))]])); // the same moment: not before
    }

    #[test]
    fn overlapping_write_is_seen_or_not() {
        let write = call(1, 10, insert(7, None));
        assert!(accepts([&[write], &[call(2, 3, Get(None))]]));
        assert!(accepts([&[write], &[call(2, 3, Get(Some(7)))]]));
    }

    #[test]
    fn once_a_write_was_seen_it_stays_seen() {
        // Sequentially consistent, but not linearizable.
        let write = call(1, 10, insert(7, None));
        let (old, new) = (Get(None), Get(Some(7)));
        assert!(accepts([&[write], &[call(2, 3, old)], &[call(4, 5, new)]]));
        assert!(!accepts([&[write], &[call(2, 3, new)], &[call(4, 5, old)]]));
    }

    #[test]
    fn writes_may_take_effect_in_the_reverse_order_of_their_calls() {
        let write = |at, new, replaced| call(at, 20, insert(new, replaced));
        let get = |at, seen| call(at, at, Get(Some(seen)));
        assert!(accepts([
            &[write(1, 1, Some(2))],
            &[write(2, 2, Some(3))],
            &[write(3, 3, None)],
            &[get(5, 3), get(7, 2), get(9, 1)],
        ]));
    }

    #[test]
    fn two_writes_cannot_replace_the_same_value() {
        let replace = |new| call(1, 10, insert(new, None));
        assert!(!accepts([&[replace(1)], &[replace(2)]]));
        let update = |new| call(3, 10, Update { new, seen: Some(1) });
        let write = call(1, 2, insert(1, None));
        assert!(!accepts([&[write, update(2)], &[update(3)]]));
    }

    #[test]
    fn racing_insertions_have_one_winner() {
        let try_insert = |new, there| call(1, 10, TryInsert { new, there });
        let get_or_insert = |new, got| call(1, 10, GetOrInsertWith { new, got });
        assert!(accepts([&[try_insert(1, None)], &[try_insert(2, Some(1))]]));
        assert!(!accepts([&[try_insert(1, None)], &[try_insert(2, None)]]));
        assert!(accepts([&[get_or_insert(1, 2)], &[get_or_insert(2, 2)]]));
        assert!(!accepts([&[get_or_insert(1, 2)], &[get_or_insert(2, 1)]]));
    }

    #[test]
    fn entry_is_removed_once() {
        let write = call(1, 2, insert(1, None));
        let remove = |removed| call(3, 10, Remove(removed));
        let remove_if = |seen, removed| call(3, 10, RemoveIf { seen, removed });
        assert!(accepts([&[write, remove(Some(1))], &[remove(None)]]));
        assert!(!accepts([&[write, remove(Some(1))], &[remove(Some(1))]]));
        assert!(accepts([
            &[write, remove(Some(1))],
            &[remove_if(Some(1), false)]
        ]));
        assert!(!accepts([
            &[write, remove_if(Some(1), true)],
            &[remove(Some(1))]
        ]));
    }

    #[test]
    fn replacement_in_two_steps_is_refused() {
        let write = call(1, 2, insert(1, None));
        let replace = call(3, 10, insert(2, Some(1)));
        assert!(accepts([&[write, replace], &[call(4, 5, Get(Some(1)))]]));
        assert!(!accepts([&[write, replace], &[call(4, 5, Get(None))]]));
    }

    #[test]
    fn clear_removes_what_is_there_throughout_and_may_do_so_again() {
        let (write, clear) = (call(1, 2, insert(1, None)), call(3, 20, Clear));
        assert!(!accepts([&[write, clear, call(21, 22, Get(Some(1)))]]));
        assert!(accepts([&[write, clear, call(21, 22, Get(None))]]));
        let again = call(5, 6, insert(2, None));
        assert!(accepts([
            &[write, clear, call(21, 22, Get(Some(2)))],
            &[again]
        ]));
        assert!(accepts([
            &[write, clear, call(21, 22, Get(None))],
            &[again]
        ]));
    }

    #[test]
    fn pending_call_may_take_effect_or_not() {
        let write = call(1, PENDING, insert(1, None));
        assert!(accepts([
            &[write],
            &[call(2, 3, Get(None)), call(4, 5, Get(Some(1)))]
        ]));
        assert!(accepts([&[write], &[call(2, 3, Get(None))]]));
        assert!(!accepts([&[write], &[call(2, 3, Get(Some(2)))]]));
    }

    #[test]
    fn outcomes_are_all_that_overlapping_calls_leave() {
        let history = vec![
            vec![call(1, 10, Remove(None))],
            vec![call(1, 10, insert(2, None))],
            vec![call(1, PENDING, insert(3, Some(2)))],
        ];
        let mut outcomes = Checker::default().outcomes(&history, &[None]);
        outcomes.sort();
        assert_eq!(outcomes, [Some(2), Some(3)]);
    }

    /// Against a search without memo, reads taken at once and positions: all orders of all calls.
    #[test]
    #[cfg_attr(miri, ignore = "many histories, and nothing unsafe")]
    fn agrees_with_exhaustive_search_on_random_histories() {
        let mut random = crate::common::Random::new(1);
        let mut verdicts = [0_u32; 2];
        for _ in 0..crate::common::scaled(40_000) {
            let history = random_history(&mut random);
            let accepted = Checker::default().accepts(&history, &[None]);
            assert_eq!(
                accepted,
                some_order_fits(&history, &[0; 3], None),
                "{history:?}"
            );
            verdicts[usize::from(accepted)] += 1;
        }
        assert!(verdicts.iter().all(|&n| n >= 100), "{verdicts:?}");
    }

    fn random_history(random: &mut crate::common::Random) -> History {
        let mut new = 0;
        let mut history = vec![Vec::new(); 3];
        for calls in &mut history {
            let mut now = random.below(6);
            for _ in 0..random.below(4) {
                new += 1;
                let seen = Some(random.below(6)).filter(|&n| n > 0);
                let operation = match random.below(6) {
                    0 => Get(seen),
                    1 => insert(new, seen),
                    2 => Remove(seen),
                    3 => Update { new, seen },
                    4 => TryInsert { new, there: seen },
                    _ => Clear,
                };
                let returned = now + random.below(12);
                calls.push(call(now, returned, operation));
                now = returned + 1 + random.below(3);
            }
        }
        history
    }

    fn some_order_fits(history: &History, done: &[usize; 3], state: State) -> bool {
        let head = |thread: usize| history[thread].get(done[thread]);
        (0..3).all(|thread| head(thread).is_none())
            || (0..3).any(|thread| {
                let Some(call) = head(thread) else {
                    return false;
                };
                let preceded = (0..3).filter_map(head).any(|c| c.returned < call.invoked);
                let Some(after) = call.operation.apply(state).filter(|_| !preceded) else {
                    return false;
                };
                let mut next = *done;
                next[thread] += 1;
                let again = call.operation == Clear && state.is_some();
                some_order_fits(history, &next, after)
                    || again && some_order_fits(history, done, after)
            })
    }
}
