//! Linear counting: how many different ones set some bits of a small bitmap.

/// How many different ones set `ones` of `bits` bits: linear counting.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "an estimate of at most a few hundred"
)]
pub(super) fn linear(ones: u32, bits: u32) -> u64 {
    let empty = bits.saturating_sub(ones).max(1);
    (f64::from(bits) * (f64::from(bits) / f64::from(empty)).ln()).round() as u64
}

/// A bitmap of `bits` bits that counts as `number` different ones, about.
pub(super) fn filled(number: u64, bits: u32) -> u64 {
    let ones = (0..bits).find(|ones| linear(*ones, bits) >= number).unwrap_or(bits);
    u64::MAX.checked_shr(u64::BITS - ones).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_bitmap_counts_as_what_it_was_filled_for() {
        for number in [0, 1, 2, 5, 10, 50, 100, 200] {
            let counted = linear(filled(number, 64).count_ones(), 64);
            assert!(counted >= number && counted <= number + number / 3 + 1, "{number} {counted}");
        }
        assert_eq!(filled(1_000, 64), u64::MAX);
        assert_eq!(linear(64, 64), 266);
    }
}
