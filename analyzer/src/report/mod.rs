//! What people look at after a night: the same model as text for a terminal and
//! as Markdown for a pull request.

mod text;

use crate::analysis::Analysis;

/// The analysis for a terminal: at most 80 columns. Addresses are shortened to
/// their networks unless asked for.
#[must_use]
pub fn text(analysis: &Analysis, addresses: bool) -> String {
    text::render(analysis, addresses, &text::TERMINAL)
}

/// The analysis as Markdown.
#[must_use]
pub fn markdown(analysis: &Analysis, addresses: bool) -> String {
    text::render(analysis, addresses, &text::MARKDOWN)
}

/// A number with its thousands apart.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A client as people may see it: an address as its network, a hash as it is.
#[must_use]
pub fn masked(key: &str, addresses: bool) -> String {
    match key.parse() {
        Ok(std::net::IpAddr::V4(v4)) if !addresses => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.x")
        }
        Ok(std::net::IpAddr::V6(v6)) if !addresses => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:x")
        }
        _ => key.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }

    #[test]
    fn addresses_are_masked() {
        assert_eq!(masked("192.0.2.7", false), "192.0.2.x");
        assert_eq!(masked("2001:db8:1:2::", false), "2001:db8:1:x");
        assert_eq!(masked("192.0.2.7", true), "192.0.2.7");
        assert_eq!(masked("00c0ffee00c0ffee", false), "00c0ffee00c0ffee");
    }
}
