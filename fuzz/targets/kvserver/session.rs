//! A client's session without a socket: bytes in, answers out, as `connection` does it.

use core::net::{Ipv4Addr, SocketAddr};
use std::time::Instant;

use splitmap::HashMap;

use crate::admission::Limits;
use crate::args::Config;
use crate::blob::Blob;
use crate::commands::{self, Client, Outcome};
use crate::request::{Inbox, Request};
use crate::saves::Saves;
use crate::scan::Scans;
use crate::server::{ClientInfo, Counters, Server};
use crate::store::{Entry, EntryRef, Store};

pub(crate) const VALUE_BYTES_MAX: usize = 64 * 1024;
/// What a client's buffer may hold: the largest request, a read, and `BytesMut`'s doubling.
const BUFFER_BYTES_MAX: usize = 2 * (VALUE_BYTES_MAX + 1024 * 1024 + 16 * 1024);
/// What a command may leave in the reply buffer: one value (larger than `STREAMED_BYTES_MIN` only of ECHO,
/// PING and SET ... GET), a list of settings or commands, or the start of an array.
const REPLY_BYTES_MAX: usize = VALUE_BYTES_MAX + 4 * 1024;
/// Where every save fails, and in the same way.
const NO_FILE: &str = "/dev/null/snapshot";
/// The client's number.
const ID: u64 = 1;

/// A request, and what was sent for it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) request: Vec<Vec<u8>>,
    pub(crate) reply: Vec<u8>,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The server waits for more.
    Open,
    /// By a command.
    Closed,
    ProtocolError,
}

/// All that a session came to.
#[derive(Debug)]
pub(crate) struct Transcript {
    pub(crate) answers: Vec<Answer>,
    pub(crate) end: End,
    /// The reply to what was no request.
    pub(crate) last_words: Vec<u8>,
    /// Bytes that no request took.
    pub(crate) unread: usize,
}

/// Feeds a new server with `fragments`, until it closes the session.
pub(crate) fn run<'f>(fragments: impl IntoIterator<Item = &'f [u8]>) -> Transcript {
    let server = server();
    let mut session = Session {
        inbox: Inbox::new(Limits::new(VALUE_BYTES_MAX)),
        client: Client::new(&server, ID),
        answers: Vec::new(),
    };
    let mut end = End::Open;
    for fragment in fragments {
        session.inbox.buffer().extend_from_slice(fragment);
        end = session.answer_all();
        assert!(session.inbox.buffer().capacity() <= BUFFER_BYTES_MAX);
        if end != End::Open {
            break;
        }
    }
    Transcript {
        end,
        last_words: session.take_reply(),
        unread: session.inbox.buffer().len(),
        answers: session.answers,
    }
}

/// A server with one client, and one value that is sent from the entry itself.
fn server() -> Server {
    let server = Server {
        config: Config {
            bind: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            threads: 1,
            clients_max: 1,
            value_bytes_max: VALUE_BYTES_MAX,
            memory_bytes_max: None,
            snapshot: NO_FILE.into(),
            save_at_end: false,
        },
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 6379)),
        started_at: Instant::now(),
        store: Store::default(),
        saves: Saves::new(NO_FILE.into(), 0),
        scans: Scans::default(),
        clients: HashMap::new(),
        counters: Counters::default(),
    };
    let info = ClientInfo {
        address: server.address,
        name: Blob::from(&[][..]),
        connected_at: server.started_at,
    };
    server.clients.insert(ID, info);
    let big = Entry::lasting(&b"x".repeat(33 * 1024));
    server.store.set(b"big", big);
    server
}

struct Session<'s> {
    inbox: Inbox,
    client: Client<'s>,
    answers: Vec<Answer>,
}

impl<'s> Session<'s> {
    /// Answers every whole request.
    fn answer_all(&mut self) -> End {
        loop {
            match self.inbox.next() {
                Ok(Some(request)) => {
                    let outcome = commands::run(&mut self.client, &request);
                    assert!(self.client.reply.bytes().len() <= REPLY_BYTES_MAX);
                    let closed = matches!(outcome, Outcome::Close);
                    self.send(&request, outcome);
                    if closed {
                        return End::Closed;
                    }
                }
                Ok(None) => return End::Open,
                Err(error) => {
                    self.client.reply.error(&error);
                    return End::ProtocolError;
                }
            }
        }
    }

    fn send(&mut self, request: &Request, outcome: Outcome<'s>) {
        match outcome {
            Outcome::Replied | Outcome::Close => {}
            Outcome::SaveBehind(turn) => assert!(self.client.server.save(turn).is_err()),
            Outcome::Entry(entry) => self.send_entry(Some(&entry)),
            Outcome::EntryOfEach => {
                for key in request.args_from(1) {
                    let entry = self.client.server.store.get(key);
                    self.send_entry(entry.as_ref());
                }
            }
            Outcome::Keys(keys) => {
                for key in &keys {
                    self.client.reply.string(key);
                }
            }
        }
        let reply = self.take_reply();
        let request = request.args_from(0).map(<[u8]>::to_vec).collect();
        self.answers.push(Answer { request, reply });
    }

    fn send_entry(&mut self, entry: Option<&EntryRef<'s>>) {
        let bytes = entry.map(|entry| &*entry.data);
        self.client.reply.optional(bytes);
    }

    fn take_reply(&mut self) -> Vec<u8> {
        let reply = self.client.reply.bytes().to_vec();
        self.client.reply.clear();
        reply
    }
}
