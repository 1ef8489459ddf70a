//! How often operations are sampled.
//!
//! ```text
//!   a fraction, 0.005 ──► the mean number of operations from one sample to the next, 200, in 256ths
//! ```

use crate::sync::AtomicUsize;

/// The parts of an operation that a mean counts in.
const PARTS: u32 = 256;

/// The mean number of operations from one sample to the next, in 256ths; 0: no operation is sampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mean(u32);

impl Mean {
    /// One operation in 200.
    pub(crate) const DEFAULT: Self = Self(200 * PARTS);

    /// That of `rate`, a fraction from 0 to 1; `None`, if it is none.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between 256 and infinity, and a cast saturates"
    )]
    pub(crate) fn of_rate(rate: f64) -> Option<Self> {
        if rate == 0.0 {
            return Some(Self(0));
        }
        let is_fraction = rate > 0.0 && rate <= 1.0;
        is_fraction.then(|| Self((f64::from(PARTS) / rate + 0.5) as u32))
    }

    pub(crate) fn rate(self) -> f64 {
        if self.0 == 0 {
            0.0
        } else {
            f64::from(PARTS) / f64::from(self.0)
        }
    }

    /// How many operations further the next sample is, the one that it is included; `random` says which: evenly from 1
    /// to twice the mean, less one. `None`: no operation is to be sampled.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "at most 2 · u32::MAX / 256, where usize has 32 bits or more"
    )]
    pub(super) fn draw(self, random: u32) -> Option<usize> {
        let beyond_one = self.0.checked_sub(PARTS)?;
        // In parts: up to twice what the mean is beyond one; and up to a whole for the fraction, rounded at random.
        let drawn = (2 * u64::from(beyond_one) * u64::from(random)) >> 32;
        let round = u64::from(random & (PARTS - 1));
        Some(1 + ((drawn + round) / u64::from(PARTS)) as usize)
    }
}

/// A [`Mean`] that may be set while others read it.
pub(crate) struct Rate(AtomicUsize);

impl Rate {
    pub(crate) fn new() -> Self {
        let rate = Self(AtomicUsize::new(0));
        rate.set(Mean::DEFAULT);
        rate
    }

    pub(crate) fn set(&self, mean: Mean) {
        // Relaxed: a setting; nothing is published with it.
        self.0.store_relaxed(mean.0 as usize);
    }

    #[expect(clippy::cast_possible_truncation, reason = "of a u32")]
    pub(crate) fn get(&self) -> Mean {
        // Relaxed: as in `set`.
        Mean(self.0.load_relaxed() as u32)
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn the_mean_of_what_is_drawn_is_the_rate() {
        for rate in [1.0, 0.7, 0.5, 0.1, 0.005] {
            let mean = Mean::of_rate(rate).unwrap();
            assert!((mean.rate() - rate).abs() < 0.003 * rate, "{rate}");
            let draws = if cfg!(miri) { 1 << 8 } else { 1 << 16 };
            // Evenly over all numbers, and odd in their lower bits.
            let step = u32::MAX / draws + 2;
            let sum: u64 = (0..draws)
                .map(|n| mean.draw(n.wrapping_mul(step)).unwrap() as u64)
                .sum();
            let sum = u32::try_from(sum).unwrap();
            let of_all = f64::from(draws) / f64::from(sum);
            assert!((of_all / rate - 1.0).abs() < 0.02, "{rate}: {of_all}");
        }
        assert_eq!(Mean::of_rate(1.0).unwrap().draw(u32::MAX), Some(1));
        assert_eq!(Mean::of_rate(0.0).unwrap().draw(7), None);
    }

    #[test]
    fn what_is_no_fraction_is_no_rate() {
        for wrong in [f64::NAN, -0.1, 1.1, f64::INFINITY] {
            assert_eq!(Mean::of_rate(wrong), None);
        }
        // Far apart, but not never.
        assert_eq!(Mean::of_rate(1e-300), Some(Mean(u32::MAX)));
        assert_eq!(Mean::of_rate(0.005), Some(Mean::DEFAULT));
    }
}
