//! Models of [`State`]: whoever ends a lease, one thread winds it up, and has its content to itself (`ci/loom`).
//!
//! The content is a cell that loom follows: if two threads have it at one time, or one without having seen what the
//! other did (C1, C2), loom fails.

use std::sync::{Arc as StdArc, Mutex};

use alloc::collections::BTreeSet;
use alloc::string::String;
use loom::cell::UnsafeCell;
use loom::sync::Arc;

use super::ended::EndReason;
use super::state::{Call, State};
use crate::split_order::models::{Explore, model};

struct Lease {
    state: State,
    /// What the handle changes, and how often it was wound up.
    content: UnsafeCell<(u32, u32)>,
}

impl Lease {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            state: State::new(),
            content: UnsafeCell::new((0, 0)),
        })
    }

    fn wind_up(&self) {
        // SAFETY: loom fails if somebody else has it.
        self.content
            .with_mut(|content| unsafe { (*content).1 += 1 });
    }

    /// Whether the lease ends by this call.
    fn end(&self, reason: EndReason, term: Option<usize>) -> bool {
        let call = self.state.end(reason, term);
        if call == Call::Mine {
            self.wind_up();
        }
        call != Call::Nobodys
    }

    /// The handle's; false if it comes too late.
    fn change(&self) -> bool {
        if self.state.begin().is_err() {
            return false;
        }
        // SAFETY: as in `wind_up`.
        self.content
            .with_mut(|content| unsafe { (*content).0 += 1 });
        if self.state.finish().is_some() {
            self.wind_up();
        }
        true
    }

    /// When all are done: changes, and how often it was wound up.
    fn content(&self) -> (u32, u32) {
        // SAFETY: as in `wind_up`.
        self.content.with(|content| unsafe { *content })
    }
}

/// Runs `threads`, the first one as the handle, and checks that the results that there were are `outcomes`.
fn check(
    name: &str,
    outcomes: [&str; 2],
    handle: fn(&Lease) -> String,
    others: &'static [fn(&Lease) -> bool],
) {
    let seen = StdArc::new(Mutex::new(BTreeSet::new()));
    let results = StdArc::clone(&seen);
    model(name, Explore::All, move || {
        let lease = Lease::new();
        let threads = others.iter().map(|other| {
            let lease = Arc::clone(&lease);
            loom::thread::spawn(move || other(&lease))
        });
        let threads: alloc::vec::Vec<_> = threads.collect();
        let own = handle(&lease);
        let ends = threads.into_iter().map(|it| it.join().expect("no panic"));
        let ended = ends.filter(|&ended| ended).count();
        // Whatever came before, its handle goes.
        let last = lease.end(EndReason::Dropped, None);
        let (changes, wound_up) = lease.content();
        assert_eq!(wound_up, 1);
        assert_eq!(ended + usize::from(last), 1, "{own}");
        let result = alloc::format!("{own}, {changes} changes, {ended} ends");
        results.lock().expect("no panic").insert(result);
    });
    let seen = seen.lock().expect("no panic");
    assert!(seen.iter().eq(outcomes), "{seen:?}");
}

fn change(lease: &Lease) -> String {
    if lease.change() {
        "in time"
    } else {
        "too late"
    }
    .into()
}

const CHANGES: [&str; 2] = ["in time, 1 changes, 1 ends", "too late, 0 changes, 1 ends"];

fn cancel(lease: &Lease) -> bool {
    lease.end(EndReason::Cancelled, None)
}

/// In the first term.
fn expire(lease: &Lease) -> bool {
    lease.end(EndReason::Expired, Some(0))
}

#[test]
fn a_change_and_a_cancellation() {
    check("lease: change | cancel", CHANGES, change, &[cancel]);
}

#[test]
fn a_change_and_two_who_end_it() {
    check(
        "lease: change | cancel | expire",
        CHANGES,
        change,
        &[cancel, expire],
    );
}

/// A renewal that succeeds is respected: the old term's deadline ends nothing.
#[test]
fn a_renewal_and_a_deadline() {
    let renew = |lease: &Lease| match lease.state.renew() {
        Ok(_) => "renewed".into(),
        Err(reason) => alloc::format!("{reason:?}"),
    };
    let outcomes = ["Expired, 0 changes, 1 ends", "renewed, 0 changes, 0 ends"];
    check("lease: renew | expire", outcomes, renew, &[expire]);
}

/// A kept lease is wound up by nobody.
#[test]
fn keeping_and_a_cancellation() {
    model("lease: keep | cancel", Explore::All, || {
        let lease = Lease::new();
        let other = {
            let lease = Arc::clone(&lease);
            loom::thread::spawn(move || cancel(&lease))
        };
        let kept = lease.state.keep().is_ok();
        let ended = other.join().expect("no panic");
        assert!(!lease.end(EndReason::Dropped, None));
        assert_eq!((kept, lease.content().1), (!ended, u32::from(ended)));
    });
}
