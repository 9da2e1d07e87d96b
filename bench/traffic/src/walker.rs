//! Visitors that are programs: a list of paths and a pace. Loops, pollers, link
//! checkers, `wget -r`, search engines and crawlers differ in no more than that;
//! only a polite curl looks at its answers.

use super::dice::Dice;
use super::sender::Sender;
use super::software::Kind;
use super::{Actor, Answer, Shot};

/// What well-behaved programs ask for first.
pub(super) const ROBOTS: &str = "/robots.txt";

/// Paths in the order in which a program asks for them; may be endless.
pub(super) type Paths = Box<dyn Iterator<Item = String> + Send>;

/// When the next request goes out.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// Every so many milliseconds, each up to half a period late. Lateness does
    /// not add up.
    Every(u64),
    /// The same in the mean, but from a quarter to seven quarters of it, as
    /// somebody who reads.
    About(u64),
    /// As fast as the answers come: about 50 ms for one that somebody had to
    /// make, half as long for a cached one or a refusal.
    Answers,
}

/// A program that asks for one path after another, whatever the answers are.
pub(super) struct Walker {
    pub(super) sender: Sender,
    pub(super) dice: Dice,
    pub(super) paths: Paths,
    pub(super) pace: Pace,
    /// The page that it says led it to every path, `robots.txt` excepted.
    pub(super) referer: Option<String>,
    /// Whether that is always the page before.
    pub(super) follows: bool,
    /// Whether it waits as long as `Retry-After` says.
    pub(super) waits: bool,
    /// When the next request is due, in milliseconds since the epoch.
    pub(super) due: u64,
    /// No request at or after this time.
    pub(super) until: u64,
}

impl Actor for Walker {
    fn next(&mut self) -> Option<Shot> {
        if self.due >= self.until {
            return None;
        }
        let path = self.paths.next()?;
        let late = match self.pace {
            Pace::Every(period) => self.dice.between(0, period / 2),
            Pace::About(_) | Pace::Answers => 0,
        };
        let kind = if path.starts_with("/-/") { Kind::Asset } else { Kind::Page };
        let referer = self.referer.as_deref().filter(|_| path != ROBOTS);
        let shot = self.sender.shot(self.due + late, path, kind, referer);
        if self.follows {
            let site = self.sender.site.host();
            self.referer = Some(format!("https://{site}{}", shot.path_and_query));
        }
        Some(shot)
    }

    fn answered(&mut self, answer: &Answer) {
        if let (true, Some(seconds)) = (self.waits, answer.retry_after) {
            self.due += u64::from(seconds) * 1_000;
        }
        self.due += match self.pace {
            Pace::Every(period) => period,
            Pace::About(period) => self.dice.between(period / 4, period * 7 / 4),
            Pace::Answers => {
                let made =
                    answer.granted() && answer.cache.is_none_or(|cache| cache.reached_origin());
                if made { self.dice.between(40, 60) } else { self.dice.between(20, 30) }
            }
        };
    }
}

/// A curl that wants every page of its list, and waits when it is told to.
pub(super) struct PoliteCurl {
    pub(super) sender: Sender,
    pub(super) dice: Dice,
    /// The pages still wanted, the next one last.
    pub(super) wanted: Vec<String>,
    /// Milliseconds since the epoch.
    pub(super) clock: u64,
    /// Refusals of the current page without a `Retry-After`.
    pub(super) refusals: u32,
}

impl Actor for PoliteCurl {
    fn next(&mut self) -> Option<Shot> {
        let page = self.wanted.last()?;
        Some(self.sender.shot(self.clock, page.clone(), Kind::Page, None))
    }

    fn answered(&mut self, answer: &Answer) {
        if !matches!(answer.status, 429 | 503) {
            self.wanted.pop();
            self.refusals = 0;
            self.clock += self.dice.between(150, 400);
            return;
        }
        // Without a `Retry-After`, as `curl --retry`: 1 s, doubled each time, at
        // most 10 minutes.
        let pause =
            answer.retry_after.map_or_else(|| (1_u64 << self.refusals.min(10)).min(600), u64::from);
        self.refusals += 1;
        self.clock += pause * 1_000 + self.dice.between(1, 20);
    }
}
