//! The command line.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread::available_parallelism;

use lexopt::prelude::*;

use crate::memory;

/// Printed by `--help`.
pub(crate) const HELP: &str = "\
An in-memory key-value server for Redis clients.

Usage: kvserver [FLAGS]

  --bind ADDRESS       where it listens: whoever reaches it may do all; there is no password  [127.0.0.1]
  --port N             TCP port; 0 lets the system choose          [6379]
  --threads N          worker threads                              [one for each CPU]
  --max-clients N      clients served at once                      [1000]
  --max-value-bytes N  longest key or value, 1024..=536870912      [16777216]
  --max-memory-bytes N  what the program may allocate before it refuses to store more; 0: no limit
                       [three quarters of its control group's limit, if it has one]
  --snapshot FILE      loaded at the start, written by SAVE and BGSAVE  [kvserver.snapshot]
  --save-at-end        Ctrl-C and SIGTERM write it, too
  --ping               asks the server at that address and port whether it answers, and exits with 0 or 1
  --help               this text

The address is printed once the server listens. Ctrl-C or SIGTERM ends it and prints a summary.
";

/// Smallest and largest `--max-value-bytes`: command names must pass, and Redis's own limit.
const VALUE_BYTES_RANGE: core::ops::RangeInclusive<usize> = 1024..=512 * 1024 * 1024;

/// What the server runs with.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) bind: IpAddr,
    pub(crate) port: u16,
    pub(crate) threads: usize,
    pub(crate) clients_max: usize,
    pub(crate) value_bytes_max: usize,
    /// None: as much as there is.
    pub(crate) memory_bytes_max: Option<usize>,
    pub(crate) snapshot: PathBuf,
    pub(crate) save_at_end: bool,
}

/// What the command line asks for.
pub(crate) enum Invocation {
    Serve(Config),
    Ping(SocketAddr),
    Help,
}

/// Reads the process's arguments.
pub(crate) fn parse() -> Result<Invocation, lexopt::Error> {
    let mut config = Config {
        bind: Ipv4Addr::LOCALHOST.into(),
        port: 6379,
        threads: available_parallelism().map_or(1, usize::from),
        clients_max: 1000,
        value_bytes_max: 16 * 1024 * 1024,
        memory_bytes_max: memory::default_limit(),
        snapshot: "kvserver.snapshot".into(),
        save_at_end: false,
    };
    let mut ping = false;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("bind") => config.bind = parser.value()?.parse()?,
            Long("port") => config.port = parser.value()?.parse()?,
            Long("threads") => config.threads = parser.value()?.parse()?,
            Long("max-clients") => config.clients_max = parser.value()?.parse()?,
            Long("max-value-bytes") => config.value_bytes_max = parser.value()?.parse()?,
            Long("max-memory-bytes") => {
                let bytes = parser.value()?.parse()?;
                config.memory_bytes_max = Some(bytes).filter(|&bytes| bytes > 0);
            }
            Long("snapshot") => config.snapshot = parser.value()?.into(),
            Long("save-at-end") => config.save_at_end = true,
            Long("ping") => ping = true,
            Long("help") | Short('h') => return Ok(Invocation::Help),
            other => return Err(other.unexpected()),
        }
    }
    if ping {
        return Ok(Invocation::Ping((config.bind, config.port).into()));
    }
    if !(1..=1024).contains(&config.threads) {
        return Err("--threads must be between 1 and 1024".into());
    }
    if config.clients_max == 0 {
        return Err("--max-clients must be at least 1".into());
    }
    if !VALUE_BYTES_RANGE.contains(&config.value_bytes_max) {
        return Err("--max-value-bytes must be between 1024 and 536870912".into());
    }
    Ok(Invocation::Serve(config))
}
