//! The ways through the whole site: the crawl's and the search engine's.

use std::sync::Arc;

use super::registry;
use super::site::Site;
use super::walker::Paths;

/// Crates of this rank and beyond are read by hardly anybody: the crawl's.
pub(super) const TAIL: usize = 300;
/// How far a crawling address stays behind its partner on the partner's pages,
/// in pages of its own.
const LAG: usize = 60;

/// `/latest/` pages, none twice, each of another crate than the one before.
pub(super) fn latest(site: &Arc<Site>, number: u32) -> impl Iterator<Item = String> + Send + use<> {
    let site = Arc::clone(site);
    let crates = site.len();
    let rounds = (0..crates).map(|rank| site.at(rank).pages).max().unwrap_or(0);
    (0..rounds).flat_map(move |round| {
        let site = Arc::clone(&site);
        (0..crates).filter_map(move |step| {
            // 757 is prime and no divisor of the number of crates: all are met.
            let rank = (step * 757 + number as usize * 31) % crates;
            let krate = site.at(rank);
            (round < krate.pages).then(|| krate.page("latest", (round + rank * 7) % krate.pages))
        })
    })
}

/// The pages of one crawling address. Partners walk the same crates: each takes
/// every other page first, and the pages between when its partner has had them
/// for a while. So each asks for a page once, and for half of them as the second.
pub(super) fn every_version(site: &Arc<Site>, number: u32, walks: u32) -> Paths {
    let own = (number % 2) as usize;
    let mut ahead = space(Arc::clone(site), number / 2, walks).skip(own).step_by(2);
    let mut behind = space(Arc::clone(site), number / 2, walks).skip(1 - own).step_by(2);
    let mut asked = 0;
    Box::new(std::iter::from_fn(move || {
        asked += 1;
        if asked > LAG && asked % 2 == 0 { behind.next() } else { ahead.next() }
    }))
}

/// Every page of every version of the tail, for a crawl of many addresses that
/// part it among themselves: whoever comes takes the next few.
pub(super) fn shared(site: &Arc<Site>, seed: u64) -> impl Iterator<Item = String> + Send + use<> {
    // Where it begins no seed shares with the next.
    let pages = (seed % 7) as usize * 20_000;
    space(Arc::clone(site), 0, 1).skip(pages)
}

/// Every page of every version of the crates that fall to one of `walks`.
pub(super) fn own_walk(
    site: &Arc<Site>,
    number: u32,
    walks: u32,
) -> impl Iterator<Item = String> + Send + use<> {
    space(Arc::clone(site), number, walks)
}

/// What crates.io's API says of every crate, and then of every version.
pub(super) fn api(site: &Arc<Site>, number: u32, walks: u32) -> Paths {
    let site = Arc::clone(site);
    let ranks = (number as usize..site.len()).step_by(walks.max(1) as usize);
    Box::new(ranks.flat_map(move |rank| {
        let krate = site.at(rank).clone();
        let rest = ["", "/versions", "/owners", "/downloads", "/reverse_dependencies"];
        let mut paths: Vec<_> = rest.map(|rest| registry::about(&krate, rest)).into();
        for version in &krate.versions {
            let rest = ["", "/downloads", "/dependencies"];
            paths.extend(rest.map(|rest| registry::about(&krate, &format!("/{version}{rest}"))));
        }
        paths
    }))
}

/// Every page of every version of every `walks`-th crate of the tail. Ends when
/// the crates do.
fn space(site: Arc<Site>, walk: u32, walks: u32) -> impl Iterator<Item = String> + Send {
    let ranks = (TAIL + walk as usize..site.len()).step_by(walks.max(1) as usize);
    ranks.flat_map(move |rank| {
        let krate = site.at(rank).clone();
        let pages = krate.pages;
        (0..krate.versions.len() * pages).map(move |number| {
            let (version, page) = (&krate.versions[number / pages], number % pages);
            match page {
                1 => krate.about(version, ""),
                _ if page % 8 == 5 => krate.source(version, page),
                _ => krate.page(version, page),
            }
        })
    })
}
