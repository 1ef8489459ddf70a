//! The commands: one table, one function for each name.
//!
//! Errors have Redis's texts, so that client libraries recognise them.

#![expect(
    clippy::unnecessary_wraps,
    reason = "all commands have the type that the table asks for"
)]

mod admin;
mod expire;
mod keys;
mod saves;
mod session;
mod strings;

use core::fmt::{self, Write as _};

use crate::blob::Blob;
use crate::integer;
use crate::leases::Leases;
use crate::memory;
use crate::reply::Reply;
use crate::request::Request;
use crate::saves::Turn;
use crate::server::Server;
use crate::store::EntryRef;

/// One client, as the commands see it.
pub(crate) struct Client<'s> {
    pub(crate) server: &'s Server,
    pub(crate) id: u64,
    pub(crate) reply: Reply,
    pub(crate) leases: Leases,
}

impl<'s> Client<'s> {
    pub(crate) fn new(server: &'s Server, id: u64) -> Self {
        Self {
            server,
            id,
            reply: Reply::default(),
            leases: Leases::default(),
        }
    }
}

/// What the connection does after a command.
pub(crate) enum Outcome<'s> {
    /// Nothing: the reply is written.
    Replied,
    /// Send this entry's value.
    Entry(EntryRef<'s>),
    /// Send the value of each key that the request names.
    EntryOfEach,
    /// Send these keys.
    Keys(Vec<Blob>),
    /// Save, while the connection goes on.
    SaveBehind(Turn),
    /// Send what is written and close.
    Close,
}

/// Why a command has an error for a reply.
#[derive(Debug)]
pub(crate) enum CommandError {
    ArgCount(&'static str),
    Syntax,
    NotAnInteger,
    Overflow,
    InvalidExpiry(&'static str),
    ValueTooLong,
    InvalidCursor,
    OutOfMemory,
    Other(String),
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ArgCount(name) => {
                write!(f, "ERR wrong number of arguments for '{name}' command")
            }
            Self::Syntax => f.write_str("ERR syntax error"),
            Self::NotAnInteger => f.write_str("ERR value is not an integer or out of range"),
            Self::Overflow => f.write_str("ERR increment or decrement would overflow"),
            Self::InvalidExpiry(name) => write!(f, "ERR invalid expire time in '{name}' command"),
            Self::ValueTooLong => {
                f.write_str("ERR string exceeds maximum allowed size (max-value-bytes)")
            }
            Self::InvalidCursor => f.write_str("ERR invalid cursor"),
            Self::OutOfMemory => f.write_str(memory::FULL),
            Self::Other(text) => f.write_str(text),
        }
    }
}

type Done<'s> = Result<Outcome<'s>, CommandError>;

/// A command's name, the arguments it takes (the name included), what it does, and whether it may store something more.
struct Command {
    name: &'static str,
    args_min: usize,
    args_max: usize,
    run: for<'s> fn(&mut Client<'s>, &Request) -> Done<'s>,
    grows: bool,
}

const MANY: usize = usize::MAX;
/// It may need memory that stays: refused when there is none (Redis's `denyoom`).
const GROWS: bool = true;
const STAYS: bool = false;

macro_rules! table {
    ($($name:literal $min:literal ..= $max:tt $module:ident::$run:ident $grows:ident;)*) => {
        &[$(Command { name: $name, args_min: $min, args_max: $max, run: $module::$run, grows: $grows }),*]
    };
}

/// By name, for the binary search.
#[rustfmt::skip]
static COMMANDS: &[Command] = table! {
    "append"   3..=3    strings::append    GROWS;
    "bgsave"   1..=2    saves::bgsave      STAYS;
    "client"   2..=MANY admin::client      STAYS;
    "command"  1..=MANY admin::command     STAYS;
    "config"   2..=MANY admin::config      STAYS;
    "dbsize"   1..=1    keys::dbsize       STAYS;
    "decr"     2..=2    strings::decr      GROWS;
    "decrby"   3..=3    strings::decrby    GROWS;
    "del"      2..=MANY keys::del          STAYS;
    "echo"     2..=2    admin::echo        STAYS;
    "exists"   2..=MANY keys::exists       STAYS;
    "expire"   3..=MANY expire::expire     STAYS;
    "flushall" 1..=MANY keys::flushall     STAYS;
    "get"      2..=2    strings::get       STAYS;
    "getset"   3..=3    strings::getset    GROWS;
    "hello"    1..=MANY admin::hello       STAYS;
    "incr"     2..=2    strings::incr      GROWS;
    "incrby"   3..=3    strings::incrby    GROWS;
    "info"     1..=MANY admin::info        STAYS;
    "keys"     2..=2    keys::keys         STAYS;
    "lastsave" 1..=1    saves::lastsave    STAYS;
    "mget"     2..=MANY strings::mget      STAYS;
    "mset"     3..=MANY strings::mset      GROWS;
    "persist"  2..=2    expire::persist    STAYS;
    "pexpire"  3..=MANY expire::pexpire    STAYS;
    "ping"     1..=MANY admin::ping        STAYS;
    "pttl"     2..=2    expire::pttl       STAYS;
    "quit"     1..=MANY admin::quit        STAYS;
    "reset"    1..=1    admin::reset       STAYS;
    "save"     1..=1    saves::save        STAYS;
    "scan"     2..=MANY keys::scan         STAYS;
    "select"   2..=2    admin::select      STAYS;
    "session.keep" 2..=2 session::keep     STAYS;
    "session.set" 3..=5 session::set       GROWS;
    "set"      3..=MANY strings::set       GROWS;
    "setnx"    3..=3    strings::setnx     GROWS;
    "strlen"   2..=2    strings::strlen    STAYS;
    "ttl"      2..=2    expire::ttl        STAYS;
    "type"     2..=2    keys::type_of      STAYS;
};

/// Longest name in the table.
const NAME_BYTES_MAX: usize = 16;

/// Runs the command that `request` names; an error becomes its reply.
pub(crate) fn run<'s>(client: &mut Client<'s>, request: &Request) -> Outcome<'s> {
    let done = match find(request.name()) {
        Some(command) if !(command.args_min..=command.args_max).contains(&request.arg_count()) => {
            Err(CommandError::ArgCount(command.name))
        }
        Some(command) if command.grows && memory::is_full() => Err(CommandError::OutOfMemory),
        Some(command) => (command.run)(client, request),
        // What a browser would send, made by a web page to post to this port.
        None if ["post", "host:"]
            .iter()
            .any(|word| is(request.name(), word)) =>
        {
            return Outcome::Close;
        }
        None => Err(unknown(request)),
    };
    done.unwrap_or_else(|error| {
        client.reply.error(&error);
        Outcome::Replied
    })
}

fn find(name: &[u8]) -> Option<&'static Command> {
    let mut lowercase = [0; NAME_BYTES_MAX];
    let lowercase = lowercase.get_mut(..name.len())?;
    lowercase.copy_from_slice(name);
    lowercase.make_ascii_lowercase();
    let index = COMMANDS
        .binary_search_by(|command| command.name.as_bytes().cmp(lowercase))
        .ok()?;
    COMMANDS.get(index)
}

fn unknown(request: &Request) -> CommandError {
    /// Where Redis stops quoting the arguments, and the name.
    const QUOTED_BYTES_MAX: usize = 128;
    let quote = |bytes: &[u8], room: usize| {
        String::from_utf8_lossy(&bytes[..bytes.len().min(room)]).into_owned()
    };
    let mut args = String::new();
    for arg in request.args_from(1) {
        if args.len() >= QUOTED_BYTES_MAX {
            break;
        }
        let arg = quote(arg, QUOTED_BYTES_MAX - args.len());
        // Writing to a string cannot fail.
        let _ = write!(args, "'{arg}' ");
    }
    CommandError::Other(format!(
        "ERR unknown command '{}', with args beginning with: {args}",
        quote(request.name(), QUOTED_BYTES_MAX)
    ))
}

fn unknown_subcommand(request: &Request, command: &str) -> CommandError {
    CommandError::Other(format!(
        "ERR unknown subcommand '{}'. Try {command} HELP.",
        String::from_utf8_lossy(request.arg(1))
            .chars()
            .take(128)
            .collect::<String>()
    ))
}

/// Whether `arg` is `word`, in any case.
fn is(arg: &[u8], word: &str) -> bool {
    arg.eq_ignore_ascii_case(word.as_bytes())
}

/// The integer at `index`.
fn integer_arg(request: &Request, index: usize) -> Result<i64, CommandError> {
    integer::parse(request.arg(index)).ok_or(CommandError::NotAnInteger)
}

#[cfg(test)]
mod tests {
    use super::{COMMANDS, NAME_BYTES_MAX, find};

    #[test]
    fn every_command_is_found_in_any_case() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.name < b.name));
        for command in COMMANDS {
            assert!(command.name.len() <= NAME_BYTES_MAX);
            let found = find(command.name.to_uppercase().as_bytes());
            assert_eq!(found.map(|found| found.name), Some(command.name));
        }
        assert!(find(b"").is_none());
        assert!(find(b"getx").is_none());
        assert!(find(&[b'x'; 1000]).is_none());
    }
}
