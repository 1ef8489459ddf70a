//! Time limits: EXPIRE, TTL, PERSIST.

use core::time::Duration;
use std::time::Instant;

use super::{Client, CommandError, Done, Outcome, integer_arg, is};
use crate::request::Request;

/// What an amount of time counts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Milliseconds,
}

impl Unit {
    /// The unit of SET's options EX and PX.
    pub(super) fn of_set_option(option: &[u8]) -> Option<Self> {
        if is(option, "ex") {
            Some(Self::Seconds)
        } else if is(option, "px") {
            Some(Self::Milliseconds)
        } else {
            None
        }
    }
}

/// The instant `amount` from now, or `None` when Redis could not write it down either:
/// its times are milliseconds in 63 bits.
pub(super) fn deadline(amount: u64, unit: Unit) -> Option<Instant> {
    let milliseconds = match unit {
        Unit::Seconds => amount.checked_mul(1000)?,
        Unit::Milliseconds => amount,
    };
    i64::try_from(milliseconds).ok()?;
    Instant::now().checked_add(Duration::from_millis(milliseconds))
}

pub(super) fn expire<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    limit(client, request, Unit::Seconds, "expire")
}

pub(super) fn pexpire<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    limit(client, request, Unit::Milliseconds, "pexpire")
}

fn limit<'s>(
    client: &mut Client<'s>,
    request: &Request,
    unit: Unit,
    name: &'static str,
) -> Done<'s> {
    let amount = integer_arg(request, 2)?;
    if let Some(option) = request.args_from(3).next() {
        let option = String::from_utf8_lossy(&option[..option.len().min(128)]);
        return Err(CommandError::Other(format!(
            "ERR Unsupported option {option}"
        )));
    }
    let store = &client.server.store;
    let found = match u64::try_from(amount).ok().filter(|&amount| amount > 0) {
        Some(amount) => {
            let end = deadline(amount, unit).ok_or(CommandError::InvalidExpiry(name))?;
            let change = store.modify(request.arg(1), |old| {
                old.map(|old| old.with_expiry(Some(end))).ok_or(())
            });
            change.is_ok()
        }
        // A limit in the past.
        None => store.remove(request.arg(1)),
    };
    client.reply.integer(i64::from(found));
    Ok(Outcome::Replied)
}

pub(super) fn persist<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let change = client.server.store.modify(request.arg(1), |old| {
        let old = old.filter(|old| old.expires_at.is_some()).ok_or(())?;
        Ok::<_, ()>(old.with_expiry(None))
    });
    client.reply.integer(i64::from(change.is_ok()));
    Ok(Outcome::Replied)
}

pub(super) fn ttl<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let milliseconds = time_left(client, request);
    // Redis rounds to the nearest second, and leaves -1 and -2 as they are.
    let seconds = if milliseconds < 0 {
        milliseconds
    } else {
        (milliseconds + 500) / 1000
    };
    client.reply.integer(seconds);
    Ok(Outcome::Replied)
}

pub(super) fn pttl<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let milliseconds = time_left(client, request);
    client.reply.integer(milliseconds);
    Ok(Outcome::Replied)
}

/// Milliseconds; -1 for an entry without a limit, -2 for none.
fn time_left(client: &Client<'_>, request: &Request) -> i64 {
    match client
        .server
        .store
        .get(request.arg(1))
        .map(|entry| entry.expires_at)
    {
        None => -2,
        Some(None) => -1,
        Some(Some(end)) => {
            let left = end.saturating_duration_since(Instant::now()).as_millis();
            i64::try_from(left).unwrap_or(i64::MAX - 500)
        }
    }
}
