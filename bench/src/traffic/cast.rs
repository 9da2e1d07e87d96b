//! Who visits: makes the actors of a scenario, each with its address, its program
//! and its own dice.

use std::sync::Arc;

use super::address::{self, Place};
use super::crawl::{self, TAIL};
use super::dice::Dice;
use super::person::Person;
use super::programs::{
    CURL, CURL_OLD, DASHBOARD, DISGUISED, GOOGLEBOT, LYCHEE, SHIELDS, SILENT, WGET,
};
use super::sender::{SITE, Sender};
use super::site::Site;
use super::software::Software;
use super::walker::{Pace, Paths, PoliteCurl, ROBOTS, Walker};
use super::{Actor, Class, Scenario};

/// Everybody of the scenario, numbered from zero.
pub(super) fn hire(scenario: &Scenario) -> Vec<Box<dyn Actor>> {
    let mut cast = Cast { scenario, site: Arc::new(Site::new()), actors: Vec::new(), tools: 0 };
    cast.people();
    cast.link_checkers();
    cast.badge_pollers();
    cast.curls();
    cast.wgets();
    cast.silent_scripts();
    cast.search_engines();
    cast.crawlers();
    cast.actors
}

/// Hires the actors of a scenario.
struct Cast<'a> {
    scenario: &'a Scenario,
    site: Arc<Site>,
    actors: Vec<Box<dyn Actor>>,
    /// Tool addresses given away.
    tools: u32,
}

impl Cast<'_> {
    /// The next actor's number and dice.
    fn next(&self) -> (u32, Dice) {
        let actor = self.actors.len() as u32;
        (actor, Dice::new(self.scenario.seed, actor))
    }

    /// Milliseconds since the epoch, this many percent into the scenario.
    fn at_percent(&self, percent: u64) -> u64 {
        self.scenario.start.unix_millis() + u64::from(self.scenario.minutes) * 600 * percent
    }

    fn tool_place(&mut self) -> Place {
        self.tools += 1;
        address::tool(self.tools - 1)
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
            let start = dice.between(self.at_percent(0), self.at_percent(95));
            self.actors.push(Box::new(Person::new(sender, Arc::clone(&self.site), dice, start)));
        }
    }

    /// A tool that goes through `paths` from `due` on.
    fn walker(
        &mut self,
        class: Class,
        software: &'static Software,
        paths: Paths,
        pace: Pace,
        due: u64,
    ) -> Walker {
        let (actor, dice) = self.next();
        let sender = Sender::new(class, actor, self.tool_place(), software);
        Walker { sender, dice, paths, pace, referer: None, due, until: self.at_percent(100) }
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
                let path = match dice.below(10) {
                    0 => format!("/{}", krate.name),
                    1..=6 => krate.page("latest", dice.below(krate.pages)),
                    _ => krate.page(krate.newest(), dice.below(krate.pages)),
                };
                if !paths.contains(&path) {
                    paths.push(path);
                }
            }
            let paths = Box::new(paths.into_iter());
            let walker = self.walker(Class::LinkChecker, &LYCHEE, paths, Pace::Every(200), start);
            self.actors.push(Box::new(walker));
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
                if state {
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
            self.actors.push(Box::new(walker));
        }
    }

    fn curls(&mut self) {
        for number in 0..self.scenario.curl_loops {
            let page = self.site.at(number as usize % Site::POPULAR).about("latest", "/builds");
            let start = self.at_percent(0) + u64::from(number) * 37;
            let paths = Box::new(std::iter::repeat(page));
            let walker = self.walker(Class::CurlLoop, &CURL, paths, Pace::Every(200), start);
            self.actors.push(Box::new(walker));
        }
        for number in 0..self.scenario.polite_curls {
            let (actor, mut dice) = self.next();
            let software = if number.is_multiple_of(2) { &CURL } else { &CURL_OLD };
            let sender = Sender::new(Class::CurlPolite, actor, self.tool_place(), software);
            let first = dice.below(TAIL);
            let wanted = (0..self.scenario.polite_pages as usize)
                .map(|page| {
                    self.site.at((first + page) % self.site.len()).about("latest", "/builds")
                })
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
            self.actors.push(Box::new(walker));
        }
    }

    /// Forty pages, one a second, over and over.
    fn silent_scripts(&mut self) {
        for _ in 0..self.scenario.silent_scripts {
            let (_, mut dice) = self.next();
            let paths: Vec<String> = (0..40)
                .map(|_| {
                    let krate = self.site.at(self.site.read(&mut dice));
                    krate.page("latest", dice.below(krate.pages))
                })
                .collect();
            let start = self.at_percent(0) + dice.between(0, 5_000);
            let paths = Box::new(paths.into_iter().cycle());
            let walker = self.walker(Class::NoUserAgent, &SILENT, paths, Pace::Every(1_000), start);
            self.actors.push(Box::new(walker));
        }
    }

    /// `robots.txt`, then two `/latest/` pages a second, none twice.
    fn search_engines(&mut self) {
        for number in 0..self.scenario.search_engines {
            let (actor, dice) = self.next();
            let sender =
                Sender::new(Class::SearchEngine, actor, address::search_engine(number), &GOOGLEBOT);
            let paths =
                Box::new([ROBOTS.to_owned()].into_iter().chain(crawl::latest(&self.site, number)));
            let (due, until) = (self.at_percent(0) + u64::from(number) * 111, self.at_percent(100));
            self.actors.push(Box::new(Walker {
                sender,
                dice,
                paths,
                pace: Pace::Every(500),
                referer: None,
                due,
                until,
            }));
        }
    }

    fn crawlers(&mut self) {
        let burst = self.scenario.burst;
        let begin = self.scenario.start.unix_millis() + u64::from(burst.after_seconds) * 1_000;
        let period = (60_000 / u64::from(burst.per_minute.max(1))).max(1);
        for number in 0..burst.addresses {
            let (actor, mut dice) = self.next();
            let place = address::crawler(number);
            let sender = if self.scenario.seed % 2 == 1 {
                Sender::browsing(Class::Crawler, actor, place, &mut dice)
            } else {
                Sender::new(Class::Crawler, actor, place, &DISGUISED)
            };
            let due = begin + dice.between(0, 200);
            let until = begin + u64::from(burst.seconds) * 1_000;
            let paths = crawl::every_version(&self.site, number, burst.addresses.div_ceil(2));
            self.actors.push(Box::new(Walker {
                sender,
                dice,
                paths,
                pace: Pace::Every(period),
                referer: None,
                due,
                until,
            }));
        }
    }
}
