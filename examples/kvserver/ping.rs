//! The health check: asks a server whether it answers. It is in the server's own program, as a container may hold
//! nothing else.

use core::net::SocketAddr;
use core::time::Duration;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::ExitCode;

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// Prints what the server at `address` answers. Succeeds with any answer: one that has no room for another client is
/// in good health, too.
pub(crate) fn ask(address: SocketAddr) -> ExitCode {
    match answer(address) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("kvserver: {address} does not answer: {error}");
            ExitCode::FAILURE
        }
    }
}

fn answer(address: SocketAddr) -> io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    socket.write_all(b"PING\r\n")?;
    let mut line = String::new();
    BufReader::new(socket).read_line(&mut line)?;
    if line.starts_with(['+', '-']) && line.ends_with("\r\n") {
        Ok(line.trim_end().to_owned())
    } else {
        Err(io::Error::other(format!("it sent {line:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::answer;
    use std::io::Write as _;
    use std::net::TcpListener;
    use std::thread;

    #[test]
    fn whole_answers_are_told_from_others() {
        for (sent, healthy) in [
            ("+PONG\r\n", true),
            ("-ERR max number of clients reached\r\n", true),
            ("+PON", false),
            ("HTTP/1.1 400 Bad Request\r\n", false),
            ("", false),
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let address = listener.local_addr().expect("bound");
            let server = thread::spawn(move || {
                let (mut socket, _) = listener.accept().expect("the check");
                socket.write_all(sent.as_bytes()).expect("read");
            });
            assert_eq!(answer(address).is_ok(), healthy, "{sent:?}");
            server.join().expect("no panic");
        }
        let closed = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = closed.local_addr().expect("bound");
        drop(closed);
        assert!(answer(address).is_err());
    }
}
