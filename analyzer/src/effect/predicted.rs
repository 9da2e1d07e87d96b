//! What a learned rule was expected to do, as its evidence says it: the
//! sentences that [`crate::propose`] writes.

use std::collections::BTreeMap;

use crate::interval::Share;
use crate::score::count;

/// What a rule was expected to do.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Predicted {
    /// The share of the origin's units that it saves, from 0 to 1.
    pub saved: Option<f64>,
    /// The share of each cohort's visitors that it refuses.
    pub cohorts: BTreeMap<String, Share>,
}

impl Predicted {
    /// Reads the sentences; others are people's, and say nothing here.
    #[must_use]
    pub fn read(sentences: &[String]) -> Self {
        let mut predicted = Self::default();
        for told in sentences {
            if let Some((saved, of)) = told.strip_suffix(" origin units saved").and_then(parts) {
                predicted.saved = (of > 0.0).then_some(saved / of);
            } else if let Some((name, (hurt, of))) = cohort(told)
                && let Some(share) = Share::among(hurt / of, of)
            {
                predicted.cohorts.insert(name.to_owned(), share);
            }
        }
        predicted
    }
}

/// A cohort, and how many of how many were refused. A name may hold anything.
fn cohort(told: &str) -> Option<(&str, (f64, f64))> {
    let (name, counts) = told.strip_suffix(" throttled")?.rsplit_once(": ")?;
    Some((name, parts(counts)?))
}

/// Both numbers of `1 of 9`.
fn parts(told: &str) -> Option<(f64, f64)> {
    let (part, whole) = told.split_once(" of ")?;
    let number = |text: &str| text.parse().ok().map(count);
    Some((number(part)?, number(whole)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_of_people_are_left_aside() {
        let told = [
            "300000 of 400000 origin units saved",
            "feed readers: at noon: 1 of 4 throttled",
            "curl: 0 of 0 throttled",
            "people: 0% of 1200 clients throttled",
            "looks harmless to me",
        ];
        let predicted = Predicted::read(&told.map(str::to_owned));
        assert_eq!(predicted.saved, Some(0.75));
        let names: Vec<_> = predicted.cohorts.keys().collect();
        assert_eq!(names, ["feed readers: at noon"]);
        assert_eq!(predicted.cohorts["feed readers: at noon"].share, 0.25);
    }
}
