//! The rules on trial beside what they are compared with, figure by figure.

use tidegate_rules::cohorts::CohortResult;

use super::super::result::{Backtest, Hurt, OriginUnits};
use super::Section;
use crate::table::{Row, Table};
use crate::text::{grouped, share};

/// How the rules on trial are called.
const TRIAL: &str = "rules";

/// Characters of a side's name above its column.
const NAME_BOUND: usize = 16;

/// The same figures for each side, and each cohort on each side; nothing where
/// there is only one.
pub(super) fn sections(backtest: &Backtest) -> Vec<Section<'_>> {
    if backtest.against.is_empty() {
        return Vec::new();
    }
    let mut sections = vec![sides(backtest)];
    sections.extend(cohorts(backtest));
    sections
}

fn sides(backtest: &Backtest) -> Section<'static> {
    let row = |name: &str, refused: u64, units: &OriginUnits, hurt: &Hurt| {
        let cells = vec![
            name.to_owned(),
            grouped(refused),
            share(refused, backtest.requests),
            grouped(hurt.throttled),
            grouped(hurt.starved),
            grouped(units.admitted),
            share(units.admitted, units.offered),
        ];
        Row::new(false, cells)
    };
    let refused = backtest.throttled + backtest.blocked;
    let mut rows = vec![row(TRIAL, refused, &backtest.origin_units, &backtest.clients_hurt)];
    rows.extend(backtest.against.iter().map(|side| {
        row(&side.name, side.throttled + side.blocked, &side.origin_units, &side.clients_hurt)
    }));
    let head = vec!["", "refused", "share", "clients", "starved", "admitted", "share"];
    let mut notes =
        vec!["Requests refused, clients throttled or starved, origin units admitted.".to_owned()];
    notes.extend(backtest.against.iter().map(|side| format!("{}: {}.", side.name, side.what)));
    Section { title: "Side by side", table: Table { head, rows }, notes }
}

fn cohorts(backtest: &Backtest) -> Option<Section<'_>> {
    let told = |cohort: Option<&CohortResult>| {
        let Some(cohort) = cohort else { return "-".to_owned() };
        let hurt = [cohort.clients_throttled, cohort.clients_starved, cohort.clients_blocked];
        hurt.map(grouped).join("/")
    };
    let present = backtest.cohorts.iter().enumerate().filter(|(_, cohort)| cohort.clients > 0);
    let rows: Vec<_> = present
        .map(|(at, cohort)| {
            let mut cells = vec![cohort.name.clone(), grouped(cohort.clients), told(Some(cohort))];
            cells.extend(backtest.against.iter().map(|side| told(side.cohorts.get(at))));
            Row::new(false, cells)
        })
        .collect();
    if rows.is_empty() {
        return None;
    }
    let mut head = vec!["cohort", "visitors", TRIAL];
    // A file may have a long name, and counts are never cut.
    head.extend(backtest.against.iter().map(|side| {
        side.name.char_indices().nth(NAME_BOUND).map_or(&*side.name, |(end, _)| &side.name[..end])
    }));
    let notes = vec!["Visitors throttled/starved/blocked.".to_owned()];
    Some(Section { title: "Cohorts side by side", table: Table { head, rows }, notes })
}
