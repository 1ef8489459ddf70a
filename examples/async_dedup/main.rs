//! `async_dedup`: requests for the same key that come at the same time share one computation ("single flight"), with
//! tokio and a `splitmap::HashMap`.
//!
//! ```text
//! cargo run --release --example async_dedup
//! ```
//!
//! ```text
//!   main ─► demo       a slow backend, and what many requests make of it
//!             └─► flight ─► splitmap
//! ```
//!
//! The module `flight` is meant to be taken along. The demo shows what one wants to know of such a thing: what an
//! error does, a leader that is cancelled, and one that panics; nobody waits in vain. It checks what it shows: the exit
//! status is 1 if a line says WRONG.

mod demo;
mod flight;

use std::process::ExitCode;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_time()
        .build();
    match runtime {
        Ok(runtime) if runtime.block_on(demo::run()) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("async_dedup: {error}");
            ExitCode::FAILURE
        }
    }
}
