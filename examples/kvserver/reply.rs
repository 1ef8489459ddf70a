//! Replies, written straight into the bytes that go out.
//!
//! Not through the codec, whose frames own their bytes and must be whole: here values are
//! copied once, from the map's entry, and long arrays are sent while they are made.

use core::fmt::{self, Write as _};

use bytes::BytesMut;

/// An empty buffer larger than this is given back.
const IDLE_BYTES_MAX: usize = 256 * 1024;

/// Replies that have not been sent yet.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    buffer: BytesMut,
}

impl Reply {
    /// `+text`: a status without line ends.
    pub(crate) fn status(&mut self, text: &str) {
        self.line('+', format_args!("{text}"));
    }

    /// `-text`: an error; line ends in it become blanks.
    pub(crate) fn error(&mut self, error: &dyn fmt::Display) {
        let text = error.to_string().replace(['\r', '\n'], " ");
        self.line('-', format_args!("{text}"));
    }

    /// `:value`
    pub(crate) fn integer(&mut self, value: i64) {
        self.line(':', format_args!("{value}"));
    }

    /// `:count`
    pub(crate) fn count(&mut self, count: usize) {
        self.line(':', format_args!("{count}"));
    }

    /// A string of any bytes.
    pub(crate) fn string(&mut self, bytes: &[u8]) {
        self.string_start(bytes.len());
        self.buffer.extend_from_slice(bytes);
        self.string_end();
    }

    /// What comes before a string's bytes.
    pub(crate) fn string_start(&mut self, length: usize) {
        self.line('$', format_args!("{length}"));
    }

    /// What comes after a string's bytes.
    pub(crate) fn string_end(&mut self) {
        self.buffer.extend_from_slice(b"\r\n");
    }

    /// The absent string.
    pub(crate) fn null(&mut self) {
        self.buffer.extend_from_slice(b"$-1\r\n");
    }

    /// A string or the absent one.
    pub(crate) fn optional(&mut self, bytes: Option<&[u8]>) {
        match bytes {
            Some(bytes) => self.string(bytes),
            None => self.null(),
        }
    }

    /// What comes before the `length` replies that make up an array.
    pub(crate) fn array(&mut self, length: usize) {
        self.line('*', format_args!("{length}"));
    }

    /// The bytes to send.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// Forgets the bytes, which have been sent.
    pub(crate) fn clear(&mut self) {
        self.buffer.clear();
        if self.buffer.capacity() > IDLE_BYTES_MAX {
            self.buffer = BytesMut::new();
        }
    }

    fn line(&mut self, tag: char, text: fmt::Arguments<'_>) {
        // Writing to a growing buffer cannot fail.
        let _ = write!(self.buffer, "{tag}{text}\r\n");
    }
}

#[cfg(test)]
mod tests {
    use super::Reply;
    use bytes::Bytes;
    use resp_rs::resp2::{Frame, parse_frame};

    #[test]
    fn the_codec_reads_back_every_form() {
        let mut reply = Reply::default();
        reply.array(6);
        reply.status("OK");
        reply.error(&"ERR a\r\nb");
        reply.integer(i64::MIN);
        reply.string(b"\r\n\0\xff");
        reply.null();
        reply.optional(Some(b""));
        let (frame, rest) =
            parse_frame(Bytes::copy_from_slice(reply.bytes())).expect("well-formed");
        let string = |bytes: &'static [u8]| Frame::BulkString(Some(Bytes::from_static(bytes)));
        assert_eq!(
            frame,
            Frame::Array(Some(vec![
                Frame::SimpleString("OK".into()),
                Frame::Error("ERR a  b".into()),
                Frame::Integer(i64::MIN),
                string(b"\r\n\0\xff"),
                Frame::BulkString(None),
                string(b""),
            ]))
        );
        assert!(rest.is_empty());
    }
}
