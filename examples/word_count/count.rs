//! The threads: each takes a file at a time and counts its words in the map that all share.
//!
//! A count is an atomic of its own, so that a known word costs a look-up and an addition; only a new word
//! changes the map. Nobody removes words: whoever loses the race to insert one finds that of the winner.

use std::fs::{self, File};
use std::io::stdin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use indicatif::ProgressBar;
use splitmap::HashMap;

use crate::args::{Config, Source};
use crate::words::{self, Failure};

/// How often each word was met.
pub(crate) type Words = HashMap<Box<str>, AtomicU64>;

/// The sizes of all files, as far as they are known.
pub(crate) fn total_bytes(sources: &[Source]) -> u64 {
    sources
        .iter()
        .filter_map(|source| match source {
            Source::File(path) => fs::metadata(path).ok(),
            Source::Stdin => None,
        })
        .map(|metadata| metadata.len())
        .sum()
}

/// Counts the words of all sources; how many of them could not be read to the end, each of which was named.
pub(crate) fn all(words: &Words, config: &Config, bar: &ProgressBar) -> usize {
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let work = || {
        // ORD Relaxed, here and below: counts that order nothing; the scope's end orders all.
        while let Some(source) = config.sources.get(next.fetch_add(1, Ordering::Relaxed)) {
            bar.set_message(name(source));
            if let Err(failure) = one(words, source, bar) {
                failed.fetch_add(1, Ordering::Relaxed);
                bar.suspend(|| eprintln!("word_count: {}: {failure}", name(source)));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..config.threads.min(config.sources.len()) {
            let thread = thread::Builder::new().spawn_scoped(scope, work);
            if let Err(error) = thread {
                // Those that there are do it all.
                bar.suspend(|| eprintln!("word_count: fewer threads than wanted: {error}"));
                break;
            }
        }
        work();
    });
    failed.into_inner()
}

fn name(source: &Source) -> String {
    match source {
        Source::File(path) => path.display().to_string(),
        Source::Stdin => "standard input".into(),
    }
}

fn one(words: &Words, source: &Source, bar: &ProgressBar) -> Result<(), Failure> {
    let each = |word: &str| add(words, word);
    let progress = |bytes| bar.inc(bytes as u64);
    match source {
        Source::File(path) => {
            let file = File::open(path).map_err(|error| Failure::Read { at: 0, error })?;
            words::of(file, each, progress)
        }
        Source::Stdin => words::of(stdin().lock(), each, progress),
    }
}

fn add(words: &Words, word: &str) {
    let lower;
    let word = if word.chars().all(char::is_lowercase) {
        word
    } else {
        lower = word.to_lowercase();
        &lower
    };
    let entry = words
        .get(word)
        .unwrap_or_else(|| words.get_or_insert(word.into(), AtomicU64::new(0)));
    entry.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests {
    use super::{Words, add};
    use std::sync::atomic::Ordering;
    use std::thread;

    #[test]
    fn no_occurrence_is_lost_between_threads_that_meet_new_words() {
        let words = Words::new();
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..20_000).for_each(|n| add(&words, &format!("Word{}", n / 4))));
            }
        });
        assert_eq!(words.len(), 5000);
        for entry in &words {
            assert_eq!(entry.load(Ordering::Relaxed), 16, "{}", entry.key());
        }
    }
}
