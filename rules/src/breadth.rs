//! Breadth: how many *different* pages a key asks for, in a few bytes.
//!
//! Linear counting (Whang, Vander-Zanden, Taylor 1990): a page sets one bit of
//! a bitmap, and the share of bits still clear tells how many pages there were.
//! Two bitmaps cover the current and the last half of the window, so a count
//! spans between half a window and a whole one.
//!
//! The standard error for n pages in m bits is `sqrt(m (e^t - t - 1)) / n` with
//! `t = n / m`; [`bits_for`] keeps it under 7 % at the threshold asked for.

use crate::request::Time;

/// Most bits that a bitmap may have; above it a cell would not fit its bound.
pub const BITS_BOUND: u32 = 1024;

/// Largest threshold that a rule may ask for.
pub const THRESHOLD_BOUND: u32 = 2 * BITS_BOUND;

/// Bits for telling counts up to `threshold`, at most [`THRESHOLD_BOUND`], from
/// more: a power of two from 128 to [`BITS_BOUND`].
#[must_use]
pub fn bits_for(threshold: u32) -> u32 {
    (2 * threshold.min(THRESHOLD_BOUND)).next_power_of_two().clamp(128, BITS_BOUND)
}

/// The number of the half-window of `window_ms` that `now` lies in.
#[must_use]
pub fn half_window(now: Time, window_ms: u32) -> u32 {
    let half = u64::from(window_ms / 2).max(1);
    u32::try_from(now.unix_millis() / half).unwrap_or(u32::MAX)
}

/// Marks `page` in the bitmaps and returns how many different pages they hold.
///
/// `half` is the half-window that `current` belongs to; both bitmaps, of one
/// length, are moved on where `now_half` is later. A clock that went back counts
/// as no time.
pub fn mark(half: &mut u32, current: &mut [u8], last: &mut [u8], now_half: u32, page: u64) -> u32 {
    match now_half.saturating_sub(*half) {
        0 => {}
        1 => {
            last.iter_mut().zip(&*current).for_each(|(last, current)| *last = *current);
            current.fill(0);
        }
        _ => {
            last.fill(0);
            current.fill(0);
        }
    }
    *half = now_half.max(*half);
    set(current, page);
    count(current, last)
}

/// Whether the bit of `page` is set in a bitmap.
#[must_use]
pub fn holds(bitmap: &[u8], page: u64) -> bool {
    let (at, bit) = place(bitmap, page);
    bitmap.get(at).is_some_and(|byte| byte & bit != 0)
}

fn set(bitmap: &mut [u8], page: u64) {
    let (at, bit) = place(bitmap, page);
    if let Some(byte) = bitmap.get_mut(at) {
        *byte |= bit;
    }
}

/// The byte of a page, and its bit there.
fn place(bitmap: &[u8], page: u64) -> (usize, u8) {
    let bit = page % (bitmap.len() as u64 * 8).max(1);
    (usize::try_from(bit / 8).unwrap_or_default(), 1 << (bit % 8))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "counts of at most 1024 bits"
)]
fn count(current: &[u8], last: &[u8]) -> u32 {
    let bits = current.len() * 8;
    let clear: u32 = current.iter().zip(last).map(|(a, b)| (a | b).count_zeros()).sum();
    // A full bitmap says "many": as if half a bit were left.
    let clear = f64::from(clear).max(0.5);
    (-(bits as f64) * (clear / bits as f64).ln()).round() as u32
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::key::HashKey;

    fn page(n: u32) -> u64 {
        HashKey::default().hash(b'p', &[&n.to_le_bytes()]) as u64
    }

    fn counted(threshold: u32, pages: u32) -> u32 {
        let bytes = (bits_for(threshold) / 8) as usize;
        let (mut current, mut last, mut half) = (vec![0; bytes], vec![0; bytes], 0);
        (0..pages).map(|n| mark(&mut half, &mut current, &mut last, 0, page(n))).last().unwrap_or(0)
    }

    #[test]
    fn the_standard_error_at_a_threshold_is_as_stated() {
        for threshold in 1..=THRESHOLD_BOUND {
            let (n, m) = (f64::from(threshold), f64::from(bits_for(threshold)));
            let t = n / m;
            let error = (m * (t.exp() - t - 1.0)).sqrt() / n;
            assert!(error < 0.07, "{error} at {threshold}");
        }
    }

    #[test]
    fn counts_within_three_standard_errors_at_the_threshold() {
        for threshold in [20, 50, 64, 150, 500, 1_000, 2_000] {
            let found = f64::from(counted(threshold, threshold));
            let error = (found - f64::from(threshold)).abs() / f64::from(threshold);
            assert!(error < 0.21, "{found} for {threshold}");
        }
    }

    #[test]
    fn any_threshold_has_a_bitmap_within_its_bounds() {
        assert_eq!(bits_for(0), 128);
        assert_eq!(bits_for(65), 256);
        assert_eq!(bits_for(u32::MAX), BITS_BOUND);
    }

    #[test]
    fn the_same_page_counts_once() {
        let (mut current, mut last, mut half) = (vec![0; 16], vec![0; 16], 0);
        for _ in 0..1000 {
            assert_eq!(mark(&mut half, &mut current, &mut last, 7, 42), 1);
        }
    }

    #[test]
    fn half_windows_roll() {
        let (mut current, mut last, mut half) = (vec![0; 16], vec![0; 16], 0);
        let mut at = |h, p| mark(&mut half, &mut current, &mut last, h, p);
        assert_eq!(at(10, 1), 1);
        assert_eq!(at(11, 2), 2, "the last half still counts");
        assert_eq!(at(12, 3), 2, "the one before it does not");
        assert_eq!(at(20, 4), 1, "a pause forgets");
        assert_eq!(at(19, 5), 2, "a clock that goes back counts as no time");
    }

    #[test]
    fn a_full_bitmap_says_many() {
        assert!(counted(20, 100_000) > 500);
    }

    proptest! {
        /// Whatever the clock does: at least this page is counted, never fewer
        /// pages than a moment before at the same time, and asking again for a
        /// page changes nothing.
        #[test]
        fn counts_hold_whatever_the_clock_does(
            asked in prop::collection::vec((any::<u64>(), 0_u32..6), 1..60),
        ) {
            let (mut current, mut last, mut half) = (vec![0; 16], vec![0; 16], 0);
            let (mut before, mut latest) = (0, 0);
            for (page, now) in asked {
                let count = mark(&mut half, &mut current, &mut last, now, page);
                prop_assert!(count >= 1);
                prop_assert!(count >= before || now > latest, "{} after {}", count, before);
                prop_assert_eq!(mark(&mut half, &mut current, &mut last, now, page), count);
                latest = latest.max(now);
                prop_assert_eq!(half, latest);
                before = count;
            }
        }
    }
}
