//! `word_count`: the words of many files, counted by many threads in one `splitmap::HashMap`.
//!
//! ```text
//! cargo run --release --example word_count -- --top 10 docs/*.md
//! cat book.txt | cargo run --release --example word_count -- -
//! ```
//!
//! ```text
//!   main ─► args            flags and names
//!    │  └─► count           threads, each with a file at a time; the map of words
//!    │        └─► words     a stream of bytes, cut into words
//!    └─► the table          sorted, once all have ended
//! ```
//!
//! A word is a run of letters and digits, with the apostrophes inside it, in lower case.
//!
//! A file that cannot be read to its end, or that is not UTF-8, is named with the place; the words before that
//! place are counted, as are all other files, and the exit status is 1. (2: wrong flags.)
//!
//! Memory: an entry for each different word, and for each thread a buffer of 64 KiB, which grows for a word that
//! is longer, up to 1 MiB.

mod args;
mod count;
mod words;

use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write as _, stderr, stdout};
use std::process::ExitCode;

use args::Invocation;
use count::Words;
use indicatif::{ProgressBar, ProgressStyle};

fn main() -> ExitCode {
    let config = match args::parse(std::env::args_os()) {
        Ok(Invocation::Count(config)) => config,
        Ok(Invocation::Help) => {
            print!("{}", args::HELP);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprintln!("word_count: {error}; --help lists the flags");
            return ExitCode::from(2);
        }
    };
    let words = Words::new();
    let bar = progress_bar(count::total_bytes(&config.sources));
    let failed = count::all(&words, &config, &bar);
    bar.finish_and_clear();
    match print_top(words, config.top) {
        Ok(()) => {}
        // The reader has seen enough, as `head` has.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        Err(error) => {
            eprintln!("word_count: standard output: {error}");
            return ExitCode::FAILURE;
        }
    }
    if failed > 0 {
        eprintln!(
            "word_count: {failed} of {} files not counted to the end",
            config.sources.len()
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// A bar on standard error, if that is a terminal.
fn progress_bar(bytes: u64) -> ProgressBar {
    if !stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::new(bytes);
    let template = "{bar:40} {bytes}/{total_bytes} {bytes_per_sec} {wide_msg}";
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

/// Prints the most frequent words, and then how many there are.
fn print_top(words: Words, top: usize) -> io::Result<()> {
    // All threads have ended, so the map can be taken apart.
    let mut words: Vec<(Box<str>, u64)> = words
        .into_iter()
        .map(|(word, count)| (word, count.into_inner()))
        .collect();
    words.sort_unstable_by(|(word, count), (other, others)| {
        others.cmp(count).then_with(|| word.cmp(other))
    });
    let mut out = BufWriter::new(stdout().lock());
    for (word, count) in words.iter().take(top) {
        writeln!(out, "{count:>10}  {word}")?;
    }
    let total: u64 = words.iter().map(|(_, count)| count).sum();
    writeln!(out, "{total:>10}  words, {} different", words.len())?;
    out.flush()
}
