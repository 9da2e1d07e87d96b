//! How sure a share is that was counted among few.

use serde::Serialize;

/// Standard deviations on either side of a 95 % interval.
const Z: f64 = 1.96;

/// A share with its 95 % interval, each from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Share {
    /// What was counted.
    pub share: f64,
    /// The interval's lower end.
    pub low: f64,
    /// The interval's upper end.
    pub high: f64,
}

impl Share {
    /// `share` as counted among `seen`: Wilson's score interval, which stays
    /// within 0 and 1 and holds for few as well (E. B. Wilson, "Probable
    /// inference, the law of succession, and statistical inference", 1927).
    /// `None` of nobody.
    #[must_use]
    pub fn among(share: f64, seen: f64) -> Option<Self> {
        if seen <= 0.0 {
            return None;
        }
        let share = share.clamp(0.0, 1.0);
        let z2 = Z * Z / seen;
        let middle = share + z2 / 2.0;
        let half = Z * (share * (1.0 - share) / seen + z2 / (4.0 * seen)).sqrt();
        let end = |end: f64| (end / (1.0 + z2)).clamp(0.0, 1.0);
        // Rounding must not make nobody somebody, nor everybody fewer.
        let low = if share == 0.0 { 0.0 } else { end(middle - half) };
        let high = if share == 1.0 { 1.0 } else { end(middle + half) };
        Some(Self { share, low, high })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_wilsons() {
        let rounded = |end: f64| (end * 10_000.0).round() / 10_000.0;
        // As in textbooks.
        for (count, seen, low, high) in
            [(0.0, 10.0, 0.0, 0.2775), (1.0, 10.0, 0.0179, 0.4042), (81.0, 263.0, 0.2553, 0.3662)]
        {
            let found = Share::among(count / seen, seen).unwrap();
            assert_eq!((rounded(found.low), rounded(found.high)), (low, high), "{count}/{seen}");
        }
        assert_eq!(Share::among(0.0, 0.0), None);
        let all = Share::among(1.0, 5.0).unwrap();
        assert!(all.high == 1.0 && all.low < 1.0);
    }
}
