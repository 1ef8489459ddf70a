//! One client: reads what there is, answers all of it, writes once.
//!
//! Commands run between awaits and are never cut short: the server ends a connection only
//! where it waits for the client. Replies beyond [`FLUSH_BYTES`] are sent before the next
//! command runs, so a client that reads slowly slows down only itself.

use alloc::sync::Arc;
use core::time::Duration;
use std::io;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::admission::Limits;
use crate::blob::Blob;
use crate::commands::{self, Client, Outcome};
use crate::request::{Inbox, Request};
use crate::server::Server;
use crate::store::EntryRef;

/// Replies that are collected before they are sent.
const FLUSH_BYTES: usize = 64 * 1024;
/// How long what a client still sends is read and ignored after the last reply.
const LINGER: Duration = Duration::from_secs(1);
/// Values from this size on are sent from the map's entry itself.
pub(crate) const STREAMED_BYTES_MIN: usize = 32 * 1024;

/// Serves one client until it leaves, quits, breaks the protocol or the task is aborted.
pub(crate) async fn serve(server: Arc<Server>, socket: TcpStream, id: u64) {
    let registration = Registration {
        server: &server,
        id,
    };
    // A client that goes away is not an error of the server.
    let _ = Connection::new(&server, socket, id).run().await;
    drop(registration);
}

/// Takes the client off the list when its connection ends, however it ends.
struct Registration<'s> {
    server: &'s Server,
    id: u64,
}

impl Drop for Registration<'_> {
    fn drop(&mut self) {
        self.server.clients.remove(&self.id);
    }
}

struct Connection<'s> {
    server: &'s Arc<Server>,
    socket: TcpStream,
    inbox: Inbox,
    client: Client<'s>,
}

impl<'s> Connection<'s> {
    fn new(server: &'s Arc<Server>, socket: TcpStream, id: u64) -> Self {
        Self {
            server,
            socket,
            inbox: Inbox::new(Limits::new(server.config.value_bytes_max)),
            client: Client::new(server, id),
        }
    }

    async fn run(&mut self) -> io::Result<()> {
        loop {
            let open = self.answer_all().await?;
            self.flush().await?;
            if !open {
                return self.close().await;
            }
            if self.socket.read_buf(self.inbox.buffer()).await? == 0 {
                return Ok(());
            }
        }
    }

    /// Ends the connection so that the client gets the last reply: closing a socket with
    /// unread bytes in it would take that back.
    async fn close(&mut self) -> io::Result<()> {
        self.socket.shutdown().await?;
        let mut ignored = [0; 4096];
        let drain = async {
            while self.socket.read(&mut ignored).await? > 0 {}
            io::Result::Ok(())
        };
        timeout(LINGER, drain).await.unwrap_or(Ok(()))
    }

    /// Answers every whole request that has been read; whether the connection goes on.
    async fn answer_all(&mut self) -> io::Result<bool> {
        let mut answered = 0;
        let open = loop {
            match self.inbox.next() {
                Ok(Some(request)) => {
                    answered += 1;
                    match commands::run(&mut self.client, &request) {
                        Outcome::Replied => {}
                        Outcome::Entry(entry) => self.send_entry(Some(entry)).await?,
                        Outcome::EntryOfEach => self.send_entries(&request).await?,
                        Outcome::Keys(keys) => self.send_keys(&keys).await?,
                        Outcome::SaveBehind(turn) => {
                            let server = Arc::clone(self.server);
                            // A failure is on standard error, and in INFO.
                            drop(spawn_blocking(move || server.save(turn)));
                        }
                        Outcome::Close => break false,
                    }
                    self.flush_if_full().await?;
                }
                Ok(None) => break true,
                Err(error) => {
                    self.client.server.counters.note_protocol_error();
                    self.client.reply.error(&error);
                    break false;
                }
            }
        };
        self.client.server.counters.note_commands(answered);
        Ok(open)
    }

    /// Sends the values of the keys that `request` names; the array's start is written.
    async fn send_entries(&mut self, request: &Request) -> io::Result<()> {
        for key in request.args_from(1) {
            let entry = self.client.server.store.get(key);
            self.send_entry(entry).await?;
        }
        Ok(())
    }

    /// Sends a value. A large one goes out from the entry: the map pins that one entry,
    /// and stops nobody, for as long as the client takes to read it.
    async fn send_entry(&mut self, entry: Option<EntryRef<'s>>) -> io::Result<()> {
        let reply = &mut self.client.reply;
        match entry {
            None => reply.null(),
            Some(entry) if entry.data.len() < STREAMED_BYTES_MIN => reply.string(&entry.data),
            Some(entry) => {
                reply.string_start(entry.data.len());
                self.flush().await?;
                self.socket.write_all(&entry.data).await?;
                self.client.reply.string_end();
            }
        }
        self.flush_if_full().await
    }

    async fn send_keys(&mut self, keys: &[Blob]) -> io::Result<()> {
        for key in keys {
            self.client.reply.string(key);
            self.flush_if_full().await?;
        }
        Ok(())
    }

    async fn flush_if_full(&mut self) -> io::Result<()> {
        if self.client.reply.bytes().len() < FLUSH_BYTES {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> io::Result<()> {
        let reply = &mut self.client.reply;
        if !reply.bytes().is_empty() {
            self.socket.write_all(reply.bytes()).await?;
            reply.clear();
        }
        Ok(())
    }
}
