//! `router`: a read-mostly routing table that is reloaded while requests are routed, on a `splitmap::HashMap`.
//!
//! ```text
//! cargo run --release --example router -- routes.txt < requests.txt
//! ```
//!
//! ```text
//!   routes.txt:   host            path             backend
//!                 example.com     /users/{id}      users:8080
//!                 example.com     /{*rest}         web:8080
//!                 *               /{*rest}         parking:80
//! ```
//!
//! ```text
//!   main ─► args           flags
//!    ├──► table ─► splitmap      host ─► its paths (matchit); a host is replaced as a whole
//!    │      └─► file             lines of text into hosts
//!    └──► reload           looks whether the file has changed
//! ```
//!
//! Each line of standard input is a request, `host/path`; the answer is the backend, or `-` if there is none. The file
//! is looked at again and again: a change takes effect at once, host by host, and no request waits for it or sees half
//! of a host. A file with a fault in it is named, with the line, and the table stays as it was; so does it if the file
//! is empty. Put a new file in the old one's place by `mv`: one that is written in place may be read when it is half done.

mod args;
mod file;
mod reload;
mod table;

use std::io::{self, BufRead as _, BufWriter, ErrorKind, Write as _, stdin, stdout};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use args::{Config, Invocation};
use table::Table;

fn main() -> ExitCode {
    let config = match args::parse(std::env::args_os()) {
        Ok(Invocation::Route(config)) => config,
        Ok(Invocation::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("router: {error}; --help lists the flags");
            return ExitCode::from(2);
        }
    };
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough, as `head` has.
        Err(Failure::Stream(error)) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("router: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// Why routing ended before its input did.
#[derive(Debug)]
enum Failure {
    Routes(reload::Failure),
    Stream(io::Error),
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Routes(failure) => failure.fmt(f),
            Self::Stream(error) => write!(f, "standard input or output: {error}"),
        }
    }
}

/// Routes all requests, and reloads meanwhile.
fn run(config: &Config) -> Result<(), Failure> {
    let table = Table::default();
    let mut watched = reload::Watched::new(&config.routes);
    // The first time, a fault is the end: there is nothing to go on with.
    watched.look(&table).map_err(Failure::Routes)?;
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let (table, over) = (&table, &over);
        let reloader = scope.spawn(move || {
            // ORD Relaxed: tells the thread to stop; nothing is read behind it.
            while !over.load(Ordering::Relaxed) {
                thread::park_timeout(config.poll);
                match watched.look(table) {
                    Ok(None) => {}
                    Ok(Some(change)) => eprintln!("router: {change}"),
                    Err(failure) => eprintln!("router: {failure}; the routes stay as they were"),
                }
            }
        });
        let routed = route_all(table).map_err(Failure::Stream);
        over.store(true, Ordering::Relaxed);
        reloader.thread().unpark();
        routed
    })
}

/// Answers each line of standard input.
fn route_all(table: &Table) -> io::Result<()> {
    let mut out = BufWriter::new(stdout().lock());
    for request in stdin().lock().lines() {
        let request = request?;
        let (host, path) = request.split_at(request.find('/').unwrap_or(request.len()));
        let route = table.route(host, path);
        writeln!(out, "{}", route.as_deref().unwrap_or("-"))?;
        // Who asks by hand, or through a pipe, waits for the answer.
        out.flush()?;
    }
    Ok(())
}
