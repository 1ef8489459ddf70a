//! What a run covered.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use crate::work::DOING;
use crate::{Outcome, SLICE, bound_of_round};

/// The names with how often each occurs, the most frequent first.
fn tally(names: impl Iterator<Item = String>) -> String {
    let mut counts = BTreeMap::<String, usize>::new();
    names.for_each(|name| *counts.entry(name).or_default() += 1);
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let counts = counts.iter().map(|(name, count)| format!("{count} {name}"));
    counts.collect::<Vec<_>>().join(", ")
}

/// `a::b::Type` of `a::b::Type::function`.
fn owner(function: &str) -> String {
    function
        .rsplit_once("::")
        .map_or(function, |(owner, _)| owner)
        .into()
}

pub(crate) fn print(outcomes: &[Outcome]) {
    let sum = |count: fn(&Outcome) -> usize| outcomes.iter().map(count).sum::<usize>();
    let stopped = || outcomes.iter().flat_map(|round| &round.stopped);
    // Relaxed: they have stopped, which was read with Acquire.
    let doing = stopped().map(|victim| DOING[usize::from(victim.doing.load(Ordering::Relaxed))]);
    let put_off = stopped().filter(|victim| victim.was_put_off.load(Ordering::Relaxed));
    println!(
        "{} threads stopped for good, {} of them on leaving the allocator, in the midst of:\n  {}",
        stopped().count(),
        put_off.count(),
        tally(doing.map(String::from)),
    );
    let stacks: Vec<Vec<String>> = stopped().map(|victim| victim.functions()).collect();
    let innermost = stacks.iter().filter_map(|stack| stack.first());
    println!(
        "innermost:\n  {}",
        tally(innermost.map(|function| owner(function)))
    );
    let growing = stacks.iter().filter_map(|stack| {
        let step =
            |function: &&String| function.contains("growth::") || function.ends_with("::begin");
        stack.iter().find(step).cloned()
    });
    println!("in the midst of growth:\n  {}", tally(growing));

    let mut slices: Vec<usize> = outcomes
        .iter()
        .flat_map(|round| &round.slices)
        .copied()
        .collect();
    slices.sort_unstable();
    println!(
        "others: {} operations; of {} slices of {SLICE:?} {} had none, {} in the median",
        sum(|round| round.operations),
        slices.len(),
        slices.iter().filter(|&&done| done == 0).count(),
        slices[slices.len() / 2],
    );
    println!(
        "growth: {} doublings or more in each round; {} young maps filled",
        outcomes
            .iter()
            .map(|round| round.doublings)
            .min()
            .unwrap_or(0),
        sum(|round| round.filled),
    );
    let most = |count: fn(&Outcome) -> usize| outcomes.iter().map(count).max().unwrap_or(0);
    println!(
        "removed and not yet freed: {} at most; documented bound {}; removed by the survivors of a round: up to {}",
        most(|round| round.waiting),
        bound_of_round(),
        most(|round| round.retired),
    );
}
