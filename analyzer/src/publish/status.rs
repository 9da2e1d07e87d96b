//! What is in force at a site, for people and for other tools.
//!
//! The JSON form is a stable contract: fields may be added, none may change its
//! meaning.

use serde::Serialize;
use tidegate_rules::pack::{ENTRY_BOUND, PackError};
use tidegate_rules::rule::Rule;
use tidegate_rules::{Ruleset, Time};

use super::diff::by_mode;
use super::history::Event;
use super::plan::version;
use super::report;
use super::store::{PackStore, STORE_BOUND, StoredPack, Switches};
use crate::page::{Form, Page};
use crate::text::grouped;
use crate::time::{self, rfc3339};

/// The format of the JSON form, in the field `format`.
pub const STATUS_FORMAT: u8 = 1;

/// Events that people are shown.
const EVENTS_SHOWN: usize = 10;

/// How long before it expires a rule is told of, in milliseconds: two weeks, as
/// in `tidegate check`.
const SOON_MS: u64 = 14 * 24 * 3600 * 1000;

/// What is in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// [`STATUS_FORMAT`].
    pub format: u8,
    /// The site whose rules are in force; nothing where they cannot be read.
    pub site: Option<String>,
    /// The mode that the edge reads: `off`, `shadow` or `enforce`.
    pub mode: &'static str,
    /// The pointer, as it is.
    pub pointer: Option<String>,
    /// The version that it names.
    pub version: Option<String>,
    /// Whether the edge can put its pack in force.
    pub whole: bool,
    /// Why not.
    pub trouble: Option<String>,
    /// The pack; nothing where it is not whole.
    pub pack: Option<PackStatus>,
    /// The version that a rollback goes to.
    pub rollback: Option<String>,
    /// Entries of the store of packs.
    pub entries: usize,
    /// Versions of the whole packs in it.
    pub packs: Vec<String>,
    /// What was done, newest first.
    pub history: Vec<Event>,
    /// The mode in a sentence.
    #[serde(skip)]
    mode_told: String,
}

/// A pack that is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PackStatus {
    /// Bytes of its rules.
    pub rules_bytes: usize,
    /// Bytes of its addresses.
    pub addresses_bytes: usize,
    /// Entries that it needs.
    pub entries: usize,
    /// Rules that are enforced.
    pub enforced: usize,
    /// Rules in shadow.
    pub shadow: usize,
    /// Rules that are off.
    pub off: usize,
    /// Rules that have expired or will within two weeks.
    pub expiring: Vec<Expiring>,
    #[serde(skip)]
    counts_told: String,
}

/// A rule that ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expiring {
    /// Its id.
    pub id: String,
    /// From when on it never matches.
    #[serde(serialize_with = "time::serialize")]
    pub expires: Time,
    /// Whether it has.
    pub expired: bool,
}

impl Status {
    /// What the stores say at `now`.
    #[must_use]
    pub fn of(switches: &Switches, packs: &PackStore, now: Time) -> Self {
        let pointer = switches.pointer.as_deref();
        let pack = match pointer {
            None => Err("no pointer is set".to_owned()),
            Some(pointer) => packs.pack(pointer).map_err(|error: PackError| error.to_string()),
        };
        let back = switches.history.back(pointer).map(|pointer| version(pointer).to_owned());
        Self {
            format: STATUS_FORMAT,
            site: pack.as_ref().ok().map(|pack| pack.rules.site.clone()),
            mode: switches.mode().name(),
            pointer: switches.pointer.clone(),
            version: pointer.map(|pointer| version(pointer).to_owned()),
            whole: pack.is_ok(),
            trouble: pack.as_ref().err().cloned(),
            pack: pack.ok().map(|pack| PackStatus::of(&pack, now)),
            rollback: back,
            entries: packs.len(),
            packs: packs.packs().into_iter().map(|pack| pack.version).collect(),
            history: switches.history.events().to_vec(),
            mode_told: report::mode(switches),
        }
    }

    /// The status for a terminal, at most 80 columns.
    #[must_use]
    pub fn text(&self) -> String {
        let mut page = Page::new(Form::Text, self.site.as_deref().unwrap_or("No rules in force"));
        page.item(&self.mode_told);
        if let Some(pointer) = &self.pointer {
            page.item(&format!("Pointer: {pointer}."));
        }
        if let Some(trouble) = &self.trouble {
            page.item(&format!(
                "Pack: {trouble}. The edge keeps its last good one, or its own rules."
            ));
        }
        if let Some(pack) = &self.pack {
            pack.tell(&mut page);
        }
        page.item(&match &self.rollback {
            back if *back == self.version && back.is_some() => {
                "The last rollback was broken off: another one finishes it.".to_owned()
            }
            Some(version) => format!("A rollback goes to {version}."),
            None => "There is nothing to roll back to.".to_owned(),
        });
        let (entries, packs) = (self.entries, self.packs.join(", "));
        page.item(&format!("Store of packs: {entries} of {STORE_BOUND} entries."));
        if !packs.is_empty() {
            page.item(&format!("Whole packs: {packs}."));
        }
        page.heading("History");
        self.history.iter().take(EVENTS_SHOWN).for_each(|event| page.item(&told(event)));
        if self.history.is_empty() {
            page.item("None.");
        }
        page.finish()
    }
}

/// An event in a sentence.
fn told(event: &Event) -> String {
    let (time, deed, to) = (seconds(event.time), event.deed.word(), version(&event.to));
    let before = match &event.before {
        Some(before) => format!(" in place of {}", version(before)),
        None => String::new(),
    };
    let note = event.note.as_ref().map(|note| format!(": {note}")).unwrap_or_default();
    format!("{time} {deed} {to}{before}{note}")
}

impl PackStatus {
    fn of(pack: &StoredPack, now: Time) -> Self {
        let [enforced, shadow, off] = by_mode(&pack.rules);
        let [rules_bytes, addresses_bytes] = pack.bytes;
        Self {
            rules_bytes,
            addresses_bytes,
            entries: pack.keys.len(),
            enforced,
            shadow,
            off,
            expiring: expiring(&pack.rules, now),
            counts_told: report::counts(&pack.rules),
        }
    }

    fn tell(&self, page: &mut Page) {
        let [rules, addresses] =
            [self.rules_bytes, self.addresses_bytes].map(|bytes| grouped(bytes as u64));
        page.item(&format!(
            "Pack: whole; rules {rules} bytes, addresses {addresses}, in {} of {ENTRY_BOUND} \
             entries.",
            self.entries
        ));
        page.item(&self.counts_told);
        for rule in &self.expiring {
            let ends = if rule.expired { "expired" } else { "expires" };
            page.item(&format!("{} {ends} {}.", rule.id, seconds(rule.expires)));
        }
    }
}

/// The rules that have expired or soon will.
fn expiring(rules: &Ruleset, now: Time) -> Vec<Expiring> {
    let ends = rules.rules.iter().filter_map(|rule| Some((rule, rule.expires?)));
    let soon = ends.filter(|(_, expires)| expires.millis_since(now) <= SOON_MS);
    let told = |(rule, expires): (&Rule, _)| {
        let id = rule.id().to_owned();
        Expiring { id, expires, expired: expires <= now }
    };
    soon.map(told).collect()
}

/// A time to the second.
fn seconds(time: Time) -> String {
    rfc3339(Time::from_unix_millis(time.unix_millis() / 1_000 * 1_000))
}
