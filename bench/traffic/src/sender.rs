//! What all visitors have in common: a place, a program, and the way from a path
//! to a whole request.

use std::borrow::Cow;

use tidegate_rules::Time;

use super::address::Place;
use super::dice::Dice;
use super::software::{BROWSERS, Field, Kind, LANGUAGES, Software};
use super::{Class, Hosted, Shot, TRUTH};

/// docs.rs, as it stands before a path in a `Referer`.
pub(super) const SITE: &str = "https://docs.rs";

/// Somebody at a place with a program.
#[derive(Debug, Clone)]
pub(super) struct Sender {
    pub(super) class: Class,
    pub(super) actor: u32,
    pub(super) place: Place,
    pub(super) software: &'static Software,
    pub(super) languages: &'static str,
    pub(super) site: Hosted,
}

impl Sender {
    /// Somebody who uses `software`.
    pub(super) fn new(class: Class, actor: u32, place: Place, software: &'static Software) -> Self {
        let (languages, site) = (LANGUAGES[0], Hosted::DocsRs);
        Self { class, actor, place, software, languages, site }
    }

    /// Somebody who uses one of the people's browsers.
    pub(super) fn browsing(class: Class, actor: u32, place: Place, dice: &mut Dice) -> Self {
        let shares: usize = BROWSERS.iter().map(|(share, _)| share).sum();
        let mut point = dice.below(shares);
        let mut chosen = &BROWSERS[0].1;
        for (share, software) in &BROWSERS {
            chosen = software;
            if point < *share {
                break;
            }
            point -= share;
        }
        Self { languages: dice.pick(&LANGUAGES), ..Self::new(class, actor, place, chosen) }
    }

    /// The same at another site.
    pub(super) fn at(self, site: Hosted) -> Self {
        Self { site, ..self }
    }

    /// The request for `path`, with the headers of this sender's program.
    pub(super) fn shot(&self, at: u64, path: String, kind: Kind, referer: Option<&str>) -> Shot {
        let template = if kind == Kind::Page { self.software.page } else { self.software.asset };
        let mut headers = Vec::with_capacity(template.len() + 2);
        headers.push(("host", Cow::Borrowed(self.site.host())));
        for (name, field) in template {
            if let Some(value) = self.value(*field, &path, referer) {
                headers.push((*name, value));
            }
        }
        headers.push((TRUTH, Cow::Borrowed(self.class.name())));
        Shot {
            at: Time::from_unix_millis(at),
            client: self.place.address,
            method: "GET",
            path_and_query: path,
            headers,
            ja4: self.software.ja4,
            h2: self.software.h2,
            asn: Some(self.place.asn),
            country: Some(self.place.country),
            pop: self.place.pop(),
            class: self.class,
            actor: self.actor,
        }
    }

    /// Whether a page is one of the site that is visited.
    fn is_own(&self, page: &str) -> bool {
        page.strip_prefix("https://").is_some_and(|rest| rest.starts_with(self.site.host()))
    }

    fn value(&self, field: Field, path: &str, referer: Option<&str>) -> Option<Cow<'static, str>> {
        let text = match field {
            Field::Text(text) => text,
            Field::Agent => self.software.user_agent?,
            Field::Brands => self.software.brands,
            Field::Platform => self.software.platform,
            Field::Languages => self.languages,
            Field::Referer => return referer.map(|page| Cow::Owned(page.to_owned())),
            Field::FetchSite => match referer {
                None => "none",
                Some(page) if self.is_own(page) => "same-origin",
                Some(_) => "cross-site",
            },
            Field::Destination => {
                match path.split('?').next().and_then(|file| file.rsplit('.').next()) {
                    Some("css") => "style",
                    Some("js") => "script",
                    Some("woff2") => "font",
                    _ => "image",
                }
            }
        };
        Some(Cow::Borrowed(text))
    }
}
