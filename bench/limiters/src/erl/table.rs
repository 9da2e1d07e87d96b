//! What a limit means, as a table for people.

use std::fmt::Write as _;

use anyhow::Result;
use tidegate_rules::Admit;
use tidegate_rules::store::erl::Window;

use super::play::{Edge, Got, Steady};
use super::pop::Traits;
use crate::site::Site;

/// The limit of every row: so many pages each second, on average over its window.
pub const PER_SECOND: u32 = 20;

const SECONDS: u32 = 600;
const SEED: u64 = 7;

/// One row: somebody, and what stands in its way.
struct Row {
    who: &'static str,
    store: &'static str,
    window: Window,
    rate: u32,
    pops: u32,
    traits: Traits,
    /// Whether a penalty box refuses.
    boxed: bool,
}

impl Row {
    const fn new(who: &'static str, rate: u32) -> Self {
        let (window, traits) = (Window::TenSeconds, Traits::exact());
        Self { who, store: "erl", window, rate, pops: 1, traits, boxed: false }
    }

    fn got(&self) -> Result<Got> {
        let site = Site::new(self.store, self.window, PER_SECOND * self.window.seconds())?;
        let mut edge = Edge::new(&site, self.pops, &self.traits, SEED);
        let client = Steady { rate: self.rate, pops: self.pops, seconds: SECONDS };
        Ok(client.play(self.window, |pop, now| match self.boxed {
            true => edge.check_rate(pop, 0, now),
            false => edge.ask(pop, 0, now) == Admit::Pass,
        }))
    }
}

fn rows() -> Vec<Row> {
    let worst = Traits::worst;
    let lossy = Traits { sync_ms: 0, ..worst() };
    let late = Traits { lost: 0.0..=0.0, ..worst() };
    let over = |window, who| Row { window, ..Row::new(who, 40) };
    vec![
        Row { store: "cache", ..Row::new("40 a second, the budget in the cache", 40) },
        Row::new("18 a second", 18),
        Row::new("40 a second", 40),
        over(Window::Second, "40 a second, the limit over one second"),
        over(Window::Minute, "40 a second, the limit over a minute"),
        Row { traits: lossy, ..Row::new("40 a second, a tenth not counted", 40) },
        Row { traits: late.clone(), ..Row::new("40 a second, nodes 3 s behind each other", 40) },
        Row { traits: late, ..Row::new("200 a second, nodes 3 s behind each other", 200) },
        Row { pops: 5, ..Row::new("200 a second, spread over 5 POPs", 200) },
        Row { pops: 5, traits: worst(), ..Row::new("200 a second, over 5 POPs, all of this", 200) },
        Row { boxed: true, ..Row::new("40 a second, a penalty box instead", 40) },
        Row { boxed: true, ..Row::new("21 a second, a penalty box instead", 21) },
    ]
}

/// The rows, as Markdown.
///
/// # Errors
///
/// Never: the model's sites compile.
pub fn markdown() -> Result<String> {
    let mut text = String::from(
        "| somebody asks for | gets, per second | most in a window | longest time without a page |\n\
         | --- | --- | --- | --- |\n",
    );
    for row in rows() {
        let got = row.got()?;
        let per_second = got.passed as f64 / f64::from(SECONDS);
        let allowed = f64::from(PER_SECOND * row.window.seconds());
        let most = got.most as f64 / allowed;
        let dry = got.dry_ms as f64 / 1_000.0;
        // Writing to a string cannot fail.
        let _ = writeln!(text, "| {} | {per_second:.1} | {most:.1}× | {dry:.1} s |", row.who);
    }
    Ok(text)
}
