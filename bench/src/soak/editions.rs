//! docs.rs's rules in ever new editions: as they are, with half the burst, and with
//! the rule against walking enforced, in turn.

use anyhow::{Result, anyhow, ensure};
use tidegate_rules::pack::{self, Entries};
use tidegate_rules::{Ruleset, compile};

/// The rules that stand in front of docs.rs.
const RULES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/docs-rs.toml");

/// The least burst of any edition, in units: nobody is refused who had less.
pub(super) const LEAST_BURST: f64 = 6_000.0;
/// What every budget refills by, in units a second, at most.
pub(super) const REFILL: f64 = 40.0;
/// The breadth above which the third edition has a smaller budget, less what the
/// count may be wrong by.
pub(super) const LEAST_BREADTH: u64 = 120;

/// An edition, ready to be published.
pub(super) struct Edition {
    /// What records call it.
    pub(super) version: String,
    pub(super) entries: Entries,
}

/// The edition of a number. No two have one version.
///
/// # Errors
///
/// Where the rules do not compile, or have changed so that no edition can be made.
pub(super) fn edition(number: u32) -> Result<Edition> {
    let rules = changed(number)?;
    let packs = pack::encode(&rules)?;
    let version = pack::version(&packs.rules);
    Ok(Edition { version, entries: pack::to_entries(&packs)? })
}

fn changed(number: u32) -> Result<Ruleset> {
    const ADVICE: &str = "advice = \"Keep the answers you get";

    let numbered = format!("advice = \"Edition {number}. Keep the answers you get");
    let change = match number % 3 {
        0 => None,
        1 => Some(("burst = 12_000\n\n[[quota]]\nname  = \"poller\"", "burst = 6_000")),
        _ => Some(("mode   = \"shadow\"", "mode   = \"enforce\"")),
    };
    let own = std::fs::read_to_string(RULES)?;
    let mut text = own.replacen(ADVICE, &numbered, 1);
    ensure!(text != own, "`{ADVICE}` is not in `{RULES}` any more");
    if let Some((from, to)) = change {
        let kept = from.split_once('\n').map_or("", |(_, rest)| rest);
        let to = if kept.is_empty() { to.to_owned() } else { format!("{to}\n{kept}") };
        let before = text.clone();
        text = text.replacen(from, &to, 1);
        ensure!(text != before, "`{from}` is not in `{RULES}` any more");
    }
    let mut read = |file: &str| match file {
        RULES => Ok(text.clone()),
        other => std::fs::read_to_string(other).map_err(|error| error.to_string()),
    };
    Ok(compile(RULES, &mut read).map_err(|mistakes| anyhow!("{mistakes}"))?.rules)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_editions_are_one_and_none_refuses_earlier_than_is_said() {
        let versions = (0..6).map(|number| edition(number).unwrap().version);
        assert_eq!(versions.collect::<HashSet<_>>().len(), 6);
    }
}
