//! Numbers, which most of the time are a few digits.

/// Bytes of a word.
const WORD: usize = 8;

/// A number that begins and ends here, of up to 18 digits, and what follows it.
pub(super) fn digits(text: &str) -> Option<(u64, &str)> {
    let (number, length) = text.as_bytes().first_chunk().and_then(few).or_else(|| many(text))?;
    let ends = matches!(text.as_bytes().get(length), Some(b',' | b'}'));
    ends.then(|| Some((number, text.get(length..)?)))?
}

/// A number of up to seven digits and how long it is: nobody can foresee that, so there is
/// no branch on it for the processor to guess at.
fn few(text: &[u8; WORD]) -> Option<(u64, usize)> {
    const HIGHS: u64 = u64::from_ne_bytes([0x80; WORD]);
    let digits = u64::from_le_bytes(*text) ^ u64::from_le_bytes([b'0'; WORD]);
    // Marks what is above nine.
    let others = (((digits & !HIGHS) + u64::from_ne_bytes([0x76; WORD])) | digits) & HIGHS;
    let length = others.trailing_zeros() as usize / 8;
    if !(1..WORD).contains(&length) {
        return None;
    }
    // Zeros before it, then digits to pairs, pairs to fours, and fours to one number.
    let ones = digits << (8 * (WORD - length));
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    Some(((fours * 10_000 + (fours >> 32)) & 0xffff_ffff, length))
}

fn many(text: &str) -> Option<(u64, usize)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let number = text.get(..length).filter(|_| length <= 18)?.parse().ok()?;
    Some((number, length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_are_read_as_the_standard_library_reads_them(text in "[0-9]{0,20}[,}. a\u{fc}]?[0-9,]{0,9}") {
            let (number, rest) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
            let ends = rest.starts_with([',', '}']) && number.len() <= 18;
            let expected = number.parse().ok().filter(|_| ends).map(|number| (number, rest));
            prop_assert_eq!(digits(&text), expected);
        }
    }
}
