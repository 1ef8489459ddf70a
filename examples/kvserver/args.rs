//! The command line.

use std::path::PathBuf;
use std::thread::available_parallelism;

use lexopt::prelude::*;

/// Printed by `--help`.
pub(crate) const HELP: &str = "\
An in-memory key-value server for Redis clients, on 127.0.0.1.

Usage: kvserver [FLAGS]

  --port N             TCP port; 0 lets the system choose          [6379]
  --threads N          worker threads                              [one for each CPU]
  --max-clients N      clients served at once                      [1000]
  --max-value-bytes N  longest key or value, 1024..=536870912      [16777216]
  --snapshot FILE      loaded at the start, written by SAVE and BGSAVE  [kvserver.snapshot]
  --help               this text

The address is printed once the server listens. Ctrl-C ends it, without a save, and prints a summary.
";

/// Smallest and largest `--max-value-bytes`: command names must pass, and Redis's own limit.
const VALUE_BYTES_RANGE: core::ops::RangeInclusive<usize> = 1024..=512 * 1024 * 1024;

/// What the server runs with.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    pub(crate) port: u16,
    pub(crate) threads: usize,
    pub(crate) clients_max: usize,
    pub(crate) value_bytes_max: usize,
    pub(crate) snapshot: PathBuf,
}

/// What the command line asks for.
pub(crate) enum Invocation {
    Serve(Config),
    Help,
}

/// Reads the process's arguments.
pub(crate) fn parse() -> Result<Invocation, lexopt::Error> {
    let mut config = Config {
        port: 6379,
        threads: available_parallelism().map_or(1, usize::from),
        clients_max: 1000,
        value_bytes_max: 16 * 1024 * 1024,
        snapshot: "kvserver.snapshot".into(),
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => config.port = parser.value()?.parse()?,
            Long("threads") => config.threads = parser.value()?.parse()?,
            Long("max-clients") => config.clients_max = parser.value()?.parse()?,
            Long("max-value-bytes") => config.value_bytes_max = parser.value()?.parse()?,
            Long("snapshot") => config.snapshot = parser.value()?.into(),
            Long("help") | Short('h') => return Ok(Invocation::Help),
            other => return Err(other.unexpected()),
        }
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
