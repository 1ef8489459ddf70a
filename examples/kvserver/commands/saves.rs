//! Snapshots: SAVE, BGSAVE, LASTSAVE.

use tokio::task::block_in_place;

use super::{Client, CommandError, Done, Outcome, is};
use crate::request::Request;
use crate::saves::Turn;

pub(super) fn save<'s>(client: &mut Client<'s>, _request: &Request) -> Done<'s> {
    let turn = begin(client)?;
    block_in_place(|| client.server.save(turn))
        .map_err(|error| CommandError::Other(format!("ERR {error}")))?;
    client.reply.status("OK");
    Ok(Outcome::Replied)
}

pub(super) fn bgsave<'s>(client: &mut Client<'s>, request: &Request) -> Done<'s> {
    // SCHEDULE is for what may be in the way in Redis, and not here.
    if request.args_from(1).any(|option| !is(option, "schedule")) {
        return Err(CommandError::Syntax);
    }
    let turn = begin(client)?;
    client.reply.status("Background saving started");
    Ok(Outcome::SaveBehind(turn))
}

pub(super) fn lastsave<'s>(client: &mut Client<'s>, _request: &Request) -> Done<'s> {
    let last_at = client.server.saves.last_at();
    client.reply.integer(last_at.cast_signed());
    Ok(Outcome::Replied)
}

fn begin(client: &Client<'_>) -> Result<Turn, CommandError> {
    let turn = client.server.saves.begin();
    turn.ok_or_else(|| CommandError::Other("ERR Background save already in progress".into()))
}
