//! How keys and entries stand in a snapshot: bytes as they are, and times as milliseconds since 1970, which mean the
//! same to a server that starts later.

use core::fmt;
use core::time::Duration;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::blob::Blob;
use crate::store::Entry;

impl Serialize for Blob {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self)
    }
}

impl<'de> Deserialize<'de> for Blob {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Blob;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Blob, E> {
        Ok(bytes.into())
    }
}

impl Serialize for Entry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (&self.data, self.expires_at.map(to_unix_ms)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (data, expires_at) = <(Blob, Option<u64>)>::deserialize(deserializer)?;
        let expires_at = expires_at
            .map(|unix_ms| {
                from_unix_ms(unix_ms).ok_or_else(|| D::Error::custom("a time too far away"))
            })
            .transpose()?;
        Ok(Self { data, expires_at })
    }
}

fn now_unix_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    milliseconds(now.unwrap_or_default())
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn to_unix_ms(instant: Instant) -> u64 {
    let left = instant.saturating_duration_since(Instant::now());
    now_unix_ms().saturating_add(milliseconds(left))
}

/// What is past becomes now, which an entry does not outlive.
fn from_unix_ms(unix_ms: u64) -> Option<Instant> {
    let left = unix_ms.saturating_sub(now_unix_ms());
    Instant::now().checked_add(Duration::from_millis(left))
}

#[cfg(test)]
mod tests {
    use super::{Entry, from_unix_ms, now_unix_ms, to_unix_ms};
    use core::time::Duration;
    use std::time::Instant;

    #[test]
    fn a_time_comes_back_to_the_millisecond_and_a_past_one_as_past() {
        for seconds in [1, 1_000_000] {
            let end = Instant::now() + Duration::from_secs(seconds);
            let back = from_unix_ms(to_unix_ms(end)).expect("not far away");
            let off = if back > end { back - end } else { end - back };
            // And the time between the two clocks' readings, on a busy machine.
            assert!(off < Duration::from_millis(200), "{off:?}");
        }
        let past = from_unix_ms(now_unix_ms() - 5000);
        let entry = Entry {
            expires_at: past,
            ..Entry::lasting(b"v")
        };
        assert!(entry.is_volatile() && !entry.is_live());
    }
}
