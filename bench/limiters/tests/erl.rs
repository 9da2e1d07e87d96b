//! What a limit over the platform's rate counters means: proven on the model of
//! them, with the engine's own decisions. Nobody is refused who stays within the
//! limit; whoever does not gets what is stated here, and never nothing.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tidegate_bench_limiters::erl::play::{Edge, Got, START, Steady};
use tidegate_bench_limiters::erl::pop::{PENALTY_MS, Traits};
use tidegate_bench_limiters::erl::table::markdown;
use tidegate_bench_limiters::site::Site;
use tidegate_rules::store::erl::Window;
use tidegate_rules::{Admit, Time};

/// The limit of most tests: 200 pages in ten seconds.
const PAGES: u32 = 200;
const WINDOW: Window = Window::TenSeconds;

fn site(window: Window, pages: u32) -> Site {
    Site::new("erl", window, pages).unwrap_or_else(|error| panic!("{error}"))
}

fn at(millis: u64) -> Time {
    Time::from_unix_millis(START + millis)
}

/// What somebody gets who asks evenly for ten minutes.
fn steady(rate: u32, pops: u32, traits: &Traits) -> Got {
    let site = site(WINDOW, PAGES);
    let mut edge = Edge::new(&site, pops, traits, 1);
    let client = Steady { rate, pops, seconds: 600 };
    client.play(WINDOW, |pop, now| edge.ask(pop, 0, now) == Admit::Pass)
}

fn per_second(got: Got) -> f64 {
    got.passed as f64 / 600.0
}

#[test]
fn whoever_asks_for_more_gets_the_limit_at_any_rate() {
    for rate in [21, 40, 200, 1_000] {
        let got = steady(rate, 1, &Traits::exact());
        assert!((20.0..20.5).contains(&per_second(got)), "{rate}: {got:?}");
        assert!(got.dry_ms < 10_000, "{rate}: paced, not starved: {got:?}");
    }
}

#[test]
fn somebody_spread_over_pops_gets_the_limit_at_each() {
    for pops in [1, 2, 5, 20] {
        let got = steady(1_000, pops, &Traits::exact());
        let times = per_second(got) / 20.0 / f64::from(pops);
        assert!((1.0..1.03).contains(&times), "{pops}: {times}");
    }
    let spread_thin = steady(190, 10, &Traits::exact());
    assert_eq!(spread_thin.passed, spread_thin.asked, "19 a second at each of ten");
}

#[test]
fn what_is_not_counted_adds_a_ninth_at_most() {
    let lossy = Traits { sync_ms: 0, ..Traits::worst() };
    let times = per_second(steady(40, 1, &lossy)) / 20.0;
    assert!((1.08..1.0 / 0.9 + 0.02).contains(&times), "{times}");
}

/// What is asked for while the nodes have not heard of each other comes on top.
#[test]
fn nodes_that_are_behind_add_what_is_asked_meanwhile() {
    let late = Traits { lost: 0.0..=0.0, ..Traits::worst() };
    for rate in [40, 100, 200] {
        let got = per_second(steady(rate, 1, &late));
        let bound = 20.0 + f64::from(rate) * 3.1 / 10.0;
        assert!((20.0..bound).contains(&got), "{rate}: {got} of {bound}");
    }
}

/// A counter that is full forgets whoever was added to the longest ago; whoever
/// is forgotten begins anew.
#[test]
fn a_full_counter_lets_through_and_refuses_nobody() {
    let site = site(WINDOW, PAGES);
    let passed = |entries| {
        let mut edge = Edge::new(&site, 1, &Traits { entries, ..Traits::exact() }, 1);
        let mut ask = |client, millis| edge.ask(0, client, at(millis)) == Admit::Pass;
        let pages = (0..4_000).filter(|number| {
            let passed = ask(0, number * 10);
            // As many others as there is room for ask before its next page.
            (1..=20)
                .for_each(|other| assert!(ask(other + 100 * (*number % 50) as u32, number * 10)));
            passed
        });
        pages.count()
    };
    assert_eq!(passed(20), 4_000, "forgotten every time");
    let roomy = passed(10_000);
    assert!((800..=820).contains(&roomy), "{roomy} pages in 40 s");
}

/// Why there is no penalty box: it takes a script that is a little too fast out
/// for minutes, and for as long as it goes on.
#[test]
fn a_penalty_box_starves_a_script_that_counting_paces() {
    let site = site(WINDOW, PAGES);
    let client = Steady { rate: 22, pops: 1, seconds: 600 };
    let mut edge = Edge::new(&site, 1, &Traits::exact(), 1);
    let boxed = client.play(WINDOW, |pop, now| edge.check_rate(pop, 0, now));
    assert!(boxed.dry_ms > PENALTY_MS && boxed.passed * 20 < boxed.asked, "{boxed:?}");
    let paced = steady(22, 1, &Traits::exact());
    assert!(paced.dry_ms <= 2_000 && paced.passed * 100 > paced.asked * 90, "{paced:?}");
    // One burst and then patience: still out for two minutes.
    let mut edge = Edge::new(&site, 1, &Traits::exact(), 1);
    let first = (0..250).all(|_| edge.check_rate(0, 0, at(0)));
    let [before, after] = [PENALTY_MS - 1, PENALTY_MS].map(|wait| edge.check_rate(0, 0, at(wait)));
    assert_eq!([first, before, after], [false, false, true]);
}

#[test]
fn the_table_people_read_is_what_the_model_says() {
    let text = include_str!("../../../docs/cells.md");
    let table = markdown().unwrap_or_else(|error| panic!("{error}"));
    assert!(
        text.contains(&table),
        "docs/cells.md is out of date; `cargo bench-limiters counters` prints:\n{table}"
    );
}

fn traits() -> impl Strategy<Value = Traits> {
    let share = (0.0..=0.1, 0.0..=0.1);
    (1_usize..8, 0_u64..5_000, share, prop_oneof![1_usize..4, Just(1_000)]).prop_map(
        |(nodes, sync_ms, (a, b), entries): (_, _, (f64, f64), _)| Traits {
            nodes,
            sync_ms,
            lost: a.min(b)..=a.max(b),
            entries,
        },
    )
}

/// When pages are asked for, in milliseconds after the start, each after a gap.
fn arrivals() -> impl Strategy<Value = Vec<u64>> {
    let gap = prop_oneof![8 => 0_u64..60, 1 => 0_u64..12_000];
    prop::collection::vec(gap, 1..1_500).prop_map(|gaps| {
        let mut now = 0;
        let later = |gap| {
            now += gap;
            now
        };
        gaps.into_iter().map(later).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However counters err, they never count what was not asked for: whoever has
    /// asked for no more than the limit in the window passes, whatever others do.
    #[test]
    fn nobody_is_refused_who_stays_within_the_limit(
        traits in traits(),
        arrivals in arrivals(),
        seed in any::<u64>(),
    ) {
        let site = site(WINDOW, 40 * 10);
        let mut edge = Edge::new(&site, 1, &traits, seed);
        for (number, now) in arrivals.iter().enumerate() {
            let asked = arrivals[..=number].iter().filter(|then| **then + 10_000 > *now).count();
            let admit = edge.ask(0, 0, at(*now));
            prop_assert!(asked > 400 || admit == Admit::Pass, "{} at {}", asked, now);
            edge.ask(0, 1 + number as u32 % 9, at(*now));
        }
    }

    /// Whatever counters lose and forget, and however far behind nodes are.
    #[test]
    fn whoever_waits_as_told_passes(
        traits in traits(),
        arrivals in arrivals(),
        window in prop_oneof![Just(Window::Second), Just(WINDOW), Just(Window::Minute)],
        seed in any::<u64>(),
    ) {
        let site = site(window, 10 * window.seconds());
        let mut edge = Edge::new(&site, 1, &traits, seed);
        let mut waited = 0;
        for now in arrivals {
            if let Admit::Throttle { retry_ms } = edge.ask(0, 0, at(now + waited)) {
                waited += retry_ms;
                prop_assert_eq!(edge.ask(0, 0, at(now + waited)), Admit::Pass);
            }
        }
    }

    /// Ten whole seconds let no more through than the limit, what is not counted
    /// of it, and what was asked for while the nodes were behind each other.
    #[test]
    fn a_window_lets_no_more_through_than_stated(
        traits in traits().prop_map(|traits| Traits { entries: 1_000, ..traits }),
        arrivals in arrivals(),
        seed in any::<u64>(),
    ) {
        let site = site(WINDOW, PAGES);
        let mut edge = Edge::new(&site, 1, &traits, seed);
        let mut passed: BTreeMap<u64, u64> = BTreeMap::new();
        for now in &arrivals {
            if edge.ask(0, 0, at(*now)) == Admit::Pass {
                *passed.entry(now / 1_000).or_default() += 1;
            }
        }
        // A tenth of a second is how finely nodes tell each other.
        let behind = if traits.nodes == 1 { 0 } else { traits.sync_ms + 100 };
        let meanwhile = (0..arrivals.len()).map(|first| {
            let end = arrivals[first] + behind;
            arrivals[first..].iter().take_while(|then| **then < end).count()
        });
        let meanwhile = meanwhile.max().unwrap_or_default() as f64;
        // A rate is rounded down to whole units: less than a page in ten seconds.
        let limit = f64::from(PAGES + 1) / (1.0 - traits.lost.end()) + meanwhile;
        for first in passed.keys() {
            let sum: u64 = passed.range(first..&(first + 10)).map(|(_, pages)| pages).sum();
            prop_assert!(sum as f64 <= limit, "{} of {} from {}", sum, limit, first);
        }
    }
}
