//! Who crawls: the hosts of a crawl, or the many addresses that come for a few
//! pages each.

use super::Class;
use super::address::{self, Place};
use super::cast::Cast;
use super::crawl;
use super::dice::Dice;
use super::programs::{BYTESPIDER, DISGUISED, DISGUISES, GPTBOT, NAMELESS, SWEEPER};
use super::scenario::{BROWSER_PERCENT, CrawlKind, PER_ADDRESS};
use super::sender::Sender;
use super::software::MIMIC;
use super::walker::{Pace, Paths, ROBOTS, Walker};

impl Cast<'_> {
    pub(super) fn crawlers(&mut self) {
        match self.scenario.crawl.kind {
            CrawlKind::Burst => self.burst(),
            CrawlKind::Polite => self.polite(),
            CrawlKind::Impolite => self.impolite(),
            CrawlKind::Mimic => self.mimics(),
            CrawlKind::ApiSweep => self.sweepers(),
            CrawlKind::Distributed => self.fleeting(address::scattered),
            CrawlKind::Residential => self.fleeting(address::residential),
            CrawlKind::RotatingV4 => self.fleeting(address::in_one_16),
            CrawlKind::RotatingV6 => self.fleeting(address::in_one_32),
        }
    }

    /// Whether the crawl has the people's own browsers.
    fn is_hidden(&self) -> bool {
        self.scenario.seed % 2 == 1
    }

    /// From one request of an address to the next, in milliseconds.
    fn period(&self) -> u64 {
        (60_000 / u64::from(self.scenario.crawl.per_minute.max(1))).max(1)
    }

    fn burst(&mut self) {
        let crawl = self.scenario.crawl;
        for number in 0..crawl.addresses {
            let paths = crawl::every_version(&self.site, number, crawl.addresses.div_ceil(2));
            let dressed = |actor, dice: &mut Dice, is_hidden| {
                let place = address::crawler(number);
                match is_hidden {
                    true => Sender::browsing(Class::Crawler, actor, place, dice),
                    false => Sender::new(Class::Crawler, actor, place, &DISGUISED),
                }
            };
            let walker = self.host(dressed, paths, Pace::Every(self.period()));
            self.employ(walker);
        }
    }

    fn polite(&mut self) {
        for number in 0..self.scenario.crawl.addresses {
            let sender = |actor, _: &mut Dice, _| {
                Sender::new(Class::PoliteCrawler, actor, address::host(0, number), &GPTBOT)
            };
            let pages = crawl::latest(&self.site, number);
            let paths = Box::new([ROBOTS.to_owned()].into_iter().chain(pages));
            let walker = self.host(sender, paths, Pace::Every(self.period()));
            self.employ(Walker { waits: true, ..walker });
        }
    }

    fn impolite(&mut self) {
        let addresses = self.scenario.crawl.addresses;
        for number in 0..addresses {
            let sender = |actor, _: &mut Dice, _| {
                Sender::new(Class::Crawler, actor, address::host(5, number), &BYTESPIDER)
            };
            let paths = Box::new(crawl::own_walk(&self.site, number, addresses));
            let walker = self.host(sender, paths, Pace::Every(self.period()));
            self.employ(walker);
        }
    }

    fn mimics(&mut self) {
        let addresses = self.scenario.crawl.addresses;
        for number in 0..addresses {
            let dressed = |actor, dice: &mut Dice, is_hidden| {
                let place = address::host(10, number);
                match is_hidden {
                    true => Sender::browsing(Class::Crawler, actor, place, dice),
                    false => Sender::new(Class::Crawler, actor, place, &MIMIC),
                }
            };
            let paths = Box::new(crawl::own_walk(&self.site, number, addresses));
            let walker = self.host(dressed, paths, Pace::About(self.period()));
            self.employ(Walker { follows: true, ..walker });
        }
    }

    fn sweepers(&mut self) {
        let addresses = self.scenario.crawl.addresses;
        for number in 0..addresses {
            let dressed = |actor, dice: &mut Dice, is_hidden| {
                let place = address::host(15, number);
                match is_hidden {
                    true => Sender::browsing(Class::Crawler, actor, place, dice),
                    false => Sender::new(Class::Crawler, actor, place, &SWEEPER),
                }
            };
            let paths = crawl::api(&self.site, number, addresses);
            let walker = self.host(dressed, paths, Pace::Every(self.period()));
            self.employ(walker);
        }
    }

    /// A host that crawls from the onset to the end of the crawl.
    fn host(
        &self,
        sender: impl FnOnce(u32, &mut Dice, bool) -> Sender,
        paths: Paths,
        pace: Pace,
    ) -> Walker {
        let (actor, mut dice) = self.next();
        let sender = sender(actor, &mut dice, self.is_hidden()).at(self.scenario.site);
        let begin = self.scenario.onset().unix_millis();
        let due = begin + dice.between(0, 200);
        let until = begin + u64::from(self.scenario.crawl.seconds) * 1_000;
        Walker {
            sender,
            dice,
            paths,
            pace,
            referer: None,
            follows: false,
            waits: false,
            due,
            until,
        }
    }

    /// Addresses that come once, for the next few pages of one walk.
    fn fleeting(&mut self, place: fn(u32) -> Place) {
        let crawl = self.scenario.crawl;
        let begin = self.scenario.onset().unix_millis();
        let length = u64::from(crawl.seconds) * 1_000;
        let mut pages = crawl::shared(&self.site, self.scenario.seed);
        for number in 0..crawl.addresses {
            let (actor, mut dice) = self.next();
            let place = place(number);
            // Evenly over the time, so that it is one crawl and no wave.
            let share = length * u64::from(number) / u64::from(crawl.addresses);
            let due = begin + share + dice.between(0, 2_000);
            let paths: Vec<_> = pages.by_ref().take(few(&mut dice)).collect();
            let sender = self.disguise(actor, place, &mut dice);
            self.employ(Walker {
                sender,
                dice,
                paths: Box::new(paths.into_iter()),
                pace: Pace::About(self.period()),
                referer: None,
                follows: false,
                waits: false,
                due,
                until: begin + length,
            });
        }
    }

    fn disguise(&self, actor: u32, place: Place, dice: &mut Dice) -> Sender {
        let new = |software| Sender::new(Class::Crawler, actor, place, software);
        if !dice.percent(BROWSER_PERCENT) {
            return new(&NAMELESS[dice.below(NAMELESS.len())]);
        }
        match self.is_hidden() {
            true => Sender::browsing(Class::Crawler, actor, place, dice),
            false => new(&DISGUISES[dice.below(DISGUISES.len())]),
        }
    }
}

/// How many pages an address comes for: at least one, [`PER_ADDRESS`] in the
/// mean, seldom many.
fn few(dice: &mut Dice) -> usize {
    let stops = 1.0 / PER_ADDRESS;
    let more = (1.0 - dice.unit()).ln() / (1.0 - stops).ln();
    1 + (more as usize).min(60)
}
