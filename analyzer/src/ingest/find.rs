//! Bytes that are looked for in texts of log lines.
//!
//! Most of these texts are short, and what is looked for is found soon: to call a
//! search that is made for long texts costs more than to search.

/// Where the first byte is that is either of two.
#[inline(always)]
pub(crate) fn either<const A: u8, const B: u8>(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes;
    while let Some((word, after)) = rest.split_first_chunk() {
        let word = u64::from_le_bytes(*word);
        let found = zeros(word ^ (ONES * u64::from(A))) | zeros(word ^ (ONES * u64::from(B)));
        if found != 0 {
            return Some(bytes.len() - rest.len() + found.trailing_zeros() as usize / 8);
        }
        rest = after;
        while let Some((piece, after)) = rest.split_first_chunk()
            && !has_either::<A, B>(piece)
        {
            rest = after;
        }
    }
    let at = rest.iter().position(|byte| *byte == A || *byte == B)?;
    Some(bytes.len() - rest.len() + at)
}

/// Whether one of the bytes is either of two; written so that the compiler compares all
/// of them at once.
fn has_either<const A: u8, const B: u8>(piece: &[u8; 16]) -> bool {
    piece.iter().fold(false, |has, byte| has | ((byte ^ A).min(byte ^ B) == 0))
}

const ONES: u64 = u64::from_ne_bytes([1; 8]);

/// Marks the zero bytes of a word; marks above the first may be wrong.
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & (ONES << 7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_first_of_either_is_found(bytes in "[a-z\\x00\u{80}\u{ff}!#]{0,200}[\"\\\\]?[a\"\\\\]{0,40}") {
            let bytes = bytes.as_bytes();
            let first = bytes.iter().position(|byte| matches!(byte, b'"' | b'\\'));
            prop_assert_eq!(either::<b'"', b'\\'>(bytes), first);
        }
    }
}
