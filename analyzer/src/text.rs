//! Small pieces of what people read: counts, shares, names cut and escaped,
//! addresses as their networks.
//!
//! No full address passes here unless somebody asked for it, and nothing that
//! a log or a rule file says reaches a terminal or Markdown unescaped.

pub use tidegate_rules::text::grouped;
pub(crate) use tidegate_rules::text::{WIDTH, cut, network, plain, width};

/// The share that `count` is of `of`, as a percentage; `-` of nothing.
#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
pub(crate) fn share(count: u64, of: u64) -> String {
    if of == 0 { "-".to_owned() } else { percent(count as f64 / of as f64) }
}

/// A share from 0 to 1 as a percentage; what is not nothing never looks like it.
pub(crate) fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if share > 0.0 && percent < 0.01 { "<0.01 %".to_owned() } else { format!("{percent:.2} %") }
}

/// A client as people may see it: an address as its network, a hash as it is.
#[must_use]
pub fn masked(key: &str, addresses: bool) -> String {
    match key.parse() {
        Ok(address) if !addresses => network(address),
        _ => key.to_owned(),
    }
}

/// A text that Markdown shows as it is: a name in a rule file makes no table
/// cell, no link and no mention.
pub(crate) fn markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '@' => escaped.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '#' | '!' => {
                escaped.push('\\');
                escaped.push(c);
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded() {
        let shares = [(0, 0), (0, 9), (1, 1_000_000), (1, 1_000), (9, 9)];
        let shown = shares.map(|(count, of)| share(count, of));
        assert_eq!(shown, ["-", "0.00 %", "<0.01 %", "0.10 %", "100.00 %"]);
    }

    #[test]
    fn addresses_are_masked() {
        let shown = |key| masked(key, false);
        assert_eq!(shown("192.0.2.7"), "192.0.2.0/24");
        assert_eq!(shown("::ffff:192.0.2.7"), "192.0.2.0/24");
        assert_eq!(shown("2001:db8:1:2::"), "2001:db8:1::/48");
        assert_eq!(shown("2001:db8::1"), "2001:db8::/48");
        assert_eq!(shown("00c0ffee00c0ffee"), "00c0ffee00c0ffee");
        assert_eq!(masked("192.0.2.7", true), "192.0.2.7");
    }

    #[test]
    fn markdown_in_names_is_shown() {
        assert_eq!(markdown("a|b <i> [x] @me `c`"), "a\\|b &lt;i> \\[x\\] &#64;me \\`c\\`");
    }
}
