//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use lexopt::prelude::*;

/// Printed by `--help`.
pub(crate) const HELP: &str = "\
Routes requests by a table that may change meanwhile.

Usage: router [FLAGS] ROUTES < REQUESTS

  ROUTES        a file of lines: HOST PATH BACKEND; # begins a comment;
                HOST * is for all others; a PATH may have {name} and end in {*name}
  --poll-ms N   how often to look whether ROUTES has changed, 1..=60000   [200]
  --help        this text

REQUESTS are lines: HOST/PATH. The answers are backends, or - where none is routed to.
";

/// What the program runs with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) routes: PathBuf,
    pub(crate) poll: Duration,
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    Route(Config),
    Help,
}

/// Reads the arguments, of which the first is the program's name.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString, IntoIter: 'static>,
) -> Result<Invocation, lexopt::Error> {
    let (mut routes, mut poll_ms) = (None, 200);
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("poll-ms") => poll_ms = parser.value()?.parse()?,
            Long("help") | Short('h') => return Ok(Invocation::Help),
            Value(name) if routes.is_none() => routes = Some(PathBuf::from(name)),
            other => return Err(other.unexpected()),
        }
    }
    if !(1..=60_000).contains(&poll_ms) {
        return Err("--poll-ms must be between 1 and 60000".into());
    }
    Ok(Invocation::Route(Config {
        routes: routes.ok_or("no file of routes given")?,
        poll: Duration::from_millis(poll_ms),
    }))
}

#[cfg(test)]
mod tests {
    use super::{Config, Invocation, parse};
    use std::time::Duration;

    fn parsed(line: &str) -> Result<Invocation, String> {
        let line = format!("router {line}");
        let words: Vec<_> = line.split_whitespace().map(Into::into).collect();
        parse(words).map_err(|error| error.to_string())
    }

    #[test]
    fn a_file_and_flags() {
        let config = Config {
            routes: "routes".into(),
            poll: Duration::from_millis(5),
        };
        assert_eq!(parsed("--poll-ms 5 routes"), Ok(Invocation::Route(config)));
        assert_eq!(parsed("-h"), Ok(Invocation::Help));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "",
            "a b",
            "--poll-ms 0 a",
            "--poll-ms 60001 a",
            "--poll-ms x a",
            "--nonesuch a",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
