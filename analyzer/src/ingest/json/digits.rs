//! Numbers, which most of the time are a few digits.

/// A number that begins and ends here, of up to 18 digits, and how long it is.
pub(super) fn digits(bytes: &[u8]) -> Option<(u64, usize)> {
    let (mut number, mut length) = (0, 0);
    for byte in bytes.iter().take(19) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return (length > 0 && matches!(byte, b',' | b'}')).then_some((number, length));
        }
        // What overflows is longer than 18 digits.
        number = number.wrapping_mul(10).wrapping_add(u64::from(digit));
        length += 1;
    }
    None
}
