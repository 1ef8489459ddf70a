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
            Self::Other(text) => f.write_str(text),
        }
    }
}

type Done<'s> = Result<Outcome<'s>, CommandError>;

/// A command's name, the arguments it takes (the name included), and what it does.
struct Command {
    name: &'static str,
    args_min: usize,
    args_max: usize,
    run: for<'s> fn(&mut Client<'s>, &Request) -> Done<'s>,
}

const MANY: usize = usize::MAX;

macro_rules! table {
    ($($name:literal $min:literal ..= $max:tt $run:path;)*) => {
        &[$(Command { name: $name, args_min: $min, args_max: $max, run: $run }),*]
    };
}

/// By name, for the binary search.
#[rustfmt::skip]
static COMMANDS: &[Command] = table! {
    "append"   3..=3    strings::append;
    "bgsave"   1..=2    saves::bgsave;
    "client"   2..=MANY admin::client;
    "command"  1..=MANY admin::command;
    "config"   2..=MANY admin::config;
    "dbsize"   1..=1    keys::dbsize;
    "decr"     2..=2    strings::decr;
    "decrby"   3..=3    strings::decrby;
    "del"      2..=MANY keys::del;
    "echo"     2..=2    admin::echo;
    "exists"   2..=MANY keys::exists;
    "expire"   3..=MANY expire::expire;
    "flushall" 1..=MANY keys::flushall;
    "get"      2..=2    strings::get;
    "getset"   3..=3    strings::getset;
    "hello"    1..=MANY admin::hello;
    "incr"     2..=2    strings::incr;
    "incrby"   3..=3    strings::incrby;
    "info"     1..=MANY admin::info;
    "keys"     2..=2    keys::keys;
    "lastsave" 1..=1    saves::lastsave;
    "mget"     2..=MANY strings::mget;
    "mset"     3..=MANY strings::mset;
    "persist"  2..=2    expire::persist;
    "pexpire"  3..=MANY expire::pexpire;
    "ping"     1..=MANY admin::ping;
    "pttl"     2..=2    expire::pttl;
    "quit"     1..=MANY admin::quit;
    "reset"    1..=1    admin::reset;
    "save"     1..=1    saves::save;
    "scan"     2..=MANY keys::scan;
    "select"   2..=2    admin::select;
    "session.keep" 2..=2 session::keep;
    "session.set" 3..=5 session::set;
    "set"      3..=MANY strings::set;
    "setnx"    3..=3    strings::setnx;
    "strlen"   2..=2    strings::strlen;
    "ttl"      2..=2    expire::ttl;
    "type"     2..=2    keys::type_of;
};

/// Longest name in the table.
const NAME_BYTES_MAX: usize = 16;

/// Runs the command that `request` names; an error becomes its reply.
pub(crate) fn run<'s>(client: &mut Client<'s>, request: &Request) -> Outcome<'s> {
    let done = match find(request.name()) {
        Some(command) if (command.args_min..=command.args_max).contains(&request.arg_count()) => {
            (command.run)(client, request)
        }
        Some(command) => Err(CommandError::ArgCount(command.name)),
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
