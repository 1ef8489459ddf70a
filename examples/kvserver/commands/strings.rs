//! Reading and writing values: GET, SET and its relatives, counters, APPEND.

use core::cell::RefCell;
use std::time::Instant;

use super::expire::{Unit, deadline};
use super::{Client, CommandError, Done, Outcome, integer_arg, is};
use crate::blob::Blob;
use crate::connection::STREAMED_BYTES_MIN;
use crate::integer;
use crate::request::Request;
use crate::store::{Entry, EntryRef};

pub(super) fn get<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    Ok(reply_entry(client, client.server.store.get(request.arg(1))))
}

pub(super) fn mget<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    client.reply.array(request.arg_count() - 1);
    Ok(Outcome::EntryOfEach)
}

pub(super) fn strlen<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let entry = client.server.store.get(request.arg(1));
    client
        .reply
        .count(entry.map_or(0, |entry| entry.data.len()));
    Ok(Outcome::Replied)
}

pub(super) fn getset<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let old = client
        .server
        .store
        .set(request.arg(1), Entry::lasting(request.arg(2)));
    Ok(reply_entry(client, old))
}

pub(super) fn setnx<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let entry = Entry::lasting(request.arg(2));
    let set = client
        .server
        .store
        .set_if_absent(request.arg(1), entry)
        .is_ok();
    client.reply.integer(i64::from(set));
    Ok(Outcome::Replied)
}

pub(super) fn mset<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    if request.arg_count().is_multiple_of(2) {
        return Err(CommandError::ArgCount("mset"));
    }
    for key in (1..request.arg_count()).step_by(2) {
        client
            .server
            .store
            .set(request.arg(key), Entry::lasting(request.arg(key + 1)));
    }
    client.reply.status("OK");
    Ok(Outcome::Replied)
}

/// When SET sets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Condition {
    Always,
    IfAbsent,
    IfPresent,
}

/// SET's options.
struct SetOptions {
    condition: Condition,
    give_old: bool,
    keep_expiry: bool,
    expires_at: Option<Instant>,
}

impl SetOptions {
    fn parse(request: &Request) -> Result<Self, CommandError> {
        let mut options = Self {
            condition: Condition::Always,
            give_old: false,
            keep_expiry: false,
            expires_at: None,
        };
        let mut index = 3;
        while index < request.arg_count() {
            let option = request.arg(index);
            let unlimited = !options.keep_expiry && options.expires_at.is_none();
            if is(option, "nx") && options.condition != Condition::IfPresent {
                options.condition = Condition::IfAbsent;
            } else if is(option, "xx") && options.condition != Condition::IfAbsent {
                options.condition = Condition::IfPresent;
            } else if is(option, "get") {
                options.give_old = true;
            } else if is(option, "keepttl") && options.expires_at.is_none() {
                options.keep_expiry = true;
            } else if let Some(unit) = Unit::of_set_option(option)
                && unlimited
                && index + 1 < request.arg_count()
            {
                index += 1;
                let amount = integer_arg(request, index)?;
                let invalid = CommandError::InvalidExpiry("set");
                let amount = u64::try_from(amount).ok().filter(|&amount| amount > 0);
                let end = amount
                    .and_then(|amount| deadline(amount, unit))
                    .ok_or(invalid)?;
                options.expires_at = Some(end);
            } else {
                return Err(CommandError::Syntax);
            }
            index += 1;
        }
        Ok(options)
    }
}

pub(super) fn set<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let options = SetOptions::parse(request)?;
    let store = &client.server.store;
    let key = request.arg(1);
    let entry = Entry {
        expires_at: options.expires_at,
        ..Entry::lasting(request.arg(2))
    };

    let (was_set, old) = match options.condition {
        Condition::Always if !options.keep_expiry => {
            let old = store.set(key, entry);
            (
                true,
                if options.give_old {
                    old.map(Old::Entry)
                } else {
                    None
                },
            )
        }
        Condition::IfAbsent => match store.set_if_absent(key, entry) {
            Ok(()) => (true, None),
            Err(present) => (false, Some(Old::Entry(present))),
        },
        condition => {
            let old = RefCell::new(None);
            let was_set = store.modify(key, |present| {
                *old.borrow_mut() = present.map(|entry| entry.data.clone());
                match present {
                    Some(present) if options.keep_expiry => {
                        Ok(present.with_data(entry.data.clone()))
                    }
                    None if condition == Condition::IfPresent => Err(()),
                    _ => Ok(entry.clone()),
                }
            });
            (was_set.is_ok(), old.into_inner().map(Old::Data))
        }
    };
    match old {
        Some(Old::Entry(old)) if options.give_old => return Ok(reply_entry(client, Some(old))),
        Some(Old::Data(old)) if options.give_old => client.reply.string(&old),
        _ if was_set && !options.give_old => client.reply.status("OK"),
        _ => client.reply.null(),
    }
    Ok(Outcome::Replied)
}

/// The value that SET found.
enum Old<'s> {
    Entry(EntryRef<'s>),
    Data(Blob),
}

pub(super) fn incr<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    add(client, request, 1)
}

pub(super) fn decr<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    add(client, request, -1)
}

pub(super) fn incrby<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    add(client, request, integer_arg(request, 2)?)
}

pub(super) fn decrby<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let amount = integer_arg(request, 2)?.checked_neg();
    let overflow = || CommandError::Other("ERR decrement would overflow".into());
    add(client, request, amount.ok_or_else(overflow)?)
}

fn add<'s>(client: &mut Client<'s>, request: &Request, amount: i64) -> Done<'s> {
    let entry = client.server.store.modify(request.arg(1), |old| {
        let number = match old {
            Some(old) => integer::parse(&old.data).ok_or(CommandError::NotAnInteger)?,
            None => 0,
        };
        let sum = number.checked_add(amount).ok_or(CommandError::Overflow)?;
        let data = Blob::from(sum.to_string().as_bytes());
        Ok(with_data_or_lasting(old, data))
    })?;
    client
        .reply
        .integer(integer::parse(&entry.data).unwrap_or_default());
    Ok(Outcome::Replied)
}

pub(super) fn append<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let tail = request.arg(2);
    let length_max = client.server.config.value_bytes_max;
    let entry = client.server.store.modify(request.arg(1), |old| {
        let head = old.map_or(&[][..], |old| &old.data);
        if head.len() + tail.len() > length_max {
            return Err(CommandError::ValueTooLong);
        }
        Ok(with_data_or_lasting(
            old,
            Blob::from(&[head, tail].concat()[..]),
        ))
    })?;
    client.reply.count(entry.data.len());
    Ok(Outcome::Replied)
}

fn with_data_or_lasting(old: Option<&Entry>, data: Blob) -> Entry {
    match old {
        Some(old) => old.with_data(data),
        None => Entry {
            data,
            expires_at: None,
            of_session: false,
        },
    }
}

/// Replies with the entry's value. A large one is left to the connection to send.
fn reply_entry<'s>(client: &mut Client<'s>, entry: Option<EntryRef<'s>>) -> Outcome<'s> {
    match entry {
        Some(entry) if entry.data.len() >= STREAMED_BYTES_MIN => return Outcome::Entry(entry),
        entry => client
            .reply
            .optional(entry.as_ref().map(|entry| &*entry.data)),
    }
    Outcome::Replied
}
