//! Admission: what a client may send, decided before it is buffered.
//!
//! RESP announces lengths ahead of the bytes, and no codec crate bounds them as a server
//! must: resp-rs has fixed limits, and starts an unfinished frame from its beginning
//! each time more of it arrives. So the length lines of a request are walked here, each
//! once, and only a whole, flat and small enough request is handed to the codec:
//!
//! ```text
//!   *3\r\n $3\r\nSET\r\n $1\r\nk\r\n $5\r\nvalue\r\n
//!          └─ checked: the length line to look at next; args_left: strings still to come
//! ```
//!
//! Nothing is allocated for what was only announced. A client's buffer never exceeds
//! `Limits::request_bytes` by more than one read.

use core::fmt;

use crate::integer;
use crate::memory;

/// Most strings in one request; Redis's own limit.
const ARG_COUNT_MAX: i64 = 1024 * 1024;
/// Longest inline request; Redis's own limit.
const INLINE_BYTES_MAX: usize = 64 * 1024;
/// Longest length line: a tag, 20 characters and the line's end, with room to spare.
const LENGTH_LINE_BYTES_MAX: usize = 32;
/// What a request may hold besides one value of the largest size.
const REQUEST_BYTES_EXTRA: usize = 1024 * 1024;

/// The limits that one connection is held to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    string_bytes: usize,
    request_bytes: usize,
}

impl Limits {
    pub(crate) fn new(value_bytes_max: usize) -> Self {
        Self {
            string_bytes: value_bytes_max,
            request_bytes: value_bytes_max + REQUEST_BYTES_EXTRA,
        }
    }
}

/// How far the request at the front of a buffer is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The buffer begins with a whole array of this many bytes.
    Array(usize),
    /// The buffer begins with a whole inline request, a line of this many bytes.
    Inline(usize),
    /// The request is not whole yet; it will take at least this many bytes in all.
    Partial(usize),
}

/// Why a connection is closed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum ProtocolError {
    ArrayLength,
    StringLength,
    ExpectedString(u8),
    RequestTooLarge,
    InlineTooLong,
    InlineQuotes,
    OutOfMemory,
    Codec(resp_rs::ParseError),
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self != Self::OutOfMemory {
            f.write_str("ERR Protocol error: ")?;
        }
        match self {
            Self::ArrayLength => f.write_str("invalid multibulk length"),
            Self::StringLength => f.write_str("invalid bulk length"),
            Self::ExpectedString(tag) => write!(f, "expected '$', got '{}'", tag.escape_ascii()),
            Self::RequestTooLarge => f.write_str("too big request"),
            Self::InlineTooLong => f.write_str("too big inline request"),
            Self::InlineQuotes => f.write_str("quotes in inline requests are not supported"),
            Self::OutOfMemory => f.write_str(memory::FULL),
            Self::Codec(error) => error.fmt(f),
        }
    }
}

/// The walk over the request at the front of a buffer; it keeps its place between reads.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    checked: usize,
    args_left: i64,
}

impl Admission {
    /// Goes on checking the request that `buffer` begins with. Once that request is
    /// whole, the next call takes `buffer` to begin with the next one.
    pub(crate) fn check(
        &mut self,
        buffer: &[u8],
        limits: Limits,
    ) -> Result<Progress, ProtocolError> {
        match buffer.first() {
            None => Ok(Progress::Partial(1)),
            Some(b'*') => self.check_array(buffer, limits),
            Some(_) => self.check_inline(buffer),
        }
    }

    fn check_array(&mut self, buffer: &[u8], limits: Limits) -> Result<Progress, ProtocolError> {
        if self.checked == 0 {
            match length_line(buffer) {
                Line::Partial => return Ok(Progress::Partial(buffer.len() + 1)),
                Line::Whole { value, bytes } if value <= ARG_COUNT_MAX => {
                    self.checked = bytes;
                    self.args_left = value;
                }
                Line::Whole { .. } | Line::Malformed => return Err(ProtocolError::ArrayLength),
            }
        }
        while self.args_left > 0 {
            let rest = &buffer[self.checked..];
            match rest.first() {
                Some(b'$') => {}
                Some(&tag) => return Err(ProtocolError::ExpectedString(tag)),
                None => return Ok(Progress::Partial(buffer.len() + 1)),
            }
            let string_end = match length_line(rest) {
                Line::Partial => return Ok(Progress::Partial(buffer.len() + 1)),
                Line::Malformed => return Err(ProtocolError::StringLength),
                Line::Whole { value, bytes } => {
                    let length = usize::try_from(value)
                        .ok()
                        .filter(|&length| length <= limits.string_bytes)
                        .ok_or(ProtocolError::StringLength)?;
                    self.checked + bytes + length + b"\r\n".len()
                }
            };
            if string_end > limits.request_bytes {
                return Err(ProtocolError::RequestTooLarge);
            }
            if string_end > buffer.len() {
                return Ok(Progress::Partial(string_end));
            }
            self.checked = string_end;
            self.args_left -= 1;
        }
        let bytes = self.checked;
        *self = Self::default();
        Ok(Progress::Array(bytes))
    }

    fn check_inline(&mut self, buffer: &[u8]) -> Result<Progress, ProtocolError> {
        let unchecked = &buffer[self.checked..];
        if let Some(newline) = unchecked.iter().position(|&byte| byte == b'\n') {
            let bytes = self.checked + newline + 1;
            *self = Self::default();
            return Ok(Progress::Inline(bytes));
        }
        if buffer.len() > INLINE_BYTES_MAX {
            return Err(ProtocolError::InlineTooLong);
        }
        self.checked = buffer.len();
        Ok(Progress::Partial(buffer.len() + 1))
    }
}

enum Line {
    Whole { value: i64, bytes: usize },
    Partial,
    Malformed,
}

/// Reads the length line, such as `$5\r\n`, that `buffer` begins with.
fn length_line(buffer: &[u8]) -> Line {
    let window = &buffer[..buffer.len().min(LENGTH_LINE_BYTES_MAX)];
    let Some(end) = window.windows(2).position(|pair| pair == b"\r\n") else {
        return if buffer.len() < LENGTH_LINE_BYTES_MAX {
            Line::Partial
        } else {
            Line::Malformed
        };
    };
    match integer::parse(&window[1..end]) {
        Some(value) => Line::Whole {
            value,
            bytes: end + 2,
        },
        None => Line::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::{Admission, Limits, Progress, ProtocolError};

    const LIMITS: Limits = Limits {
        string_bytes: 1000,
        request_bytes: 1500,
    };

    fn check(request: &[u8]) -> Result<Progress, ProtocolError> {
        Admission::default().check(request, LIMITS)
    }

    #[test]
    fn a_request_is_admitted_however_it_is_cut() {
        let request = b"*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nvalue\r\n";
        let mut admission = Admission::default();
        for end in 0..request.len() {
            let progress = admission.check(&request[..end], LIMITS);
            assert!(
                matches!(progress, Ok(Progress::Partial(bytes)) if bytes > end),
                "{end}: {progress:?}"
            );
        }
        assert_eq!(
            admission.check(request, LIMITS),
            Ok(Progress::Array(request.len()))
        );
        assert_eq!(
            admission.check(b"PING\r\n*", LIMITS),
            Ok(Progress::Inline(6))
        );
    }

    #[test]
    fn an_empty_or_null_array_is_a_whole_request() {
        assert_eq!(check(b"*0\r\n"), Ok(Progress::Array(4)));
        assert_eq!(check(b"*-1\r\n"), Ok(Progress::Array(5)));
    }

    #[test]
    fn lengths_beyond_the_limits_are_refused_from_the_length_line_alone() {
        assert_eq!(check(b"*1000000000\r\n"), Err(ProtocolError::ArrayLength));
        assert_eq!(
            check(b"*99999999999999999999\r\n"),
            Err(ProtocolError::ArrayLength)
        );
        assert_eq!(
            check(b"*1\r\n$9999999999\r\n"),
            Err(ProtocolError::StringLength)
        );
        assert_eq!(check(b"*1\r\n$1001\r\n"), Err(ProtocolError::StringLength));
        assert_eq!(check(b"*1\r\n$-1\r\n"), Err(ProtocolError::StringLength));
        assert_eq!(check(b"*1\r\n$+1\r\n"), Err(ProtocolError::StringLength));
        let two = [b"*2\r\n$1000\r\n", &[b'x'; 1000][..], b"\r\n$1000\r\n"].concat();
        assert_eq!(check(&two), Err(ProtocolError::RequestTooLarge));
        assert_eq!(check(&[b'*'; 33]), Err(ProtocolError::ArrayLength));
        assert_eq!(
            check(&b"x".repeat(65 * 1024)),
            Err(ProtocolError::InlineTooLong)
        );
    }

    #[test]
    fn nested_arrays_are_refused_at_the_first_level() {
        assert_eq!(
            check(&b"*1\r\n".repeat(100_000)),
            Err(ProtocolError::ExpectedString(b'*'))
        );
    }
}
