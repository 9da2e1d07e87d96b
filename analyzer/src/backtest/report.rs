//! What people read of a backtest: text for a terminal, and Markdown for a pull
//! request. Clients appear as networks unless addresses are asked for.

mod beside;

use tidegate_rules::cohorts::CohortResult;

use super::result::Backtest;
use crate::page::{Form, Page};
use crate::table::{Row, Table};
use crate::text::{grouped, masked, percent, share};

const NO_COHORTS: &str = "No cohorts: nobody is protected by a budget.";

/// Most clients that a report lists.
const CLIENTS_SHOWN: usize = 10;

/// Renders a backtest as aligned text, with full client addresses or with their
/// networks. Long names are cut; whoever needs them whole reads the JSON form.
#[must_use]
pub fn render_text(backtest: &Backtest, addresses: bool) -> String {
    render(backtest, addresses, Form::Text)
}

/// Renders a backtest as Markdown, with full client addresses or with their
/// networks.
#[must_use]
pub fn render_markdown(backtest: &Backtest, addresses: bool) -> String {
    render(backtest, addresses, Form::Markdown)
}

fn render(backtest: &Backtest, addresses: bool, form: Form) -> String {
    let title = format!("Backtest of {}, rules {}", backtest.site, backtest.version);
    let mut page = Page::new(form, &title);
    facts(backtest).iter().for_each(|fact| page.item(fact));
    let mut sections = vec![totals(backtest), rules(backtest), cohorts(backtest)];
    sections.extend(beside::sections(backtest));
    sections.push(clients(backtest, addresses));
    for section in sections {
        page.heading(section.title);
        page.table(&section.table);
        section.notes.iter().for_each(|note| page.item(note));
    }
    page.finish()
}

/// A backtest in a few sentences, for whoever asks only whether rules may go on.
#[must_use]
pub fn summary(backtest: &Backtest) -> Vec<String> {
    let Backtest { requests, throttled, blocked, origin_units: units, .. } = backtest;
    let mut told: Vec<_> = backtest.window.iter().map(|window| window.told()).collect();
    told.push(format!(
        "Requests: {}, of which {} throttled, {} blocked.",
        grouped(*requests),
        share(*throttled, *requests),
        share(*blocked, *requests)
    ));
    told.push(format!(
        "Origin units: {}, of which {} admitted.",
        grouped(units.offered),
        share(units.admitted, units.offered)
    ));
    told.push(backtest.assumptions.told());
    told.push(match (backtest.cohorts.len(), backtest.within_budgets()) {
        (0, _) => NO_COHORTS.to_owned(),
        (cohorts, true) => format!("Cohorts: {cohorts}, each within its budget."),
        (cohorts, false) => format!("Cohorts: {cohorts}, not all within their budgets."),
    });
    told.extend(backtest.cohorts.iter().flat_map(over_budget));
    told
}

/// A table under its title.
struct Section<'b> {
    title: &'static str,
    table: Table<'b>,
    /// What to say below the table, or instead of it where it has no rows.
    notes: Vec<String>,
}

fn facts(backtest: &Backtest) -> Vec<String> {
    let mut facts: Vec<_> = backtest.window.iter().map(|window| window.told()).collect();
    facts.push(backtest.lines.told());
    if backtest.unknown > 0 {
        let unknown = grouped(backtest.unknown);
        facts.push(format!("Requests of clients that the log does not say: {unknown}."));
    }
    facts.push(backtest.assumptions.told());
    facts.push("Replayed as logged: no client reacts to a refusal, a hit stays a hit.".to_owned());
    facts
}

fn totals(backtest: &Backtest) -> Section<'static> {
    let units = &backtest.origin_units;
    let row = |name: &str, count, of: Option<u64>| {
        let share = of.map(|of| share(count, of)).unwrap_or_default();
        Row::new(false, vec![name.to_owned(), grouped(count), share])
    };
    let rows = vec![
        row("requests", backtest.requests, None),
        row("throttled", backtest.throttled, Some(backtest.requests)),
        row("blocked", backtest.blocked, Some(backtest.requests)),
        row("origin units offered", units.offered, None),
        row("origin units admitted", units.admitted, Some(units.offered)),
    ];
    let table = Table { head: vec!["", "count", "share"], rows };
    Section { title: "Totals", table, notes: Vec::new() }
}

fn rules(backtest: &Backtest) -> Section<'static> {
    let rows: Vec<_> = backtest
        .rules
        .iter()
        .map(|rule| {
            let shadow = rule.shadow_throttled + rule.shadow_blocked;
            let counts = [rule.matched, rule.throttled, rule.blocked, shadow];
            Row::new(false, cells(&rule.id, &counts))
        })
        .collect();
    let notes = if rows.is_empty() { vec!["No rules.".to_owned()] } else { Vec::new() };
    let head = vec!["rule", "decided", "throttled", "blocked", "in shadow"];
    Section { title: "Rules", table: Table { head, rows }, notes }
}

fn cohorts(backtest: &Backtest) -> Section<'static> {
    let rows: Vec<_> = backtest
        .cohorts
        .iter()
        .map(|cohort| {
            let mut row = cells(&cohort.name, &[cohort.clients, cohort.clients_throttled]);
            row.push(share(cohort.clients_throttled, cohort.clients));
            row.extend(
                [cohort.clients_starved, cohort.clients_blocked, cohort.requests].map(grouped),
            );
            row.push(grouped(cohort.requests_throttled));
            Row::new(!cohort.within_budget, row)
        })
        .collect();
    let notes: Vec<_> = match rows.is_empty() {
        true => vec![NO_COHORTS.to_owned()],
        false => backtest.cohorts.iter().flat_map(over_budget).collect(),
    };
    let head =
        vec!["cohort", "visitors", "throttled", "share", "starved", "blocked", "requests", "429"];
    Section { title: "Cohorts, in visitors", table: Table { head, rows }, notes }
}

fn over_budget(cohort: &CohortResult) -> Vec<String> {
    let name = &cohort.name;
    let over = cohort.harms().into_iter().filter(|harm| harm.is_over);
    over.map(|harm| {
        let (found, budget) = (share(harm.clients, cohort.clients), percent(harm.budget));
        format!("{name} is over its budget: {found} {}, allowed {budget}.", harm.what)
    })
    .collect()
}

fn clients(backtest: &Backtest, addresses: bool) -> Section<'static> {
    let worst = backtest.worst(CLIENTS_SHOWN);
    let refused = worst.iter().filter(|client| client.throttled + client.blocked > 0);
    let rows: Vec<_> = refused
        .map(|client| {
            let name = masked(&client.key.to_string(), addresses);
            let counts = [client.requests, client.throttled, client.blocked];
            let mut row = cells(&name, &counts);
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
    let head =
        vec!["client", "requests", "throttled", "blocked", "units", "admitted", "longest run"];
    Section { title: "Clients refused most often", table: Table { head, rows }, notes }
}

fn cells(name: &str, counts: &[u64]) -> Vec<String> {
    std::iter::once(name.to_owned()).chain(counts.iter().copied().map(grouped)).collect()
}

fn seconds(millis: u64) -> String {
    format!("{}.{} s", grouped(millis / 1_000), millis % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_one_digit() {
        assert_eq!(seconds(0), "0.0 s");
        assert_eq!(seconds(61_450), "61.4 s");
    }
}
