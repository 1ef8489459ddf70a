//! A stream of bytes, cut into words.
//!
//! ```text
//!   buffer  │ words, given out │ a word that may go on │     │
//!           0               kept.start              kept.end      read on from here
//! ```
//!
//! A chunk may end inside a word, and inside a character: what is not finished stays in the buffer, and the next
//! chunk is read behind it.

use std::fmt;
use std::io::{self, ErrorKind, Read};
use std::str;

/// Bytes that are read at once.
const CHUNK: usize = 64 * 1024;
/// The longest word: one without end must not fill the memory.
pub(crate) const WORD_BYTES_MAX: usize = 1024 * 1024;

/// Why a stream was not read to its end.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Reading failed, `at` bytes into the stream.
    Read { at: u64, error: io::Error },
    /// The byte at `at` begins no character.
    NotUtf8 { at: u64 },
    /// The word that begins at `at` exceeds [`WORD_BYTES_MAX`].
    LongWord { at: u64 },
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { at: 0, error } => write!(f, "cannot be read: {error}"),
            Self::Read { at, error } => write!(f, "cannot be read from byte {at} on: {error}"),
            Self::NotUtf8 { at } => write!(f, "not UTF-8 at byte {at}"),
            Self::LongWord { at } => {
                write!(f, "a word of more than {WORD_BYTES_MAX} bytes at byte {at}")
            }
        }
    }
}

/// Gives `each` the words of `stream`, and `progress` the sizes of what was read.
pub(crate) fn of(
    mut stream: impl Read,
    mut each: impl FnMut(&str),
    mut progress: impl FnMut(usize),
) -> Result<(), Failure> {
    let mut buffer = vec![0; CHUNK];
    let mut kept = 0; // unfinished bytes at the buffer's beginning
    let mut base = 0; // where the buffer's beginning is in the stream
    loop {
        if buffer.len() - kept < CHUNK / 2 {
            buffer.resize(buffer.len() * 2, 0);
        }
        let count = match stream.read(&mut buffer[kept..]) {
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                let at = base + kept as u64;
                return Err(Failure::Read { at, error });
            }
        };
        progress(count);
        let end = kept + count;
        let (text, fault) = text_of(&buffer[..end], count == 0);
        // At the end, or before a fault, the last word goes no further.
        let finished = if count == 0 || fault {
            text.len()
        } else {
            text.trim_end_matches(in_word).len()
        };
        split(&text[..finished], &mut each);
        if fault {
            let at = base + text.len() as u64;
            return Err(Failure::NotUtf8 { at });
        }
        if count == 0 {
            return Ok(());
        }
        base += finished as u64;
        kept = end - finished;
        if kept > WORD_BYTES_MAX {
            return Err(Failure::LongWord { at: base });
        }
        buffer.copy_within(finished..end, 0);
    }
}

/// The text at the beginning of `bytes`, and whether what follows cannot become text: a character that is cut
/// off can, except at the `end`.
fn text_of(bytes: &[u8], end: bool) -> (&str, bool) {
    match str::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => {
            let valid = &bytes[..error.valid_up_to()];
            let fault = end || error.error_len().is_some();
            (str::from_utf8(valid).unwrap_or_default(), fault)
        }
    }
}

fn in_word(c: char) -> bool {
    c.is_alphanumeric() || is_apostrophe(c)
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’')
}

fn split(text: &str, each: &mut impl FnMut(&str)) {
    for word in text.split(|c| !in_word(c)) {
        let word = word.trim_matches(is_apostrophe); // then they are quotation marks
        if !word.is_empty() {
            each(word);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{CHUNK, Failure, WORD_BYTES_MAX, of};
    use std::io::{self, Read};

    /// Gives its bytes in pieces of some length, and then perhaps an error.
    struct Pieces<'b>(&'b [u8], usize, bool);

    impl Read for Pieces<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(into.len());
            if count == 0 && self.2 {
                return Err(io::Error::other("unplugged"));
            }
            into[..count].copy_from_slice(&self.0[..count]);
            self.0 = &self.0[count..];
            Ok(count)
        }
    }

    fn words(stream: impl Read) -> (Vec<String>, Result<(), Failure>) {
        let mut words = Vec::new();
        let result = of(stream, |word| words.push(word.to_owned()), |_| ());
        (words, result)
    }

    #[test]
    fn words_are_the_same_however_the_text_is_cut() {
        let text = "Größe, 'quoted' don’t\r\nx2 — ünïcödé. 日本 語";
        for piece in 1..=text.len() {
            let (words, result) = words(Pieces(text.as_bytes(), piece, false));
            assert!(result.is_ok());
            let wanted = ["Größe", "quoted", "don’t", "x2", "ünïcödé", "日本", "語"];
            assert_eq!(words, wanted, "in pieces of {piece}");
        }
    }

    #[test]
    fn bad_bytes_are_found_at_their_offset_and_what_stands_before_is_given() {
        for (bytes, offset, before) in [
            (&b"one tw\xFFo"[..], 6, &["one", "tw"][..]),
            (b"\xC0\xAF", 0, &[]),
            (
                "cut off ä".as_bytes().split_last().unwrap().1,
                8,
                &["cut", "off"],
            ),
            (b"a \xED\xA0\x80", 2, &["a"]), // a surrogate
        ] {
            for piece in 1..=bytes.len() {
                let (words, result) = words(Pieces(bytes, piece, false));
                assert!(
                    matches!(result, Err(Failure::NotUtf8 { at }) if at == offset),
                    "{result:?} for {bytes:?} in pieces of {piece}"
                );
                assert_eq!(words, before);
            }
        }
    }

    #[test]
    fn offsets_count_from_the_beginning_of_the_stream() {
        let mut bytes = "word ".repeat(CHUNK).into_bytes();
        let offset = bytes.len() as u64;
        bytes.push(0x80);
        let (words, result) = words(&bytes[..]);
        assert_eq!(words.len(), CHUNK);
        assert!(matches!(result, Err(Failure::NotUtf8 { at }) if at == offset));
    }

    #[test]
    fn a_word_may_be_long_but_not_without_end() {
        let long = "x".repeat(WORD_BYTES_MAX - 1);
        let (words_of_long, result) = words(long.as_bytes());
        assert!(result.is_ok());
        assert_eq!(words_of_long, [long]);
        let (none, result) = words(io::repeat(b'x'));
        assert!(none.is_empty());
        assert!(matches!(result, Err(Failure::LongWord { at: 0 })));
    }

    #[test]
    fn a_failed_read_says_how_far_it_got() {
        let (words, result) = words(Pieces(b"one two", 3, true));
        assert_eq!(words, ["one"]);
        assert!(matches!(result, Err(Failure::Read { at: 7, .. })));
    }
}
