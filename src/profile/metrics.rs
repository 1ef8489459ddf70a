//! A profile's figures through the facade of crate `metrics` (feature `metrics`).

use alloc::string::{String, ToString};
use metrics::{counter, describe_counter, describe_gauge, gauge};

use super::{HotSpot, OperationKind, Profile};

impl Profile {
    /// Gives the figures to the recorder that the program has installed by crate `metrics` 0.24, each with the label `map` of
    /// this value. (Feature `metrics`.)
    ///
    /// Counters are set to the counts since the map was made, so it is [`HashMap::profile`](crate::HashMap::profile) that is to be
    /// recorded, now and then, and not a [difference](Profile::since). Without a recorder this does nothing.
    ///
    /// | name | sort | further labels | what |
    /// | --- | --- | --- | --- |
    /// | `splitmap_sampled_operations_total` | counter | `operation` | [`samples_of`](Self::samples_of) |
    /// | `splitmap_operations_total` | counter | | [`operations`](Self::operations), an estimate |
    /// | `splitmap_sampled_failed_exchanges_total` | counter | | [`failed_exchanges`](Self::failed_exchanges) |
    /// | `splitmap_sampled_retries_total` | counter | | [`retries`](Self::retries) |
    /// | `splitmap_sampled_steps_again_total` | counter | | [`steps_again`](Self::steps_again) |
    /// | `splitmap_sampled_help_total` | counter | | [`helped`](Self::helped) |
    /// | `splitmap_sampled_chunks_filled_total` | counter | | [`chunks_filled`](Self::chunks_filled) |
    /// | `splitmap_sampled_traversals_total` | counter | `passed`, the least of the range | [`traversals`](Self::traversals) |
    /// | `splitmap_reclaimed_total` | counter | | [`reclaimed`](Self::reclaimed) |
    /// | `splitmap_retired` | gauge | | [`retired`](Self::retired) |
    /// | `splitmap_profile_rate` | gauge | | [`rate`](Self::rate) |
    /// | `splitmap_hottest_hash_ratio` | gauge | | the part of the samples that was on one key: the first of [`hot_hashes`](Self::hot_hashes) |
    /// | `splitmap_hottest_bucket_ratio` | gauge | | the same for [buckets](Self::hot_buckets) |
    ///
    /// # Examples
    /// ```
    /// let users = splitmap::HashMap::from([("ada", 1)]);
    /// users.profile().record_metrics("users"); // every few seconds, say
    /// ```
    pub fn record_metrics(&self, map: &str) {
        describe();
        let map: String = map.to_string();
        for &kind in OperationKind::ALL {
            let labels = [("map", map.clone()), ("operation", kind.name().to_string())];
            counter!("splitmap_sampled_operations_total", &labels)
                .absolute(self.samples_of(kind) as u64);
        }
        for (range, operations) in self.traversals() {
            let labels = [("map", map.clone()), ("passed", range.start().to_string())];
            counter!("splitmap_sampled_traversals_total", &labels).absolute(operations as u64);
        }
        for (name, count) in [
            ("splitmap_operations_total", self.operations()),
            (
                "splitmap_sampled_failed_exchanges_total",
                self.failed_exchanges(),
            ),
            ("splitmap_sampled_retries_total", self.retries()),
            ("splitmap_sampled_steps_again_total", self.steps_again()),
            ("splitmap_sampled_help_total", self.helped()),
            ("splitmap_sampled_chunks_filled_total", self.chunks_filled()),
            ("splitmap_reclaimed_total", self.reclaimed()),
        ] {
            counter!(name, "map" => map.clone()).absolute(count as u64);
        }
        for (name, value) in [
            ("splitmap_retired", as_f64(self.retired())),
            ("splitmap_profile_rate", self.rate()),
            ("splitmap_hottest_hash_ratio", self.ratio(self.hot_hashes())),
            (
                "splitmap_hottest_bucket_ratio",
                self.ratio(self.hot_buckets()),
            ),
        ] {
            gauge!(name, "map" => map.clone()).set(value);
        }
    }

    /// The part of the samples that surely was on the first of `spots`.
    fn ratio(&self, spots: &[HotSpot]) -> f64 {
        let hottest = spots.first().map_or(0, HotSpot::at_least);
        as_f64(hottest) / as_f64(self.samples().max(1))
    }
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a f64")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

fn describe() {
    for (name, what) in [
        (
            "splitmap_sampled_operations_total",
            "Operations that were sampled",
        ),
        (
            "splitmap_operations_total",
            "Operations that the samples stand for",
        ),
        (
            "splitmap_sampled_failed_exchanges_total",
            "Exchanges of a link that failed, in sampled operations",
        ),
        (
            "splitmap_sampled_retries_total",
            "Walks and operations that began again, of sampled ones",
        ),
        (
            "splitmap_sampled_steps_again_total",
            "Steps of walks that were done again, in sampled operations",
        ),
        (
            "splitmap_sampled_help_total",
            "Removed entries that were unlinked for others, in sampled operations",
        ),
        (
            "splitmap_sampled_chunks_filled_total",
            "Chunks of new slots that sampled operations filled",
        ),
        (
            "splitmap_sampled_traversals_total",
            "Sampled operations, by how many entries they passed",
        ),
        (
            "splitmap_reclaimed_total",
            "Removed entries that were freed",
        ),
    ] {
        describe_counter!(name, what);
    }
    for (name, what) in [
        ("splitmap_retired", "Removed entries that wait to be freed"),
        (
            "splitmap_profile_rate",
            "The fraction of operations that are sampled",
        ),
        (
            "splitmap_hottest_hash_ratio",
            "The part of the samples that was on the hottest key's hash",
        ),
        (
            "splitmap_hottest_bucket_ratio",
            "The part of the samples that was in the hottest bucket",
        ),
    ] {
        describe_gauge!(name, what);
    }
}
