//! The sweep: frees entries whose time has passed and that no command meets.
//!
//! It walks the map without end, a bounded number of entries at a time, and sleeps in
//! between with its iterator held, which blocks nobody and pins some thirty entries. It
//! rests while no entry has a time limit.

use core::time::Duration;

use tokio::time::sleep;

use crate::server::Server;

/// Entries looked at in one go.
const STEP_ENTRIES: usize = 4096;
/// The pause after each go.
const STEP_PAUSE: Duration = Duration::from_millis(50);
/// The pause while there is nothing to look for.
const REST: Duration = Duration::from_millis(250);

/// Sweeps until it is dropped.
pub(crate) async fn sweep(server: &Server) {
    loop {
        server.scans.end_old();
        if server.store.take_volatile() {
            walk(server).await;
        }
        sleep(REST).await;
    }
}

/// Looks at every entry once.
async fn walk(server: &Server) {
    let mut entries = server.store.entries();
    loop {
        for _ in 0..STEP_ENTRIES {
            let Some(entry) = entries.next() else {
                return;
            };
            if entry.is_live() {
                server.store.note_volatile(entry.is_volatile());
            } else if server.store.remove_if_dead(entry.key()) {
                server.counters.note_expired();
            }
        }
        sleep(STEP_PAUSE).await;
    }
}
