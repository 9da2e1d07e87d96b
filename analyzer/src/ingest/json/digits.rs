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
