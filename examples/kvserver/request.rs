//! A request: the command's name and its arguments, sliced out of the read buffer.
//!
//! Arrays are decoded by resp-rs: it bounds depth and allocation, is fuzzed, and needs
//! `bytes` and `thiserror` only. (redis-protocol 6 recurses without a bound on nested
//! arrays.) Its strings are slices that share the buffer: they are copied only where they
//! are stored.

use bytes::{Bytes, BytesMut};
use resp_rs::resp2::{Frame, parse_frame};

use crate::admission::{Admission, Limits, Progress, ProtocolError};
use crate::memory;

/// One command with its arguments; never empty.
#[derive(Debug)]
pub(crate) struct Request {
    strings: Vec<Frame>,
}

impl Request {
    /// The command's name, as the client spelled it.
    pub(crate) fn name(&self) -> &[u8] {
        self.arg(0)
    }

    /// The number of arguments, the name included.
    pub(crate) fn arg_count(&self) -> usize {
        self.strings.len()
    }

    /// The argument at `index`, or an empty one; the name is argument 0.
    pub(crate) fn arg(&self, index: usize) -> &[u8] {
        match self.strings.get(index) {
            Some(Frame::BulkString(Some(string))) => string,
            _ => &[],
        }
    }

    /// The arguments from `first` on.
    pub(crate) fn args_from(&self, first: usize) -> impl Iterator<Item = &[u8]> {
        (first..self.arg_count()).map(|index| self.arg(index))
    }
}

/// The bytes read from a client, and the requests cut from them.
#[derive(Debug)]
pub(crate) struct Inbox {
    buffer: BytesMut,
    admission: Admission,
    limits: Limits,
}

/// Room made for each read; a client that sends more at once gets more.
const READ_BYTES: usize = 16 * 1024;
/// An empty buffer larger than this is given back; and a request that needs more is refused when there is no memory for it.
const IDLE_BYTES_MAX: usize = 64 * 1024;

impl Inbox {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            buffer: BytesMut::new(),
            admission: Admission::default(),
            limits,
        }
    }

    /// The next whole request, or `None` when more bytes are needed: then there is room
    /// in [`Inbox::buffer`] for all that is known to be missing.
    pub(crate) fn next(&mut self) -> Result<Option<Request>, ProtocolError> {
        loop {
            let strings = match self.admission.check(&self.buffer, self.limits)? {
                Progress::Array(bytes) => decode(self.buffer.split_to(bytes).freeze())?,
                Progress::Inline(bytes) => split_inline(&self.buffer.split_to(bytes).freeze())?,
                Progress::Partial(bytes) => {
                    self.make_room(bytes)?;
                    return Ok(None);
                }
            };
            // `*0`, `*-1`, `*-2` and an empty line ask for nothing; Redis passes over them too.
            if !strings.is_empty() {
                return Ok(Some(Request { strings }));
            }
        }
    }

    /// Where to read into.
    pub(crate) fn buffer(&mut self) -> &mut BytesMut {
        &mut self.buffer
    }

    fn make_room(&mut self, request_bytes: usize) -> Result<(), ProtocolError> {
        if self.buffer.is_empty() && self.buffer.capacity() > IDLE_BYTES_MAX {
            self.buffer = BytesMut::new();
        }
        let missing = request_bytes.saturating_sub(self.buffer.len());
        if request_bytes > IDLE_BYTES_MAX && !memory::has_room(missing) {
            return Err(ProtocolError::OutOfMemory);
        }
        self.buffer.reserve(missing.max(READ_BYTES));
        Ok(())
    }
}

fn decode(request: Bytes) -> Result<Vec<Frame>, ProtocolError> {
    if request.starts_with(b"*-") {
        // Any negative length; the codec knows -1 only.
        return Ok(Vec::new());
    }
    match parse_frame(request) {
        Ok((Frame::Array(strings), _rest)) => Ok(strings.unwrap_or_default()),
        Ok(_) => Err(ProtocolError::ArrayLength),
        Err(error) => Err(ProtocolError::Codec(error)),
    }
}

fn split_inline(line: &Bytes) -> Result<Vec<Frame>, ProtocolError> {
    if line.iter().any(|byte| matches!(byte, b'"' | b'\'')) {
        return Err(ProtocolError::InlineQuotes);
    }
    Ok(line
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .map(|word| Frame::BulkString(Some(line.slice_ref(word))))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::{Inbox, Request};
    use crate::admission::{Limits, ProtocolError};

    fn inbox(bytes: &[u8]) -> Inbox {
        let mut inbox = Inbox::new(Limits::new(1024));
        inbox.buffer().extend_from_slice(bytes);
        inbox
    }

    fn words(request: &Request) -> Vec<&[u8]> {
        request.args_from(0).collect()
    }

    #[test]
    fn pipelined_requests_of_both_forms_come_out_in_order() {
        let mut inbox = inbox(
            b"*1\r\n$4\r\nPING\r\n\r\n*0\r\n*-2\r\n  GET  k \r\n*2\r\n$3\r\nGET\r\n$0\r\n\r\n*1\r\n$9",
        );
        let mut requests = Vec::new();
        while let Some(request) = inbox.next().expect("well-formed") {
            requests.push(request);
        }
        let requests: Vec<_> = requests.iter().map(words).collect();
        assert_eq!(
            requests,
            [vec![&b"PING"[..]], vec![b"GET", b"k"], vec![b"GET", b""]]
        );
        assert_eq!(&inbox.buffer()[..], b"*1\r\n$9");
    }

    #[test]
    fn a_string_without_its_line_end_is_an_error() {
        let error = inbox(b"*1\r\n$4\r\nPINGxx")
            .next()
            .expect_err("no line end");
        assert!(matches!(error, ProtocolError::Codec(_)), "{error}");
    }

    #[test]
    fn quotes_in_an_inline_request_are_refused() {
        let error = inbox(b"SET k \"a b\"\r\n").next().expect_err("quoted");
        assert_eq!(error, ProtocolError::InlineQuotes);
    }
}
