//! The server: accepts clients, ends with all of them, and sums up.

use alloc::sync::Arc;
use core::fmt;
use core::net::SocketAddr;
use core::sync::atomic::{AtomicU64, Ordering};
use core::time::Duration;
use std::io::{self, Write as _};
use std::time::Instant;

use splitmap::HashMap;
use splitmap::snapshot_file::{Saved, SnapshotFileError};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::{JoinSet, block_in_place};
use tokio::time::sleep;

use crate::args::Config;
use crate::blob::Blob;
use crate::saves::{Saves, Turn, unix_seconds};
use crate::scan::Scans;
use crate::store::Store;
use crate::{connection, expiry, memory};

/// The pause after a failed `accept`, such as one for which no descriptor was left.
const ACCEPT_RETRY: Duration = Duration::from_millis(50);
/// The pause before another look at whether a BGSAVE that is going on has ended.
const SAVE_RETRY: Duration = Duration::from_millis(20);

/// What all connections share.
pub(crate) struct Server {
    pub(crate) config: Config,
    pub(crate) address: SocketAddr,
    pub(crate) started_at: Instant,
    pub(crate) store: Store,
    pub(crate) saves: Saves,
    pub(crate) scans: Scans,
    pub(crate) clients: HashMap<u64, ClientInfo>,
    pub(crate) counters: Counters,
}

/// What is known of a connected client.
#[derive(Clone, Debug)]
pub(crate) struct ClientInfo {
    pub(crate) address: SocketAddr,
    pub(crate) name: Blob,
    pub(crate) connected_at: Instant,
}

/// What happened so far. ORD Relaxed throughout: counts that order nothing.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    commands: AtomicU64,
    connections: AtomicU64,
    refused: AtomicU64,
    protocol_errors: AtomicU64,
    expired: AtomicU64,
}

impl Counters {
    /// Counts the commands of one batch: one write of the shared line for each, at most.
    pub(crate) fn note_commands(&self, count: u64) {
        if count > 0 {
            self.commands.fetch_add(count, Ordering::Relaxed);
        }
    }

    pub(crate) fn note_protocol_error(&self) {
        self.protocol_errors.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn note_expired(&self) {
        self.expired.fetch_add(1, Ordering::Relaxed);
    }

    /// A name and a value for each count.
    pub(crate) fn all(&self) -> [(&'static str, u64); 5] {
        [
            ("total_commands_processed", &self.commands),
            ("total_connections_received", &self.connections),
            ("rejected_connections", &self.refused),
            ("protocol_errors", &self.protocol_errors),
            ("expired_keys", &self.expired),
        ]
        .map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}

/// What a run came to.
#[derive(Debug)]
pub(crate) struct Summary {
    signal: &'static str,
    commands: u64,
    clients: u64,
    entries: usize,
    retired: usize,
    retired_bytes: usize,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            signal,
            commands,
            clients,
            entries,
            retired,
            retired_bytes,
        } = self;
        write!(
            f,
            "kvserver ended by {signal}; operations: {commands}, clients: {clients}, \
             entries: {entries}, waiting to be freed: {retired} entries, {retired_bytes} bytes"
        )
    }
}

/// Serves clients until SIGINT or SIGTERM; then saves, if it is told to.
pub(crate) async fn serve(config: Config) -> io::Result<Summary> {
    let mut signals = Signals::new()?;
    memory::set_limit(config.memory_bytes_max);
    let saves = Saves::new(config.snapshot.clone(), unix_seconds());
    let (store, loaded) = block_in_place(|| saves.load())?;
    writeln!(io::stdout(), "kvserver {loaded}")?;
    if let Some(bytes) = config.memory_bytes_max {
        writeln!(
            io::stdout(),
            "kvserver stores nothing more beyond {bytes} bytes"
        )?;
    }
    let threads = config.threads;
    let listener = TcpListener::bind((config.bind, config.port)).await?;
    let server = Arc::new(Server {
        config,
        address: listener.local_addr()?,
        started_at: Instant::now(),
        store,
        saves,
        scans: Scans::default(),
        clients: HashMap::new(),
        counters: Counters::default(),
    });
    writeln!(
        io::stdout(),
        "kvserver listens on {} ({threads} threads)",
        server.address
    )?;

    let sweep = tokio::spawn({
        let server = Arc::clone(&server);
        async move { expiry::sweep(&server).await }
    });
    let mut connections = JoinSet::new();
    let mut accept_failed = false; // last time: said once
    let signal = loop {
        tokio::select! {
            signal = signals.next() => break signal,
            Some(_ended) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((socket, peer)) => {
                    accept_failed = false;
                    admit(&server, &mut connections, socket, peer);
                }
                Err(error) => {
                    if !accept_failed {
                        eprintln!("kvserver: cannot accept clients for now: {error}");
                    }
                    accept_failed = true;
                    sleep(ACCEPT_RETRY).await;
                }
            },
        }
    };
    drop(listener);
    // Both end at their next await: between two commands, never inside one.
    connections.shutdown().await;
    sweep.abort();
    let _ = sweep.await;
    if server.config.save_at_end {
        server.save_at_end().await?;
    }
    Ok(server.sum_up(signal))
}

/// Starts serving a client, or refuses it when there are too many.
fn admit(
    server: &Arc<Server>,
    connections: &mut JoinSet<()>,
    socket: TcpStream,
    address: SocketAddr,
) {
    while connections.try_join_next().is_some() {}
    let counters = &server.counters;
    let id = counters.connections.fetch_add(1, Ordering::Relaxed) + 1;
    if connections.len() >= server.config.clients_max {
        counters.refused.fetch_add(1, Ordering::Relaxed);
        // The client may be gone already, or not read this: it is refused all the same.
        let _ = socket.try_write(b"-ERR max number of clients reached\r\n");
        return;
    }
    // Without it small replies only wait longer.
    let _ = socket.set_nodelay(true);
    let info = ClientInfo {
        address,
        name: Blob::from(&[][..]),
        connected_at: Instant::now(),
    };
    server.clients.insert(id, info);
    connections.spawn(connection::serve(Arc::clone(server), socket, id));
}

impl Server {
    /// Writes a snapshot, in this thread.
    pub(crate) fn save(&self, turn: Turn) -> Result<Saved, SnapshotFileError> {
        self.saves.save(&self.store, turn)
    }

    /// Saves when a BGSAVE that is going on has ended: what came behind its moment would be lost.
    async fn save_at_end(&self) -> io::Result<()> {
        let turn = loop {
            if let Some(turn) = self.saves.begin() {
                break turn;
            }
            sleep(SAVE_RETRY).await;
        };
        let saved = block_in_place(|| self.save(turn));
        saved.map_err(|_said| io::Error::other("ended without a save"))?;
        Ok(())
    }

    fn sum_up(&self, signal: &'static str) -> Summary {
        Summary {
            signal,
            commands: self.counters.commands.load(Ordering::Relaxed),
            clients: self.counters.connections.load(Ordering::Relaxed),
            entries: self.store.len(),
            retired: self.store.retired_len(),
            retired_bytes: self.store.retired_bytes(),
        }
    }
}

/// The signals that end the server.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The name of the next one.
    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
