//! Single flight: of all requests for a key that run at the same time, one computes, and all get what it computed.
//!
//! ```text
//!   request ─┐                                    ┌─ leader: computes, lands
//!   request ─┼─► map: key ─► flight { outcome } ──┼─ waits ─► the same outcome
//!   request ─┘       └ removed when it lands      └─ waits
//! ```
//!
//! Every request holds the `Ref` of its flight while it waits, across the `.await`, and its [`Landed`] holds it on:
//! so the outcome stays where it was made, and neither value nor error must be `Clone`. The entry is removed when
//! the outcome is there; who comes after that starts anew. This is no cache.
//!
//! The leader computes in its own task. If that is cancelled, or panics, one of those that wait takes over, with its
//! own computation. If nobody waits, the flight is closed and its entry removed, so that nothing is left behind.

#[cfg(test)]
mod tests;

use core::ops::Deref;
use core::ptr;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::hash::Hash;

use splitmap::{HashMap, Ref};
use tokio::sync::OnceCell;

/// The computations that are under way.
pub(crate) struct Flights<K, T, E> {
    map: HashMap<K, Flight<T, E>>,
}

/// One computation.
struct Flight<T, E> {
    outcome: OnceCell<Result<T, E>>,
    /// Seats that are taken, or [`CLOSED`].
    seats: AtomicUsize,
}

/// All have left the flight: nobody can join it any more.
const CLOSED: usize = usize::MAX;

/// The outcome of a flight, shared by all who took part: a `Result`, by [`Deref`].
pub(crate) struct Landed<'f, K: Hash + Eq, T, E> {
    seat: Seat<'f, K, T, E>,
    led: bool,
}

impl<K: Hash + Eq, T, E> Landed<'_, K, T, E> {
    /// Whether it was this request's own computation that made it.
    pub(crate) fn led(&self) -> bool {
        self.led
    }
}

impl<K: Hash + Eq, T, E> Deref for Landed<'_, K, T, E> {
    type Target = Result<T, E>;

    fn deref(&self) -> &Result<T, E> {
        let outcome = self.seat.flight.outcome.get();
        outcome.expect("set before this was made, and never taken")
    }
}

impl<K: Hash + Eq, T, E> Flights<K, T, E> {
    /// None yet.
    pub(crate) fn new() -> Self {
        Self {
            map: HashMap::new(),
        }
    }

    /// What `compute` gives, or what another request's computation for the same `key` does that is under way.
    ///
    /// May be cancelled at any time. A panic in `compute` is the caller's own; the others do not see it.
    pub(crate) async fn run<F>(&self, key: K, compute: impl FnOnce() -> F) -> Landed<'_, K, T, E>
    where
        F: Future<Output = Result<T, E>>,
    {
        let seat = self.board(key);
        let mut led = false;
        let first = || {
            led = true;
            compute()
        };
        seat.flight.outcome.get_or_init(first).await;
        if led {
            // In the same step as the outcome came: no `.await` between, so it is never left undone.
            seat.remove_flight();
        }
        Landed { seat, led }
    }

    /// How many computations are under way.
    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// A seat in the flight for `key`: in the one that is there, or in a new one.
    fn board(&self, key: K) -> Seat<'_, K, T, E> {
        let seat = |flight| Seat {
            flights: self,
            flight,
        };
        // Most often there is one; then nothing is allocated.
        if let Some(flight) = self.map.get(&key).filter(|flight| flight.join()) {
            return seat(flight);
        }
        let mut new = (key, Flight::begun());
        loop {
            match self.map.try_insert(new.0, new.1) {
                Ok(flight) => return seat(flight),
                Err(occupied) if occupied.entry.join() => return seat(occupied.entry),
                Err(occupied) => {
                    // It is over, and whoever ended it has not come to remove it.
                    self.remove(&occupied.entry);
                    new = (occupied.key, occupied.value);
                }
            }
        }
    }

    /// Removes that flight, not another one for the same key.
    fn remove(&self, flight: &Ref<'_, K, Flight<T, E>>) {
        let that: &Flight<T, E> = flight;
        self.map
            .remove_if(flight.key(), |_, other| ptr::eq(other, that));
    }
}

impl<T, E> Flight<T, E> {
    /// A flight that has one seat taken.
    fn begun() -> Self {
        Self {
            outcome: OnceCell::new(),
            seats: AtomicUsize::new(1),
        }
    }

    /// Takes a seat; whether the flight was still under way.
    fn join(&self) -> bool {
        let joined = |seats| (seats != CLOSED).then(|| seats + 1);
        !self.outcome.initialized() && self.change_seats(joined).is_ok()
    }

    /// Gives a seat back; whether it was the last, which closes the flight.
    fn leave(&self) -> bool {
        let left = |seats| Some(if seats == 1 { CLOSED } else { seats - 1 });
        self.change_seats(left) == Ok(1)
    }

    fn change_seats(&self, change: impl FnMut(usize) -> Option<usize>) -> Result<usize, usize> {
        // ORD Relaxed: the count alone decides who is in; the outcome is the OnceCell's.
        self.seats
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, change)
    }
}

/// A request's part in a flight, until the request and its outcome are dropped.
struct Seat<'f, K: Hash + Eq, T, E> {
    flights: &'f Flights<K, T, E>,
    flight: Ref<'f, K, Flight<T, E>>,
}

impl<K: Hash + Eq, T, E> Seat<'_, K, T, E> {
    fn remove_flight(&self) {
        self.flights.remove(&self.flight);
    }
}

impl<K: Hash + Eq, T, E> Drop for Seat<'_, K, T, E> {
    fn drop(&mut self) {
        // One that has landed was removed by its leader.
        if self.flight.leave() && !self.flight.outcome.initialized() {
            self.remove_flight();
        }
    }
}
