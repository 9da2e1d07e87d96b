//! What a report of a backtest says, before it is text or Markdown.
//!
//! Clients appear as networks unless addresses are asked for, and nothing that
//! a rule file says reaches a terminal unescaped.

use super::result::{Backtest, CohortResult, time_text};

/// Most clients that a report lists.
const CLIENTS_SHOWN: usize = 10;

/// A report.
pub(super) struct Document {
    pub(super) title: String,
    /// One sentence or list each.
    pub(super) facts: Vec<String>,
    pub(super) tables: Vec<Table>,
}

/// A table whose first column names what the others count.
pub(super) struct Table {
    pub(super) title: &'static str,
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Row>,
    /// What to say below it, or instead of it where it has no rows.
    pub(super) notes: Vec<String>,
}

pub(super) struct Row {
    /// Whether it needs somebody's attention.
    pub(super) marked: bool,
    pub(super) cells: Vec<String>,
}

impl Document {
    pub(super) fn of(backtest: &Backtest, addresses: bool) -> Self {
        let site = plain(&backtest.site);
        Self {
            title: format!("Backtest of {site}, rules {}", plain(&backtest.version)),
            facts: facts(backtest),
            tables: vec![
                totals(backtest),
                rules(backtest),
                cohorts(backtest),
                clients(backtest, addresses),
            ],
        }
    }
}

fn facts(backtest: &Backtest) -> Vec<String> {
    let mut facts = Vec::new();
    if let Some(window) = backtest.window {
        facts.push(format!("From {} to {}.", time_text(window.from), time_text(window.to)));
    }
    let lines = &backtest.lines;
    facts.push(format!(
        "Lines: {} read, {} bad, {} logged twice.",
        grouped(lines.read),
        grouped(lines.bad),
        grouped(lines.duplicate)
    ));
    if backtest.unknown > 0 {
        facts.push(format!(
            "Requests of clients that the log does not say: {}.",
            grouped(backtest.unknown)
        ));
    }
    facts.push(format!("Assumed: {}.", assumptions(backtest)));
    facts.push("Replayed as logged: no client reacts to a refusal, a hit stays a hit.".to_owned());
    facts
}

/// The assumptions in the words of the JSON form.
fn assumptions(backtest: &Backtest) -> String {
    let words = serde_json::to_value(backtest.assumptions).unwrap_or_default();
    let words = words.as_object().into_iter().flatten();
    let words: Vec<_> =
        words.map(|(what, word)| format!("{what} {}", word.as_str().unwrap_or("?"))).collect();
    words.join(", ")
}

fn totals(backtest: &Backtest) -> Table {
    let units = &backtest.origin_units;
    let row = |name: &str, count, of: Option<u64>| {
        let share = of.map(|of| share(count, of)).unwrap_or_default();
        Row::new(false, vec![name.to_owned(), grouped(count), share])
    };
    Table {
        title: "Totals",
        head: vec!["", "count", "share"],
        rows: vec![
            row("requests", backtest.requests, None),
            row("throttled", backtest.throttled, Some(backtest.requests)),
            row("blocked", backtest.blocked, Some(backtest.requests)),
            row("origin units offered", units.offered, None),
            row("origin units admitted", units.admitted, Some(units.offered)),
        ],
        notes: Vec::new(),
    }
}

fn rules(backtest: &Backtest) -> Table {
    let rows: Vec<_> = backtest
        .rules
        .iter()
        .map(|rule| {
            let shadow = rule.shadow_throttled + rule.shadow_blocked;
            let counts = [rule.matched, rule.throttled, rule.blocked, shadow];
            Row::new(false, cells(plain(&rule.id), &counts))
        })
        .collect();
    Table {
        title: "Rules",
        head: vec!["rule", "decided", "throttled", "blocked", "in shadow"],
        notes: if rows.is_empty() { vec!["No rules.".to_owned()] } else { Vec::new() },
        rows,
    }
}

fn cohorts(backtest: &Backtest) -> Table {
    let rows: Vec<_> = backtest
        .cohorts
        .iter()
        .map(|cohort| {
            let mut row = cells(plain(&cohort.name), &[cohort.clients, cohort.clients_throttled]);
            row.push(share(cohort.clients_throttled, cohort.clients));
            row.extend(
                [cohort.clients_starved, cohort.clients_blocked, cohort.requests].map(grouped),
            );
            row.push(grouped(cohort.requests_throttled));
            Row::new(!cohort.within_budget, row)
        })
        .collect();
    let notes: Vec<_> = match rows.is_empty() {
        true => vec!["No cohorts: nobody is protected by a budget.".to_owned()],
        false => backtest.cohorts.iter().flat_map(over_budget).collect(),
    };
    Table {
        title: "Cohorts, in visitors",
        head: vec![
            "cohort",
            "visitors",
            "throttled",
            "share",
            "starved",
            "blocked",
            "requests",
            "429",
        ],
        rows,
        notes,
    }
}

fn over_budget(cohort: &CohortResult) -> Vec<String> {
    let name = plain(&cohort.name);
    let over = cohort.harms().into_iter().filter(|harm| harm.is_over);
    over.map(|harm| {
        let (found, budget) = (share(harm.clients, cohort.clients), percent(harm.budget));
        format!("{name} is over its budget: {found} {}, allowed {budget}.", harm.what)
    })
    .collect()
}

fn clients(backtest: &Backtest, addresses: bool) -> Table {
    let worst = backtest.worst(CLIENTS_SHOWN);
    let refused = worst.iter().filter(|client| client.throttled + client.blocked > 0);
    let rows: Vec<_> = refused
        .map(|client| {
            let name = if addresses { client.key.to_string() } else { client.key.network() };
            let counts = [client.requests, client.throttled, client.blocked];
            let mut row = cells(name, &counts);
            row.extend([client.origin_units, client.origin_units_admitted].map(grouped));
            row.push(seconds(client.longest_refusal_ms));
            Row::new(client.starved, row)
        })
        .collect();
    let mut notes = Vec::new();
    if rows.is_empty() {
        notes.push("No client was refused.".to_owned());
    } else if rows.iter().any(|row| row.marked) {
        notes.push("Marked clients starved: a minute or more of refusals only.".to_owned());
    }
    Table {
        title: "Clients refused most often",
        head: vec![
            "client",
            "requests",
            "throttled",
            "blocked",
            "units",
            "admitted",
            "longest run",
        ],
        rows,
        notes,
    }
}

impl Row {
    const fn new(marked: bool, cells: Vec<String>) -> Self {
        Self { marked, cells }
    }
}

fn cells(name: String, counts: &[u64]) -> Vec<String> {
    std::iter::once(name).chain(counts.iter().copied().map(grouped)).collect()
}

/// A count with its thousands apart.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn seconds(millis: u64) -> String {
    format!("{}.{} s", grouped(millis / 1_000), millis % 1_000 / 100)
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn share(count: u64, of: u64) -> String {
    if of == 0 { "-".to_owned() } else { percent(count as f64 / of as f64) }
}

/// A share from 0 to 1 as a percentage; what is not nothing never looks like it.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if share > 0.0 && percent < 0.01 { "<0.01 %".to_owned() } else { format!("{percent:.2} %") }
}

/// A text of a rule file, with what a terminal would obey escaped.
fn plain(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '\'' | '\\' => shown.push(c),
            c => shown.extend(c.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_and_shares_rounded() {
        let counts = [0, 999, 1_000, 123_456, 1_234_567].map(grouped);
        assert_eq!(counts, ["0", "999", "1,000", "123,456", "1,234,567"]);
        let shares = [(0, 0), (0, 9), (1, 1_000_000), (1, 1_000), (9, 9)];
        let shown = shares.map(|(count, of)| share(count, of));
        assert_eq!(shown, ["-", "0.00 %", "<0.01 %", "0.10 %", "100.00 %"]);
        assert_eq!(seconds(61_450), "61.4 s");
    }

    #[test]
    fn a_terminal_obeys_no_rule_file() {
        assert_eq!(plain("a\u{1b}[31m\n\u{202e}ü\"'"), "a\\u{1b}[31m\\n\\u{202e}ü\"'");
    }
}
