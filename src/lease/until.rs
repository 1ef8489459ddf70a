//! A lease's deadline: given, and renewed.
//!
//! ```text
//!   state: term 1 ──renew──► term 2 ──► filed: lease, term 2, deadline
//!          a sweep that still knows term 1 ends nothing
//! ```

use alloc::sync::Arc;
use std::time::Instant;

use super::Lease;
use super::deadlines::{Bond, Deadlines};
use super::ended::RenewError;

impl<K, V, S> Lease<K, V, S>
where
    K: Send + Sync,
    V: Send + Sync,
    S: Send + Sync,
{
    /// Gives the lease a deadline: when it has passed, a call of [`Deadlines::expire`] ends the lease. Instead of an
    /// earlier one. Feature `std`.
    ///
    /// # Examples
    /// ```
    /// use std::time::Instant;
    /// let (map, deadlines) = (std::sync::Arc::new(splitmap::HashMap::new()), splitmap::Deadlines::new());
    /// let lease = map.lease("a", 1).until(&deadlines, Instant::now());
    /// assert_eq!(deadlines.expire(Instant::now(), 10).ended, 1);
    /// assert_eq!(lease.ended(), Some(splitmap::EndReason::Expired));
    /// ```
    pub fn until(mut self, deadlines: &Deadlines, deadline: Instant) -> Self {
        let bond = (deadlines.clone(), self.id());
        let added = self.core.add(bond, |duties, (deadlines, id)| {
            duties.bind(Bond { deadlines, id });
        });
        if added.is_ok() {
            self.deadlines = Some(deadlines.clone());
            // If it has ended meanwhile, it needs no deadline.
            let _ = self.renew(deadline);
        }
        self
    }

    /// Puts the deadline off, or forward. After that, the earlier one ends nothing. Feature `std`.
    ///
    /// # Errors
    /// The lease has ended, or has no deadline that could be renewed.
    ///
    /// # Examples
    /// ```
    /// use std::time::{Duration, Instant};
    /// let (map, deadlines) = (std::sync::Arc::new(splitmap::HashMap::new()), splitmap::Deadlines::new());
    /// let now = Instant::now();
    /// let mut lease = map.lease("a", 1).until(&deadlines, now);
    /// lease.renew(now + Duration::from_secs(60)).unwrap();
    /// assert_eq!(deadlines.expire(now + Duration::from_secs(59), 10).ended, 0);
    /// ```
    pub fn renew(&mut self, deadline: Instant) -> Result<(), RenewError> {
        let Some(deadlines) = &self.deadlines else {
            return Err(RenewError::NoDeadline);
        };
        let term = self.core.state.renew().map_err(RenewError::Ended)?;
        deadlines.file(self.id(), deadline, self.remote(), term);
        // Who ended it meanwhile may have had it forgotten before.
        if self.ended().is_some() {
            deadlines.forget(self.id());
        }
        Ok(())
    }

    /// The address of the core.
    fn id(&self) -> usize {
        Arc::as_ptr(&self.core).addr()
    }
}
