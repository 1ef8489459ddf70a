//! A profile as a table that a person reads.

use alloc::format;
use alloc::string::ToString;
use core::fmt;

use super::{OperationKind, Profile};
use crate::probe::HotSpot;

/// Lines for each sort of what is hot.
const LINES: usize = 5;

/// `part` in thousandths of `all`, written as a percentage with a place behind the point.
struct Percent(usize, usize);

impl fmt::Display for Percent {
    #[expect(
        clippy::cast_precision_loss,
        reason = "it is shown with three digits or four"
    )]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(_, 0) => f.pad("-"),
            Self(part, all) => write!(f, "{:5.1} %", *part as f64 * 100.0 / *all as f64),
        }
    }
}

impl Profile {
    fn row(&self, f: &mut fmt::Formatter<'_>, what: &str, sampled: usize) -> fmt::Result {
        write!(
            f,
            "\n{what:<18} {sampled:>10} {:>12}  {}",
            self.estimate(sampled),
            Percent(sampled, self.samples())
        )
    }

    fn spots(&self, f: &mut fmt::Formatter<'_>, what: &str, spots: &[HotSpot]) -> fmt::Result {
        head(f, what, "at least")?;
        for spot in spots.iter().take(LINES) {
            self.row(f, &format!("{:#010x}", spot.hash), spot.count)?;
        }
        Ok(())
    }
}

fn head(f: &mut fmt::Formatter<'_>, what: &str, count: &str) -> fmt::Result {
    let estimate = "estimate";
    write!(f, "\n\n{what:<18} {count:>10} {estimate:>12}   of all")
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let samples = self.samples();
        match (self.estimate(1), samples) {
            (_, 0) => f.write_str("no operation sampled")?,
            (1, _) => write!(f, "each operation sampled: {samples}")?,
            (mean, _) => write!(
                f,
                "one operation in {mean} sampled: {samples} for {}",
                self.operations()
            )?,
        }
        if samples > 0 {
            head(f, "operation", "sampled")?;
            for &kind in OperationKind::ALL {
                self.row(f, kind.name(), self.samples_of(kind))?;
            }
            head(f, "met", "sampled")?;
            for (what, count) in self.met() {
                self.row(f, what, count)?;
            }
            head(f, "entries passed", "sampled")?;
            for (range, operations) in self.traversals() {
                let range = match (*range.start(), *range.end()) {
                    (from, usize::MAX) => format!("{from} or more"),
                    (from, to) if from == to => from.to_string(),
                    (from, to) => format!("{from} to {to}"),
                };
                self.row(f, &range, operations)?;
            }
            self.spots(f, "hot key's hash", self.hot_hashes())?;
            self.spots(f, "hot bucket", self.hot_buckets())?;
            self.spots(f, "contended hash", self.contended_hashes())?;
            f.write_str("\n")?;
        }
        write!(
            f,
            "\nremoved entries: {} wait, {} were freed",
            self.retired, self.reclaimed
        )
    }
}

impl Profile {
    /// What operations met, by name.
    pub(super) fn met(&self) -> [(&'static str, usize); 5] {
        [
            ("failed exchanges", self.failed_exchanges()),
            ("retries", self.retries()),
            ("steps again", self.steps_again()),
            ("help", self.helped()),
            ("chunks filled", self.chunks_filled()),
        ]
    }
}
