//! SESSION.SET, SESSION.KEEP: keys that vanish when the client leaves. Redis has no such commands.

use std::time::Instant;

use super::expire::{Unit, deadline};
use super::{Client, CommandError, Done, Outcome, integer_arg};
use crate::request::Request;
use crate::store::Entry;

/// SESSION.SET key value [EX seconds | PX milliseconds]
pub(super) fn set<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let entry = Entry {
        expires_at: expiry(request)?,
        ..Entry::lasting(request.arg(2))
    };
    client
        .leases
        .set(&client.server.store, request.arg(1), entry);
    client.reply.status("OK");
    Ok(Outcome::Replied)
}

fn expiry(request: &Request) -> Result<Option<Instant>, CommandError> {
    if request.arg_count() == 3 {
        return Ok(None);
    }
    let unit = Unit::of_set_option(request.arg(3)).filter(|_| request.arg_count() == 5);
    let unit = unit.ok_or(CommandError::Syntax)?;
    let amount = u64::try_from(integer_arg(request, 4)?).ok();
    let end = amount
        .filter(|&amount| amount > 0)
        .and_then(|amount| deadline(amount, unit));
    let end = end.ok_or(CommandError::InvalidExpiry("session.set"))?;
    Ok(Some(end))
}

/// SESSION.KEEP key
pub(super) fn keep<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let kept = client.leases.keep(&client.server.store, request.arg(1));
    client.reply.integer(i64::from(kept));
    Ok(Outcome::Replied)
}
