//! kvserver: an in-memory key-value server on one `splitmap::HashMap`.
//!
//! It speaks RESP2, so `redis-cli`, `redis-benchmark` and the Redis client libraries
//! talk to it. It binds the loopback address unless it is told another: there is no authentication.
//!
//! ```text
//! cargo run --release --features snapshot-file --example kvserver -- --port 6379 &
//! redis-cli -p 6379 set greeting hello
//! ```
//!
//! ```text
//!   main ─► server ─► connection ─► commands ─► store ─► splitmap
//!    args     │           │            │          └─ blob (bytes), expiry (the sweep),
//!             │           │            │             saves (to a file), stored (their form)
//!             │           │            └─ scan, glob: KEYS and SCAN
//!             │           │            └─ leases: what vanishes with the client
//!             │           └─ admission (limits), request (decoding), reply (encoding)
//!             └─ a task for each client, Ctrl-C, the summary; memory (what is allocated, and the limit); ping (the health check)
//! ```
//!
//! Keys that vanish with their client, for registries of who is here (see `leases`):
//! - `SESSION.SET key value [EX seconds | PX milliseconds]` sets the key until the connection ends, however it ends: then
//!   this very entry goes. What anybody has set there since stays, also what APPEND or EXPIRE have made of it.
//! - `SESSION.KEEP key` makes it a lasting one: 1, or 0 if the entry is not (or no longer) this connection's.
//! - `RESET` ends them, too.
//!
//! What differs from Redis:
//! - MSET, MGET, DEL and EXISTS of many keys are atomic for each key, not as a whole,
//!   and FLUSHALL does not exclude writers: there is no one thread that orders them.
//! - Strings are the only type; there are no transactions, scripts, databases or RESP3.
//! - SAVE and BGSAVE write a form of their own, BGSAVE without a process of its own, and nothing is saved
//!   unless it is asked for.
//! - An inline request is cut at blanks; quotes in it are refused.
//! - A request may hold `--max-value-bytes` in one string and 1 MiB more as a whole.
//! - A client that does not read its replies is not read from either.
//!
//! Memory for one client is bounded by its largest request (see `admission`) with 40 bytes
//! for each string in it, 64 KiB of replies and one value on its way out. KEYS and SCAN
//! also hold 24 bytes for each key, and a save up to 40 for each entry. APPEND copies the
//! whole value, as every change of an entry makes a new one.
//!
//! `--max-memory-bytes`, three quarters of its control group's limit if it has one, bounds what the program allocates:
//! beyond it, commands that store something get Redis's OOM error (see `memory`).

extern crate alloc;

mod admission;
mod args;
mod blob;
mod commands;
mod connection;
mod expiry;
mod glob;
mod integer;
mod leases;
mod memory;
mod ping;
mod reply;
mod request;
mod saves;
mod scan;
mod server;
mod store;
mod stored;

use std::io::{Write as _, stdout};
use std::process::ExitCode;

use args::Invocation;

// A build with `-C target-feature=+lse` says so on a processor that has no LSE, instead of dying of SIGILL.
splitmap_arch::refuse_without_lse!();

#[global_allocator]
static ALLOCATOR: memory::Counted = memory::Counted;

fn main() -> ExitCode {
    let config = match args::parse() {
        Ok(Invocation::Serve(config)) => config,
        Ok(Invocation::Ping(address)) => return ping::ask(address),
        Ok(Invocation::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("kvserver: {error}; --help lists the flags");
            return ExitCode::from(2);
        }
    };
    match run(config) {
        Ok(summary) => {
            // Nobody may be reading any more.
            let _ = writeln!(stdout(), "{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("kvserver: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: args::Config) -> std::io::Result<server::Summary> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.threads)
        .enable_all()
        .on_thread_stop(memory::end_thread)
        .build()?
        .block_on(server::serve(config))
}
