//! Counterexamples: what is shown of a history that is not linearizable, made as small as is quick.
//!
//! ```text
//!   ├──────────── quiet ┆ a ── b ── c ── d! ┆ later ───────────┤
//!        3 cut off, with the states that     1 cut off: up to d it is refused already
//!        it may have left                    2 b only reads, and is refused without it: left out
//! ```

use super::checker::Checker;
use super::history::{Call, History, PENDING, Specification};
use super::plan::Plan;
use super::walks::WrongLength;
use std::fmt::{self, Write as _};

/// Something that the map must not do.
#[derive(Debug)]
pub(crate) struct Refusal {
    plan: String,
    round: u64,
    what: String,
}

impl Refusal {
    /// No order of the calls in the history of `whose` explains their outcomes from `initial`.
    pub(crate) fn of_history<O: Specification>(
        whose: &str,
        history: &History<O>,
        initial: O::State,
    ) -> Self {
        let calls = |history: &History<O>| history.iter().map(Vec::len).sum::<usize>();
        let first = history.iter().flatten().map(|call| call.invoked).min();
        let first = first.unwrap_or(0);
        let (least, initial) = shrink(history, initial);
        Self::because(format!(
            "{whose} is not linearizable.\n{} of its calls, from {initial:?}, suffice:\n{}All {}:\n{}",
            calls(&least),
            table(&least, first),
            calls(history),
            table(history, first),
        ))
    }

    pub(crate) fn of_length((len, least, most): WrongLength) -> Self {
        Self::because(format!("len said {len}, but was from {least} to {most}\n"))
    }

    fn because(what: String) -> Self {
        Self {
            plan: String::new(),
            round: 0,
            what,
        }
    }

    /// Says in which run and round it was.
    pub(crate) fn of(self, plan: &Plan, round: u64) -> Self {
        Self {
            plan: format!("{} ({:?})", plan.name, plan.stamps),
            round,
            ..self
        }
    }

    /// The round, counted from 0.
    pub(crate) fn round(&self) -> u64 {
        self.round
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, round {}: {}", self.plan, self.round, self.what)
    }
}

/// The calls in the order of their stamps, which are counted from `first`.
fn table<O: Specification>(history: &History<O>, first: u64) -> String {
    let mut calls: Vec<(usize, &Call<O>)> = history
        .iter()
        .enumerate()
        .flat_map(|(thread, calls)| calls.iter().map(move |call| (thread, call)))
        .collect();
    calls.sort_by_key(|(_, call)| call.invoked); // stable: each thread's stay in their order
    let mut table = format!(
        "  {:>10} {:>10}  thread  operation\n",
        "invoked", "returned"
    );
    for (thread, call) in calls {
        let stamp = |stamp| match stamp {
            PENDING => String::from("pending"),
            stamp if stamp > PENDING / 2 => String::from("end"), // of the round (`stamps.rs`)
            stamp => (stamp - first).to_string(),
        };
        let (invoked, returned) = (stamp(call.invoked), stamp(call.returned));
        writeln!(
            table,
            "  {invoked:>10} {returned:>10}  {thread:>6}  {:?}",
            call.operation
        )
        .expect("a string takes it");
    }
    table
}

/// A part of a refused history that is refused too, and the states that it starts from.
fn shrink<O: Specification>(
    history: &History<O>,
    initial: O::State,
) -> (History<O>, Vec<O::State>) {
    let mut checker = Checker::default();
    let history = shortest_refused_prefix(&mut checker, history, &[initial]);
    let (mut history, initial) = latest_refused_suffix(&mut checker, history, initial);
    leave_reads_out(&mut checker, &mut history, &initial);
    (history, initial)
}

/// What had happened at `moment`: calls that were running then are pending.
fn until<O: Specification>(history: &History<O>, moment: u64) -> History<O> {
    let running = |call: &Call<O>| Call {
        returned: if call.returned > moment {
            PENDING
        } else {
            call.returned
        },
        ..*call
    };
    let until = |calls: &Vec<Call<O>>| {
        let begun = calls.iter().take_while(|call| call.invoked <= moment);
        let mut calls: Vec<Call<O>> = begun.map(running).collect();
        // Of several parts of one walk, the first ones may have come first.
        let returned = calls
            .iter()
            .take_while(|call| call.returned != PENDING)
            .count();
        calls.truncate(returned + 1);
        calls
    };
    history.iter().map(until).collect()
}

fn shortest_refused_prefix<O: Specification>(
    checker: &mut Checker<O>,
    history: &History<O>,
    initial: &[O::State],
) -> History<O> {
    let mut moments: Vec<u64> = history.iter().flatten().map(|call| call.returned).collect();
    moments.sort_unstable();
    moments
        .into_iter()
        .map(|moment| until(history, moment))
        .find(|prefix| !checker.accepts(prefix, initial))
        .unwrap_or_else(|| history.clone())
}

/// Cuts off what was over at the latest moment when no call was running and from which it goes wrong.
fn latest_refused_suffix<O: Specification>(
    checker: &mut Checker<O>,
    history: History<O>,
    initial: O::State,
) -> (History<O>, Vec<O::State>) {
    let mut calls: Vec<Call<O>> = history.iter().flatten().copied().collect();
    calls.sort_by_key(|call| call.invoked);
    let mut quiet = Vec::new();
    let mut returned = 0;
    for call in calls {
        if returned < call.invoked {
            quiet.push(call.invoked);
        }
        returned = returned.max(call.returned);
    }
    for moment in quiet.into_iter().rev() {
        let split = |calls: &Vec<Call<O>>| -> (Vec<Call<O>>, Vec<Call<O>>) {
            calls.iter().partition(|call| call.returned < moment)
        };
        let (before, after): (History<O>, History<O>) = history.iter().map(split).unzip();
        let states = checker.outcomes(&before, &[initial]);
        if !checker.accepts(&after, &states) {
            return (after, states);
        }
    }
    (history, vec![initial])
}

fn leave_reads_out<O: Specification>(
    checker: &mut Checker<O>,
    history: &mut History<O>,
    initial: &[O::State],
) {
    for thread in 0..history.len() {
        let mut n = 0;
        while let Some(call) = history[thread].get(n).copied() {
            if call.operation.only_reads() {
                history[thread].remove(n);
                if !checker.accepts(history, initial) {
                    continue;
                }
                history[thread].insert(n, call);
            }
            n += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::history::Operation::{Get, Insert, Remove};
    use super::*;

    #[test]
    fn what_goes_wrong_stays_and_the_rest_is_left_out() {
        let call = |at, operation| Call {
            invoked: at,
            returned: at + 3,
            operation,
        };
        let insert = |at, new, replaced| call(at, Insert { new, replaced });
        let history = vec![
            vec![
                insert(1, 1, None),
                call(10, Get(Some(1))),
                insert(20, 2, Some(1)),
            ],
            vec![
                call(22, Get(Some(1))),
                call(26, Get(Some(1))),
                call(40, Remove(Some(2))),
            ],
            vec![call(23, Get(Some(2)))],
        ];
        let (least, initial) = shrink(&history, None);
        // The second value, and the read of the first one that was called after it was there.
        assert_eq!(initial, [Some(1)]);
        assert_eq!(least, [vec![history[0][2]], vec![history[1][1]], vec![]]);
    }

    #[test]
    fn table_shows_stamps_from_the_first_one_on() {
        let call = Call {
            invoked: 1000,
            returned: 1005,
            operation: Get(Some(3)),
        };
        let plan = Plan {
            name: "plan",
            ..Plan::default()
        };
        let refusal = Refusal::of_history("key 7", &vec![vec![call]], None).of(&plan, 4);
        let text = refusal.to_string();
        assert!(
            text.starts_with("plan (Clock), round 4: key 7 is not linearizable"),
            "{text}"
        );
        assert!(
            text.contains("         0          5       0  Get(Some(3))"),
            "{text}"
        );
    }
}
