//! The protocol of `examples/kvserver`: any bytes, in any fragments.
//!
//! ```text
//!   input:   n │ n lengths of fragments │ what a client sends
//!
//!   resp::requests ─────────────► requests ─┐
//!   whole       ──► a server ──► answers ───┤ the same requests, the same answers,
//!   fragments   ──► another  ──► answers ───┤ each well-formed
//!   byte by byte──► another  ──► answers ───┘
//! ```
//!
//! The server's own modules decode and answer; in place of the socket and of `connection` stands
//! [`session`], and [`resp`] reads requests and answers without any of the server's code. A short input is
//! also cut in two at every place. No panic; no buffer beyond its documented bound.

#![no_main]
#![allow(
    dead_code,
    reason = "the server's socket, command line and sweep are not driven"
)]

extern crate alloc;

// `crate::` in these modules is this crate.
#[path = "../../../examples/kvserver/admission.rs"]
mod admission;
#[path = "../../../examples/kvserver/args.rs"]
mod args;
#[path = "../../../examples/kvserver/blob.rs"]
mod blob;
#[path = "../../../examples/kvserver/commands/mod.rs"]
mod commands;
#[path = "../../../examples/kvserver/connection.rs"]
mod connection;
#[path = "../../../examples/kvserver/expiry.rs"]
mod expiry;
#[path = "../../../examples/kvserver/glob.rs"]
mod glob;
#[path = "../../../examples/kvserver/integer.rs"]
mod integer;
#[path = "../../../examples/kvserver/leases.rs"]
mod leases;
#[path = "../../../examples/kvserver/memory/mod.rs"]
mod memory;
#[path = "../../../examples/kvserver/reply.rs"]
mod reply;
#[path = "../../../examples/kvserver/request.rs"]
mod request;
mod resp;
#[path = "../../../examples/kvserver/saves.rs"]
mod saves;
#[path = "../../../examples/kvserver/scan.rs"]
mod scan;
#[path = "../../../examples/kvserver/server.rs"]
mod server;
mod session;
#[path = "../../../examples/kvserver/store.rs"]
mod store;
#[path = "../../../examples/kvserver/stored.rs"]
mod stored;

use libfuzzer_sys::{Corpus, fuzz_target};

use resp::{Ending, Reply};
use session::{Answer, End, Transcript};

/// Up to this length, an input is cut in two at every place.
const EVERY_CUT_BYTES_MAX: usize = 40;

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((&count, rest)) = input.split_first() else {
        return Corpus::Reject;
    };
    let Some((lengths, stream)) = rest.split_at_checked(usize::from(count % 16)) else {
        return Corpus::Reject;
    };
    let whole = session::run([stream]);
    check(stream, &whole);

    let lengths = lengths.iter().map(|&length| usize::from(length) + 1);
    compare(&whole, &session::run(fragments(stream, lengths)));
    let ones = core::iter::repeat_n(1, stream.len());
    compare(&whole, &session::run(fragments(stream, ones)));
    if stream.len() <= EVERY_CUT_BYTES_MAX {
        for cut in 1..stream.len() {
            compare(&whole, &session::run(<[_; 2]>::from(stream.split_at(cut))));
        }
    }
    Corpus::Keep
});

/// `stream`, cut into `lengths` and the rest.
fn fragments(
    mut stream: &[u8],
    lengths: impl Iterator<Item = usize>,
) -> impl Iterator<Item = &[u8]> {
    let mut lengths = lengths.fuse();
    core::iter::from_fn(move || {
        if stream.is_empty() {
            return None;
        }
        let length = lengths.next().unwrap_or(stream.len());
        let (fragment, rest) = stream.split_at(length.min(stream.len()));
        stream = rest;
        Some(fragment)
    })
}

/// The requests are those that are in `stream`, and the answers are one whole reply each.
fn check(stream: &[u8], transcript: &Transcript) {
    let (requests, ending) = resp::requests(stream, session::VALUE_BYTES_MAX);
    let answers = &transcript.answers;
    let answered: Vec<_> = answers.iter().map(|answer| &answer.request).collect();
    let expected: Vec<_> = requests.iter().take(answers.len()).collect();
    assert_eq!(answered, expected, "other requests than were sent");
    match transcript.end {
        // After QUIT and its like, the rest is not looked at.
        End::Closed => {}
        End::Open => {
            assert_eq!(answers.len(), requests.len(), "a request was not answered");
            assert!(ending != Ending::Whole || transcript.unread == 0);
        }
        End::ProtocolError => {
            assert_eq!(answers.len(), requests.len(), "a request was not answered");
            assert_ne!(ending, Ending::Whole, "refused, but well-formed");
        }
    }
    for answer in answers {
        let silent = matches!(
            &answer.request[0].to_ascii_lowercase()[..],
            b"post" | b"host:"
        );
        assert_eq!(answer.reply.is_empty(), silent);
        if !silent {
            parse(&answer.reply);
        }
    }
    if transcript.end == End::ProtocolError {
        let reply = parse(&transcript.last_words);
        assert!(matches!(reply, Reply::Error(text) if text.starts_with(b"ERR Protocol error")));
    }
}

fn parse(reply: &[u8]) -> Reply {
    resp::reply(reply).unwrap_or_else(|| panic!("malformed: \"{}\"", reply.escape_ascii()))
}

/// The same answers, as far as they do not depend on the clock or on the order of a map.
fn compare(one: &Transcript, other: &Transcript) {
    assert_eq!(one.end, other.end);
    assert_eq!(one.last_words, other.last_words);
    assert_eq!(one.answers.len(), other.answers.len());
    for (one, other) in one.answers.iter().zip(&other.answers) {
        assert_eq!(one.request, other.request);
        if one.reply != other.reply {
            let (first, second) = (comparable(one), comparable(other));
            assert_eq!(first, second, "answers to {:?}", one.request);
        }
        if ends_soon(&one.request) {
            return; // What follows depends on the moment.
        }
    }
}

/// What of an answer must be the same in every run.
fn comparable(answer: &Answer) -> Reply {
    let name = answer.request[0].to_ascii_lowercase();
    let reply = parse(&answer.reply);
    match (&name[..], reply) {
        (b"keys", Reply::Array(mut keys)) => {
            keys.sort();
            Reply::Array(keys)
        }
        // A page of keys in the map's order; ages, uptimes, garbage.
        (b"scan", Reply::Array(_)) | (b"info" | b"client", Reply::String(Some(_))) => {
            Reply::Integer(0)
        }
        (b"ttl" | b"pttl", Reply::Integer(left)) => Reply::Integer(left.min(0)),
        (_, reply) => reply,
    }
}

/// Whether an entry may end while the input is played: a limit under a hundred seconds.
fn ends_soon(request: &[Vec<u8>]) -> bool {
    const SECONDS: i64 = 100;
    let soon = |amount: Option<&Vec<u8>>, unit: i64| {
        let amount = amount.and_then(|amount| integer::parse(amount));
        amount.is_some_and(|amount| amount < SECONDS * unit)
    };
    let name = |index: usize| request[index].to_ascii_lowercase();
    match &name(0)[..] {
        b"expire" => soon(request.get(2), 1),
        b"pexpire" => soon(request.get(2), 1000),
        b"set" | b"session.set" => (3..request.len()).any(|index| match &name(index)[..] {
            b"ex" => soon(request.get(index + 1), 1),
            b"px" => soon(request.get(index + 1), 1000),
            _ => false,
        }),
        _ => false,
    }
}
