//! How well crawler scores tell crawlers from others.

use std::collections::HashMap;

use tidegate::analysis::ClientRow;
use tidegate_rules::key::client_of;
use tidegate_rules::{Client, HashKey, Time};
use tidegate_traffic::truth::Truth;
use tidegate_traffic::{Class, Kind};

/// What is behind each client, by its key in reports; nothing where those
/// behind one differ.
#[must_use]
pub fn kinds(truth: &Truth, secret: &HashKey, at: Time) -> HashMap<String, Option<(Class, Kind)>> {
    let (_, month) = secret.of_month(at);
    let mut known: HashMap<String, Option<(Class, Kind)>> = HashMap::new();
    for visitor in truth.visitors() {
        let hash = month.client(Client::Address(visitor.address)).0;
        let keys = [format!("{hash:016x}"), client_of(visitor.address).to_string()];
        for key in keys {
            let entry = known.entry(key).or_insert(Some((visitor.class, visitor.kind)));
            if entry.is_some_and(|(_, kind)| kind != visitor.kind) {
                *entry = None;
            }
        }
    }
    known
}

/// The area under the ROC curve of crawlers against clients of another kind.
#[must_use]
pub fn area(
    clients: &[ClientRow],
    kinds: &HashMap<String, Option<(Class, Kind)>>,
    other: Kind,
) -> Option<f64> {
    let scores = |of: Kind| -> Vec<f64> {
        let is = |row: &&ClientRow| {
            kinds.get(&row.key).copied().flatten().is_some_and(|(_, kind)| kind == of)
        };
        clients.iter().filter(is).map(|row| row.crawler_score).collect()
    };
    auc(&scores(Kind::Crawler), &scores(other))
}

/// How often one of `high` is above one of `low`; of two alike, half.
#[must_use]
pub fn auc(high: &[f64], low: &[f64]) -> Option<f64> {
    if high.is_empty() || low.is_empty() {
        return None;
    }
    let mut low = low.to_vec();
    low.sort_by(f64::total_cmp);
    let wins = high.iter().map(|score| {
        let below = low.partition_point(|other| other < score);
        let not_above = low.partition_point(|other| other <= score);
        (below + not_above) as f64 / 2.0
    });
    Some(wins.sum::<f64>() / (high.len() * low.len()) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_is_how_often_the_higher_is_higher() {
        assert_eq!(auc(&[0.9, 0.8], &[0.1, 0.2]), Some(1.0));
        assert_eq!(auc(&[0.1], &[0.9]), Some(0.0));
        assert_eq!(auc(&[0.5], &[0.5]), Some(0.5));
        assert_eq!(auc(&[0.3, 0.7], &[0.5]), Some(0.5));
        assert_eq!(auc(&[], &[0.5]), None);
    }
}
