//! Who visits: makes the actors of a scenario, each with its address, its program
//! and its own dice.

use std::sync::Arc;

use super::address::{self, Place};
use super::crawl::{self, TAIL};
use super::dice::Dice;
use super::person::Person;
use super::programs::{CURL, CURL_OLD, DASHBOARD, GOOGLEBOT, LYCHEE, SHIELDS, SILENT, WGET};
use super::registry;
use super::sender::{SITE, Sender};
use super::shopper::Shopper;
use super::site::{Crate, Site};
use super::software::Software;
use super::walker::{Pace, Paths, PoliteCurl, ROBOTS, Walker};
use super::world::RELEASED;
use super::{Actor, Class, Hosted, Scenario};

/// What a talk is about.
const TALK: [usize; 3] = [6, 1, 16];

/// Everybody of the scenario, numbered from zero.
pub(super) fn hire(scenario: &Scenario) -> Vec<Box<dyn Actor>> {
    let mut cast = Cast { scenario, site: Arc::new(Site::new()), actors: Vec::new(), tools: 0 };
    cast.people();
    cast.readers_for_a_reason();
    cast.link_checkers();
    cast.badge_pollers();
    cast.curls();
    cast.wgets();
    cast.silent_scripts();
    cast.ci_jobs();
    cast.feed_readers();
    cast.builds();
    cast.cargos();
    cast.gits();
    cast.update_services();
    cast.search_engines();
    cast.crawlers();
    cast.actors
}

/// Hires the actors of a scenario.
pub(super) struct Cast<'a> {
    pub(super) scenario: &'a Scenario,
    pub(super) site: Arc<Site>,
    actors: Vec<Box<dyn Actor>>,
    /// Tool addresses given away.
    tools: u32,
}

impl Cast<'_> {
    /// The next actor's number and dice.
    pub(super) fn next(&self) -> (u32, Dice) {
        let actor = self.actors.len() as u32;
        (actor, Dice::new(self.scenario.seed, actor))
    }

    /// Milliseconds since the epoch, this many percent into the scenario.
    pub(super) fn at_percent(&self, percent: u64) -> u64 {
        self.scenario.start.unix_millis() + u64::from(self.scenario.minutes) * 600 * percent
    }

    pub(super) fn tool_place(&mut self) -> Place {
        self.tools += 1;
        address::tool(self.tools - 1)
    }

    pub(super) fn employ(&mut self, actor: impl Actor + 'static) {
        self.actors.push(Box::new(actor));
    }

    fn people(&mut self) {
        for number in 0..self.scenario.people + self.scenario.nat_people {
            let (actor, mut dice) = self.next();
            let (class, place) = if number < self.scenario.people {
                (Class::Person, address::home(&mut dice))
            } else {
                (Class::NatPerson, address::nat())
            };
            let sender = Sender::browsing(class, actor, place, &mut dice);
            let is_listener = class == Class::NatPerson && self.scenario.is_conference;
            let start = match is_listener {
                true => dice.between(self.at_percent(30), self.at_percent(63)),
                false => dice.between(self.at_percent(0), self.at_percent(95)),
            };
            let site = Arc::clone(&self.site);
            match self.scenario.site {
                Hosted::CratesIo => {
                    let sender = sender.at(Hosted::CratesIo);
                    self.employ(Shopper::new(sender, site, dice, start));
                }
                Hosted::DocsRs => {
                    let person = Person::new(sender, site, dice, start);
                    self.employ(if is_listener { person.about(&TALK) } else { person });
                }
            }
        }
    }

    /// Those who come for one crate's release, and those at the cold POP.
    fn readers_for_a_reason(&mut self) {
        let released = self.scenario.release_time().unix_millis();
        for number in 0..self.scenario.release_readers + self.scenario.cold_readers {
            let (actor, mut dice) = self.next();
            let is_for_release = number < self.scenario.release_readers;
            let (place, start) = match is_for_release {
                true => (address::home(&mut dice), dice.between(released, released + 600_000)),
                false => {
                    let start = dice.between(self.at_percent(0), self.at_percent(90));
                    (address::cold_home(&mut dice), start)
                }
            };
            let sender = Sender::browsing(Class::Person, actor, place, &mut dice);
            let person = Person::new(sender, Arc::clone(&self.site), dice, start);
            self.employ(if is_for_release { person.about(&[RELEASED]) } else { person });
        }
    }

    /// What a link leads to.
    fn linked(&self, krate: &Crate, dice: &mut Dice) -> String {
        if self.scenario.site == Hosted::CratesIo {
            return registry::page_of(krate);
        }
        match dice.below(10) {
            0 => format!("/{}", krate.name),
            1..=6 => krate.page("latest", dice.below(krate.pages)),
            _ => krate.page(krate.newest(), dice.below(krate.pages)),
        }
    }

    /// What a script asks about a crate, that no cache keeps.
    pub(super) fn asked_about(&self, krate: &Crate) -> String {
        match self.scenario.site {
            Hosted::DocsRs => krate.about("latest", "/builds"),
            Hosted::CratesIo => registry::look_up(krate),
        }
    }

    /// A tool that goes through `paths` from `due` on.
    pub(super) fn walker(
        &mut self,
        class: Class,
        software: &'static Software,
        paths: Paths,
        pace: Pace,
        due: u64,
    ) -> Walker {
        let (actor, dice) = self.next();
        let sender = Sender::new(class, actor, self.tool_place(), software).at(self.scenario.site);
        let (referer, until) = (None, self.at_percent(100));
        Walker { sender, dice, paths, pace, referer, follows: false, waits: false, due, until }
    }

    /// 100 to 200 links of one project's documentation, at five a second.
    fn link_checkers(&mut self) {
        for _ in 0..self.scenario.link_checkers {
            let (_, mut dice) = self.next();
            let start = dice.between(self.at_percent(5), self.at_percent(90));
            let links = dice.between(100, 200) as usize;
            let mut paths: Vec<String> = Vec::with_capacity(links);
            while paths.len() < links {
                let krate = self.site.at(self.site.read(&mut dice));
                let path = self.linked(krate, &mut dice);
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
            let paths = Box::new(paths.into_iter());
            let walker = self.walker(Class::LinkChecker, &LYCHEE, paths, Pace::Every(200), start);
            self.employ(walker);
        }
    }

    /// Dashboards with one or two badges each, and one service with sixty.
    fn badge_pollers(&mut self) {
        if self.scenario.badge_pollers == 0 {
            return;
        }
        for number in 0..=self.scenario.badge_pollers {
            let (_, mut dice) = self.next();
            let service = number == self.scenario.badge_pollers;
            let badges = if service { 60 } else { 1 + dice.below(2) };
            let mut badge = |state: bool| {
                let krate = self.site.at(self.site.read(&mut dice));
                if self.scenario.site == Hosted::CratesIo {
                    registry::look_up(krate)
                } else if state {
                    krate.about("latest", "/status.json")
                } else {
                    format!("/{}/badge.svg", krate.name)
                }
            };
            let paths: Vec<String> = (0..badges)
                .map(|n| badge(service || (number + n as u32).is_multiple_of(2)))
                .collect();
            let (software, period) =
                if service { (&SHIELDS, 250) } else { (&DASHBOARD, dice.between(2_000, 5_000)) };
            let start = self.at_percent(0) + dice.between(0, period);
            let walker = self.walker(
                Class::BadgePoller,
                software,
                Box::new(paths.into_iter().cycle()),
                Pace::Every(period),
                start,
            );
            self.employ(walker);
        }
    }

    fn curls(&mut self) {
        for number in 0..self.scenario.curl_loops {
            let page = self.asked_about(self.site.at(number as usize % Site::POPULAR));
            let start = self.at_percent(0) + u64::from(number) * 37;
            let paths = Box::new(std::iter::repeat(page));
            let walker = self.walker(Class::CurlLoop, &CURL, paths, Pace::Every(200), start);
            self.employ(walker);
        }
        for number in 0..self.scenario.polite_curls {
            let (actor, mut dice) = self.next();
            let software = if number.is_multiple_of(2) { &CURL } else { &CURL_OLD };
            let sender = Sender::new(Class::CurlPolite, actor, self.tool_place(), software)
                .at(self.scenario.site);
            let first = dice.below(TAIL);
            let wanted = (0..self.scenario.polite_pages as usize)
                .map(|page| self.asked_about(self.site.at((first + page) % self.site.len())))
                .collect();
            // Early enough to wait a few times, and some of them in the crawl.
            let clock = dice.between(self.at_percent(2), self.at_percent(50));
            self.actors.push(Box::new(PoliteCurl { sender, dice, wanted, clock, refusals: 0 }));
        }
    }

    /// Everything of the newest version of a large crate.
    fn wgets(&mut self) {
        for _ in 0..self.scenario.wgets {
            let (_, mut dice) = self.next();
            let start = dice.between(self.at_percent(5), self.at_percent(80));
            let site = Arc::clone(&self.site);
            let krate = site.at(dice.below(Site::POPULAR)).clone();
            let version = krate.newest().to_owned();
            let assets: Vec<String> =
                krate.rustdoc_assets().chain([krate.sidebar(&version)]).collect();
            let referer = format!("{SITE}{}", krate.page(&version, 0));
            let source = krate.rustdoc_source(&version);
            let mut pages = (0..krate.pages).map(move |page| krate.page(&version, page));
            let first = pages.next();
            let paths = [ROBOTS.to_owned()]
                .into_iter()
                .chain(first)
                .chain(assets)
                .chain([source])
                .chain(pages);
            let mut walker =
                self.walker(Class::WgetRecursive, &WGET, Box::new(paths), Pace::Answers, start);
            walker.referer = Some(referer);
            self.employ(walker);
        }
    }

    /// Forty pages, one a second, over and over.
    fn silent_scripts(&mut self) {
        for _ in 0..self.scenario.silent_scripts {
            let (_, mut dice) = self.next();
            let paths: Vec<String> = (0..40)
                .map(|_| {
                    let krate = self.site.at(self.site.read(&mut dice));
                    self.linked(krate, &mut dice)
                })
                .collect();
            let start = self.at_percent(0) + dice.between(0, 5_000);
            let paths = Box::new(paths.into_iter().cycle());
            let walker = self.walker(Class::NoUserAgent, &SILENT, paths, Pace::Every(1_000), start);
            self.employ(walker);
        }
    }

    /// `robots.txt`, then two `/latest/` pages a second, none twice.
    fn search_engines(&mut self) {
        for number in 0..self.scenario.search_engines {
            let (actor, dice) = self.next();
            let place = address::search_engine(number);
            let sender =
                Sender::new(Class::SearchEngine, actor, place, &GOOGLEBOT).at(self.scenario.site);
            let pages: Paths = match self.scenario.site {
                Hosted::DocsRs => Box::new(crawl::latest(&self.site, number)),
                Hosted::CratesIo => {
                    let site = Arc::clone(&self.site);
                    Box::new((0..site.len()).map(move |rank| registry::page_of(site.at(rank))))
                }
            };
            let paths = Box::new([ROBOTS.to_owned()].into_iter().chain(pages));
            let (due, until) = (self.at_percent(0) + u64::from(number) * 111, self.at_percent(100));
            let pace = Pace::Every(self.scenario.search_engine_ms.max(1).into());
            let (referer, follows, waits) = (None, false, true);
            self.employ(Walker { sender, dice, paths, pace, referer, follows, waits, due, until });
        }
    }
}
