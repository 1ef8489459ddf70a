//! cache: a bounded cache of sessions with expiry, on a `splitmap::HashMap`.
//!
//! ```text
//! cargo run --release --example cache
//! ```
//!
//! ```text
//!   main ─► service      threads that ask for sessions, a janitor, the checks
//!             └─► cache ─► splitmap
//!                  ├─ clock     chooses what goes when there are too many
//!                  ├─ slot      a value, when it ends, whether it was asked for
//!                  └─ counters  what happened
//! ```
//!
//! The module `cache` is meant to be taken along; the rest shows it: users of whom few come often, sessions that
//! are loaded when they are asked for, logouts, and far fewer places than users. At the end stands what happened, and
//! whether the counts agree; if they do not, the exit status is 1.

mod cache;
mod service;

use std::process::ExitCode;
use std::time::Duration;

use service::Load;

fn main() -> ExitCode {
    let load = Load {
        threads: 4,
        requests_per_thread: 200_000,
        users: 20_000,
        capacity: 2_000,
        ttl: Duration::from_millis(5),
    };
    let report = service::run(&load);
    println!("{report}");
    match report.fault() {
        None => ExitCode::SUCCESS,
        Some(fault) => {
            eprintln!("cache: {fault}");
            ExitCode::FAILURE
        }
    }
}
