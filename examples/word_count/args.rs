//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::thread::available_parallelism;

use lexopt::prelude::*;

/// Printed by `--help`.
pub(crate) const HELP: &str = "\
Counts the words of files, in parallel, and prints the most frequent ones.

Usage: word_count [FLAGS] FILE...

  FILE         a file of UTF-8 text; - is standard input
  --top N      how many words to print   [20]
  --threads N  threads, 1..=1024         [one for each CPU]
  --help       this text
";

/// Where text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    File(PathBuf),
    Stdin,
}

/// What the program runs with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) sources: Vec<Source>,
    pub(crate) top: usize,
    pub(crate) threads: usize,
}

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Invocation {
    Count(Config),
    Help,
}

/// Reads the arguments, of which the first is the program's name.
pub(crate) fn parse(
    arguments: impl IntoIterator<Item = OsString, IntoIter: 'static>,
) -> Result<Invocation, lexopt::Error> {
    let mut config = Config {
        sources: Vec::new(),
        top: 20,
        threads: available_parallelism().map_or(1, usize::from),
    };
    let mut parser = lexopt::Parser::from_iter(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("top") => config.top = parser.value()?.parse()?,
            Long("threads") => config.threads = parser.value()?.parse()?,
            Long("help") | Short('h') => return Ok(Invocation::Help),
            Value(name) if name == "-" => {
                if config.sources.contains(&Source::Stdin) {
                    return Err("standard input (-) can be read once only".into());
                }
                config.sources.push(Source::Stdin);
            }
            Value(name) => config.sources.push(Source::File(name.into())),
            other => return Err(other.unexpected()),
        }
    }
    if config.sources.is_empty() {
        return Err("no files given".into());
    }
    if !(1..=1024).contains(&config.threads) {
        return Err("--threads must be between 1 and 1024".into());
    }
    Ok(Invocation::Count(config))
}

#[cfg(test)]
mod tests {
    use super::{Config, Invocation, Source, parse};

    fn parsed(line: &str) -> Result<Invocation, String> {
        let line = format!("word_count {line}");
        let words: Vec<_> = line.split_whitespace().map(Into::into).collect();
        parse(words).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_and_files_may_stand_in_any_order() {
        let config = Config {
            sources: vec![Source::File("a".into()), Source::Stdin],
            top: 3,
            threads: 2,
        };
        assert_eq!(
            parsed("a --top 3 - --threads=2"),
            Ok(Invocation::Count(config))
        );
        assert_eq!(parsed("--help"), Ok(Invocation::Help));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "",
            "--threads 0 a",
            "--threads 1025 a",
            "--top x a",
            "--top",
            "- -",
            "--nonesuch a",
        ] {
            assert!(parsed(line).is_err(), "{line}");
        }
    }
}
