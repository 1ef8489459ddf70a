//! The connection and the server: PING, CLIENT, INFO, CONFIG and the like.

use core::fmt::Write as _;

use super::{COMMANDS, Client, CommandError, Done, Outcome, is, unknown_subcommand};
use crate::blob::Blob;
use crate::glob;
use crate::integer;
use crate::memory;
use crate::request::Request;
use crate::server::{ClientInfo, Server};

/// The Redis whose answers these are, for clients that ask for a version.
const REDIS_VERSION: &str = "7.0.15";

pub(super) fn ping<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    match request.arg_count() {
        1 => client.reply.status("PONG"),
        2 => client.reply.string(request.arg(1)),
        _ => return Err(CommandError::ArgCount("ping")),
    }
    Ok(Outcome::Replied)
}

pub(super) fn echo<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    client.reply.string(request.arg(1));
    Ok(Outcome::Replied)
}

pub(super) fn quit<'s>(client: &mut Client<'s>, _request: &Request) -> Done<'s> {
    client.reply.status("OK");
    Ok(Outcome::Close)
}

pub(super) fn reset<'s>(client: &mut Client<'s>, _request: &Request) -> Done<'s> {
    set_name(client, b"")?;
    client.leases.clear();
    client.reply.status("RESET");
    Ok(Outcome::Replied)
}

pub(super) fn select<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let error = match integer::parse(request.arg(1)) {
        Some(0) => {
            client.reply.status("OK");
            return Ok(Outcome::Replied);
        }
        Some(_) => "ERR DB index is out of range",
        None => "ERR value is not an integer or out of range",
    };
    Err(CommandError::Other(error.into()))
}

pub(super) fn hello<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let mut args = request.args_from(1);
    if let Some(version) = args.next() {
        match integer::parse(version) {
            Some(2) => {}
            Some(_) => {
                let text = "NOPROTO unsupported protocol version";
                return Err(CommandError::Other(text.into()));
            }
            None => {
                let text = "ERR Protocol version is not an integer or out of range";
                return Err(CommandError::Other(text.into()));
            }
        }
    }
    while let Some(option) = args.next() {
        match args.next() {
            Some(name) if is(option, "setname") => set_name(client, name)?,
            _ => return Err(CommandError::Syntax),
        }
    }
    let id = client.id.cast_signed();
    let reply = &mut client.reply;
    reply.array(14);
    for (field, value) in [("server", "redis"), ("version", REDIS_VERSION)] {
        reply.string(field.as_bytes());
        reply.string(value.as_bytes());
    }
    for (field, value) in [("proto", 2), ("id", id)] {
        reply.string(field.as_bytes());
        reply.integer(value);
    }
    for (field, value) in [("mode", "standalone"), ("role", "master")] {
        reply.string(field.as_bytes());
        reply.string(value.as_bytes());
    }
    reply.string(b"modules");
    reply.array(0);
    Ok(Outcome::Replied)
}

pub(super) fn command<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let subcommand = request.arg(1);
    if request.arg_count() == 1 || is(subcommand, "docs") || is(subcommand, "info") {
        // redis-cli asks for these to help with typing, and does without.
        client.reply.array(0);
    } else if is(subcommand, "count") {
        client.reply.count(COMMANDS.len());
    } else if is(subcommand, "list") {
        client.reply.array(COMMANDS.len());
        for command in COMMANDS {
            client.reply.string(command.name.as_bytes());
        }
    } else {
        return Err(unknown_subcommand(request, "COMMAND"));
    }
    Ok(Outcome::Replied)
}

pub(super) fn config<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    if !is(request.arg(1), "get") {
        return Err(unknown_subcommand(request, "CONFIG"));
    }
    if request.arg_count() < 3 {
        return Err(CommandError::ArgCount("config|get"));
    }
    let config = &client.server.config;
    let settings = [
        ("appendonly", "no".to_owned()),
        ("databases", "1".to_owned()),
        ("io-threads", config.threads.to_string()),
        ("maxclients", config.clients_max.to_string()),
        (
            "maxmemory",
            config.memory_bytes_max.unwrap_or(0).to_string(),
        ),
        ("maxmemory-policy", "noeviction".to_owned()),
        ("port", client.server.address.port().to_string()),
        ("proto-max-bulk-len", config.value_bytes_max.to_string()),
        ("save", String::new()),
    ];
    let asked = |name: &str| {
        request
            .args_from(2)
            .any(|pattern| glob::matches(&pattern.to_ascii_lowercase(), name.as_bytes()))
    };
    let found: Vec<_> = settings.iter().filter(|(name, _)| asked(name)).collect();
    client.reply.array(found.len() * 2);
    for (name, value) in found {
        client.reply.string(name.as_bytes());
        client.reply.string(value.as_bytes());
    }
    Ok(Outcome::Replied)
}

pub(super) fn client<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let clients = &client.server.clients;
    let (subcommand, arg_count) = (request.arg(1), request.arg_count());
    if is(subcommand, "id") && arg_count == 2 {
        client.reply.integer(client.id.cast_signed());
    } else if is(subcommand, "getname") && arg_count == 2 {
        let info = clients.get(&client.id);
        let name = info.as_ref().map(|info| &*info.name);
        client.reply.optional(name.filter(|name| !name.is_empty()));
    } else if is(subcommand, "setname") && arg_count == 3 {
        set_name(client, request.arg(2))?;
        client.reply.status("OK");
    } else if is(subcommand, "setinfo") && arg_count == 4 {
        client.reply.status("OK");
    } else if is(subcommand, "list") && arg_count == 2 {
        let mut lines = Vec::new();
        for info in clients {
            write_line(&mut lines, *info.key(), &info);
        }
        client.reply.string(&lines);
    } else {
        return Err(unknown_subcommand(request, "CLIENT"));
    }
    Ok(Outcome::Replied)
}

fn write_line(lines: &mut Vec<u8>, id: u64, info: &ClientInfo) {
    let age = info.connected_at.elapsed().as_secs();
    lines.extend_from_slice(format!("id={id} addr={} name=", info.address).as_bytes());
    lines.extend_from_slice(&info.name);
    lines.extend_from_slice(format!(" age={age} db=0 resp=2\n").as_bytes());
}

fn set_name(client: &Client<'_>, name: &[u8]) -> Result<(), CommandError> {
    if !name.iter().all(u8::is_ascii_graphic) {
        let text = "ERR Client names cannot contain spaces, newlines or special characters.";
        return Err(CommandError::Other(text.into()));
    }
    let name = Blob::from(name);
    client
        .server
        .clients
        .update(&client.id, |_, info| ClientInfo {
            name: name.clone(),
            ..info.clone()
        });
    Ok(())
}

/// Writes the lines of a section of INFO.
type Section = fn(&Server, &mut String);

pub(super) fn info<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    let server = client.server;
    let sections: [(&str, Section); 7] = [
        ("Server", info_server),
        ("Clients", info_clients),
        ("Memory", info_memory),
        ("Persistence", info_persistence),
        ("Stats", info_stats),
        ("Splitmap", info_map),
        ("Keyspace", info_key_space),
    ];
    let everything = request.arg_count() == 1
        || request.args_from(1).any(|arg| {
            ["all", "default", "everything"]
                .iter()
                .any(|word| is(arg, word))
        });
    let mut text = String::new();
    for (name, write) in sections {
        if everything || request.args_from(1).any(|arg| is(arg, name)) {
            if !text.is_empty() {
                text += "\r\n";
            }
            line(&mut text, format_args!("# {name}"));
            write(server, &mut text);
        }
    }
    client.reply.string(text.as_bytes());
    Ok(Outcome::Replied)
}

fn info_server(server: &Server, text: &mut String) {
    line(text, format_args!("redis_version:{REDIS_VERSION}"));
    line(text, format_args!("server_name:splitmap kvserver"));
    line(
        text,
        format_args!("atomics:{}", splitmap_arch::backend_name()),
    );
    line(text, format_args!("process_id:{}", std::process::id()));
    line(text, format_args!("tcp_port:{}", server.address.port()));
    line(
        text,
        format_args!("worker_threads:{}", server.config.threads),
    );
    line(
        text,
        format_args!(
            "uptime_in_seconds:{}",
            server.started_at.elapsed().as_secs()
        ),
    );
}

fn info_clients(server: &Server, text: &mut String) {
    line(
        text,
        format_args!("connected_clients:{}", server.clients.len()),
    );
    line(
        text,
        format_args!("maxclients:{}", server.config.clients_max),
    );
}

fn info_memory(server: &Server, text: &mut String) {
    let limit = server.config.memory_bytes_max.unwrap_or(0);
    line(text, format_args!("used_memory:{}", memory::used()));
    line(text, format_args!("maxmemory:{limit}"));
    line(text, format_args!("maxmemory_policy:noeviction"));
}

fn info_persistence(server: &Server, text: &mut String) {
    let saves = &server.saves;
    line(
        text,
        format_args!("rdb_bgsave_in_progress:{}", u8::from(saves.going_on())),
    );
    line(text, format_args!("rdb_last_save_time:{}", saves.last_at()));
    let status = if saves.last_failed() { "err" } else { "ok" };
    line(text, format_args!("rdb_last_bgsave_status:{status}"));
}

fn info_stats(server: &Server, text: &mut String) {
    for (name, count) in server.counters.all() {
        line(text, format_args!("{name}:{count}"));
    }
}

fn info_map(server: &Server, text: &mut String) {
    line(text, format_args!("entries:{}", server.store.len()));
    line(
        text,
        format_args!("retired_entries:{}", server.store.retired_len()),
    );
    line(
        text,
        format_args!("retired_bytes:{}", server.store.retired_bytes()),
    );
}

fn info_key_space(server: &Server, text: &mut String) {
    let keys = server.store.len();
    if keys > 0 {
        line(text, format_args!("db0:keys={keys}"));
    }
}

fn line(text: &mut String, content: core::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = write!(text, "{content}\r\n");
}
