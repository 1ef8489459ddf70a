//! A service that asks the cache for its users' sessions.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, ScopedJoinHandle};
use std::time::{Duration, Instant};

use crate::cache::{Cache, Stats};

/// How often the janitor comes.
const JANITOR_PAUSE: Duration = Duration::from_millis(10);

/// What the service is put to.
pub(crate) struct Load {
    pub(crate) threads: u64,
    pub(crate) requests_per_thread: u64,
    pub(crate) users: u64,
    pub(crate) capacity: usize,
    pub(crate) ttl: Duration,
}

/// What came of it.
pub(crate) struct Report {
    wanted: u64,
    capacity: usize,
    took: Duration,
    len: usize,
    panicked: bool,
    seen: Seen,
    stats: Stats,
}

struct Session {
    user: u64,
    token: String,
}

/// What the database says of users who have left.
struct NoSuchUser;

/// Serves all requests.
pub(crate) fn run(load: &Load) -> Report {
    let cache = Cache::new(load.capacity, load.ttl);
    let (begun, closed) = (Instant::now(), AtomicBool::new(false));
    let seen = thread::scope(|scope| {
        // Frees what nobody asks for any more; the others go on meanwhile.
        scope.spawn(|| {
            // ORD Relaxed: tells the janitor to stop; nothing is read behind it.
            while !closed.load(Ordering::Relaxed) {
                cache.remove_expired();
                thread::sleep(JANITOR_PAUSE);
            }
        });
        let cache = &cache;
        let threads: Vec<_> = (1..=load.threads)
            .map(|number| scope.spawn(move || requests(cache, load, number)))
            .collect();
        let seen: Vec<_> = threads.into_iter().map(ScopedJoinHandle::join).collect();
        closed.store(true, Ordering::Relaxed);
        seen
    });
    Report {
        wanted: load.threads * load.requests_per_thread,
        capacity: load.capacity,
        took: begun.elapsed(),
        len: cache.len(),
        panicked: seen.iter().any(Result::is_err),
        seen: seen
            .iter()
            .flatten()
            .fold(Seen::default(), |sum, seen| Seen {
                strangers: sum.strangers + seen.strangers,
                refused: sum.refused + seen.refused,
            }),
        stats: cache.stats(),
    }
}

/// What one thread saw.
#[derive(Clone, Copy, Default)]
struct Seen {
    /// Sessions of other users than the one that was asked for.
    strangers: u64,
    /// Requests for users who do not exist.
    refused: u64,
}

fn requests(cache: &Cache<u64, Session>, load: &Load, number: u64) -> Seen {
    let (mut random, mut seen) = (number, Seen::default());
    for n in 0..load.requests_per_thread {
        let user = some_user(&mut random, load.users);
        let Ok(session) = cache.get_or_load(user, |&user| from_database(user)) else {
            seen.refused += 1;
            continue;
        };
        match n % 100 {
            0 => drop(cache.remove(&user)),                   // a logout
            50 => drop(cache.insert(user, session_of(user))), // a login from elsewhere
            _ => {}
        }
        // Readable still, whatever has become of the entry.
        if session.user != user || session.token != token(user) {
            seen.strangers += 1;
        }
    }
    seen
}

fn from_database(user: u64) -> Result<Session, NoSuchUser> {
    if user % 101 == 7 {
        return Err(NoSuchUser);
    }
    Ok(session_of(user))
}

fn session_of(user: u64) -> Session {
    Session {
        user,
        token: token(user),
    }
}

fn token(user: u64) -> String {
    format!("{:016x}", user.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

/// The smaller the number, the more often it comes.
fn some_user(random: &mut u64, users: u64) -> u64 {
    let mut draw = || {
        *random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*random >> 33) % users
    };
    draw() * draw() / users * draw() / users * draw() / users
}

impl Report {
    /// What is not as it should be.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let Stats {
            hits,
            misses,
            loads,
            ..
        } = self.stats;
        let Seen { strangers, refused } = self.seen;
        if self.panicked {
            Some("a thread panicked")
        } else if strangers > 0 {
            Some("a user got another user's session")
        } else if hits + misses != self.wanted {
            Some("a request was not counted")
        } else if misses != loads + refused {
            Some("a miss was neither loaded nor refused")
        } else if self.len > self.capacity {
            Some("there are more entries than the capacity")
        } else {
            None
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Stats {
            hits,
            misses,
            loads,
            evicted,
            expired,
        } = self.stats;
        let requests = hits + misses;
        let share = 100 * hits / requests.max(1);
        let (milliseconds, len, capacity) = (self.took.as_millis(), self.len, self.capacity);
        writeln!(f, "{requests} requests in {milliseconds} ms")?;
        writeln!(f, "{hits:>9} hits, {share} %")?;
        writeln!(
            f,
            "{misses:>9} misses, {loads} loaded, {} refused",
            self.seen.refused
        )?;
        writeln!(f, "{evicted:>9} evicted, {expired} expired")?;
        write!(f, "{len:>9} entries of at most {capacity}")
    }
}
