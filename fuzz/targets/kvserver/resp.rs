//! RESP2, read as its specification says, byte by byte and from the beginning: what a client sends, and
//! what it gets. Nothing here is the server's.

/// How what a client sent ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// With a request.
    Whole,
    /// In the midst of what may become one.
    Partial,
    /// With what no request begins with.
    Malformed,
}

/// The requests that `stream` begins with, with strings of at most `string_bytes_max`.
pub(crate) fn requests(mut stream: &[u8], string_bytes_max: usize) -> (Vec<Vec<Vec<u8>>>, Ending) {
    let mut requests = Vec::new();
    let ending = loop {
        if stream.is_empty() {
            break Ending::Whole;
        }
        match request(&mut stream, string_bytes_max) {
            Ok(words) if words.is_empty() => {} // asks for nothing
            Ok(words) => requests.push(words),
            Err(ending) => break ending,
        }
    };
    (requests, ending)
}

fn request(stream: &mut &[u8], string_bytes_max: usize) -> Result<Vec<Vec<u8>>, Ending> {
    if stream[0] != b'*' {
        let end = stream.iter().position(|&byte| byte == b'\n');
        let line = take(stream, end.ok_or(Ending::Partial)? + 1)?;
        if line.contains(&b'"') || line.contains(&b'\'') {
            return Err(Ending::Malformed);
        }
        let words = line.split(u8::is_ascii_whitespace);
        return Ok(words
            .filter(|word| !word.is_empty())
            .map(<[u8]>::to_vec)
            .collect());
    }
    let count = header(stream, b'*')?;
    if count > 1024 * 1024 {
        return Err(Ending::Malformed);
    }
    (0..count)
        .map(|_| {
            let length = usize::try_from(header(stream, b'$')?).map_err(|_| Ending::Malformed)?;
            if length > string_bytes_max {
                return Err(Ending::Malformed);
            }
            let string = take(stream, length)?.to_vec();
            match take(stream, 2)? {
                b"\r\n" => Ok(string),
                _ => Err(Ending::Malformed),
            }
        })
        .collect()
}

/// A line of `tag` and a number.
fn header(stream: &mut &[u8], tag: u8) -> Result<i64, Ending> {
    if stream.first().is_some_and(|&first| first != tag) {
        return Err(Ending::Malformed);
    }
    let line = line(stream).ok_or(Ending::Partial)?;
    integer(&line[1..]).ok_or(Ending::Malformed)
}

fn take<'s>(stream: &mut &'s [u8], length: usize) -> Result<&'s [u8], Ending> {
    stream.split_off(..length).ok_or(Ending::Partial)
}

/// The next line, without its end.
fn line<'s>(stream: &mut &'s [u8]) -> Option<&'s [u8]> {
    let end = stream.windows(2).position(|pair| pair == b"\r\n")?;
    let line = stream.split_off(..end + 2)?;
    line.strip_suffix(b"\r\n")
}

/// A decimal number, in its one spelling.
fn integer(digits: &[u8]) -> Option<i64> {
    let text = core::str::from_utf8(digits).ok()?;
    let number: i64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reply {
    Status(Vec<u8>),
    Error(Vec<u8>),
    Integer(i64),
    String(Option<Vec<u8>>),
    Array(Vec<Reply>),
}

/// The one reply that `bytes` are.
pub(crate) fn reply(mut bytes: &[u8]) -> Option<Reply> {
    let reply = next_reply(&mut bytes, 0)?;
    bytes.is_empty().then_some(reply)
}

fn next_reply(bytes: &mut &[u8], depth: usize) -> Option<Reply> {
    let (tag, text) = line(bytes)?.split_first()?;
    let plain = !text.contains(&b'\n') && !text.contains(&b'\r');
    match tag {
        b'+' if plain => Some(Reply::Status(text.to_vec())),
        b'-' if plain => Some(Reply::Error(text.to_vec())),
        b':' => integer(text).map(Reply::Integer),
        b'$' if text == b"-1" => Some(Reply::String(None)),
        b'$' => {
            let length = usize::try_from(integer(text)?).ok()?;
            let string = bytes.split_off(..length)?.to_vec();
            (bytes.split_off(..2)? == b"\r\n").then_some(Reply::String(Some(string)))
        }
        b'*' if depth < 2 => (0..usize::try_from(integer(text)?).ok()?)
            .map(|_| next_reply(bytes, depth + 1))
            .collect::<Option<_>>()
            .map(Reply::Array),
        _ => None,
    }
}
