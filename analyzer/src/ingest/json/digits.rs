//! Numbers, which most of the time are a few digits.

/// A number that begins and ends here, of up to 18 digits, and what follows it.
pub(super) fn digits(text: &str) -> Option<(u64, &str)> {
    let mut number = 0;
    for (length, byte) in text.bytes().take(19).enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            let ends = length > 0 && matches!(byte, b',' | b'}');
            return ends.then(|| Some((number, text.get(length..)?)))?;
        }
        // What overflows is longer than 18 digits.
        number = u64::wrapping_mul(number, 10).wrapping_add(u64::from(digit));
    }
    None
}
