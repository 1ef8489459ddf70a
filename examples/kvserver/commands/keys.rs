//! The key space: DEL, EXISTS, TYPE, KEYS, SCAN, DBSIZE, FLUSHALL.
//!
//! What goes through the whole map runs in `block_in_place`, so that the other clients of
//! the worker thread move to another one meanwhile.

use tokio::task::block_in_place;

use super::{Client, CommandError, Done, Outcome, integer_arg, is};
use crate::blob::Blob;
use crate::glob;
use crate::request::Request;

pub(super) fn del<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let store = &client.server.store;
    client
        .reply
        .count(request.args_from(1).filter(|key| store.remove(key)).count());
    Ok(Outcome::Replied)
}

pub(super) fn exists<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let store = &client.server.store;
    client.reply.count(
        request
            .args_from(1)
            .filter(|key| store.get(key).is_some())
            .count(),
    );
    Ok(Outcome::Replied)
}

pub(super) fn type_of<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let present = client.server.store.get(request.arg(1)).is_some();
    client.reply.status(if present { "string" } else { "none" });
    Ok(Outcome::Replied)
}

pub(super) fn dbsize<'s>(client: &mut Client<'s>, _request: &Request) -> Done<'s> {
    client.reply.count(client.server.store.len());
    Ok(Outcome::Replied)
}

pub(super) fn flushall<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    match request.args_from(1).next() {
        None => {}
        Some(how) if request.arg_count() == 2 && (is(how, "async") || is(how, "sync")) => {}
        Some(_) => return Err(CommandError::Syntax),
    }
    block_in_place(|| client.server.store.clear());
    client.server.scans.clear();
    client.reply.status("OK");
    Ok(Outcome::Replied)
}

pub(super) fn keys<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let keys = block_in_place(|| client.server.store.keys(request.arg(1)));
    client.reply.array(keys.len());
    Ok(Outcome::Keys(keys))
}

/// SCAN's options.
struct ScanOptions<'r> {
    pattern: &'r [u8],
    count: usize,
    strings: bool,
}

impl<'r> ScanOptions<'r> {
    fn parse(request: &'r Request) -> Result<Self, CommandError> {
        let mut options = Self {
            pattern: b"*",
            count: 10,
            strings: true,
        };
        for index in (2..request.arg_count()).step_by(2) {
            if index + 1 == request.arg_count() {
                return Err(CommandError::Syntax);
            }
            let option = request.arg(index);
            if is(option, "match") {
                options.pattern = request.arg(index + 1);
            } else if is(option, "count") {
                options.count = usize::try_from(integer_arg(request, index + 1)?)
                    .ok()
                    .filter(|&count| count > 0)
                    .ok_or(CommandError::Syntax)?;
            } else if is(option, "type") {
                options.strings = is(request.arg(index + 1), "string");
            } else {
                return Err(CommandError::Syntax);
            }
        }
        Ok(options)
    }
}

pub(super) fn scan<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let server = client.server;
    let cursor = core::str::from_utf8(request.arg(1))
        .ok()
        .and_then(|cursor| cursor.parse().ok())
        .ok_or(CommandError::InvalidCursor)?;
    let options = ScanOptions::parse(request)?;
    let page = if cursor == 0 {
        let keys = block_in_place(|| server.store.keys(b"*"));
        server.scans.begin(keys, options.count)
    } else {
        let page = server.scans.resume(cursor, options.count);
        page.ok_or(CommandError::InvalidCursor)?
    };
    let still_there = |key: &&Blob| {
        options.strings && glob::matches(options.pattern, key) && server.store.get(key).is_some()
    };
    let keys: Vec<Blob> = page.keys().iter().filter(still_there).cloned().collect();
    client.reply.array(2);
    client.reply.string(page.cursor.to_string().as_bytes());
    client.reply.array(keys.len());
    Ok(Outcome::Keys(keys))
}
