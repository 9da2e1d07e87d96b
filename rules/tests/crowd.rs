//! What is shared by many, and who is spared: crowds while the origin is
//! strained, floors, visitors of one client, rules rolled out to some keys.

use proptest::prelude::*;
use tidegate_rules::store::Cells as _;
use tidegate_rules::strain::{Answered, Strain};
use tidegate_rules::{
    Action, CacheState, Client, Decision, Engine, HashKey, Memory, Mode, Outcome, Request, Signals,
    Stored, Time, compile,
};

const START: u64 = 1_700_000_000_000;

/// A page costs 40. A crowd has ten pages and one each second; a visitor with a
/// history has three pages and one each ten seconds.
const SITE: &str = r#"
format = 1
site   = "docs.example"

[[route]]
name  = "style"
paths = ["/style/**"]
cost  = 0
cache = "long"
asset = true

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "long"

[[quota]]
name  = "crowd"
units = 2_400
per   = "1m"
burst = 400

[[quota]]
name  = "floor"
units = 240
per   = "1m"
burst = 120
"#;

const CROWD: &str = r#"
[[rule]]
id    = "crowd"
why   = "a test"
key   = "crowd"
quota = "crowd"
floor = "floor"
mode  = "enforce"
"#;

fn rule(key: &str, rest: &str) -> String {
    format!("[[rule]]\nid = \"r\"\nwhy = \"a test\"\nkey = \"{key}\"\nquota = \"floor\"\n{rest}\n")
}

struct House {
    engine: Engine,
    cells: Stored<Memory>,
    now: u64,
}

/// Somebody who asks for pages.
#[derive(Clone, Copy)]
struct Somebody<'a> {
    address: u32,
    asn: u32,
    user_agent: &'a str,
    fingerprint: Option<u64>,
}

const ANYBODY: Somebody<'_> =
    Somebody { address: 0xc000_0201, asn: 64_496, user_agent: "x", fingerprint: Some(7) };

impl House {
    fn of(rules: &str) -> Self {
        let text = format!("{SITE}{rules}");
        let compiled = compile("site.toml", &mut |_| Ok(text.clone()));
        let rules = compiled.unwrap_or_else(|mistakes| panic!("{mistakes}")).rules;
        let (version, secret) = (String::new(), HashKey::default());
        let engine = Engine { rules, version, secret, switch: Mode::Enforce };
        Self { engine, cells: Stored::default(), now: START }
    }

    fn time(&self) -> Time {
        Time::from_unix_millis(self.now)
    }

    /// The origin fails for a while.
    fn strain(&mut self) {
        for _ in 0..40 {
            let answered = Answered { units: 40, took_ms: Some(5_000), status: Some(503) };
            self.cells.answered(&Strain::default(), &answered, self.time()).unwrap();
        }
    }

    fn ask(&mut self, path: &str, who: Somebody<'_>, cache: CacheState) -> Decision {
        let request = Request {
            client: Some(Client::Address(std::net::Ipv4Addr::from_bits(who.address).into())),
            user_agent: Some(who.user_agent),
            asn: Some(who.asn),
            signals: Signals { fingerprint: who.fingerprint, ..Signals::default() },
            ..Request::new(self.time(), "GET", path)
        };
        let now = self.time();
        let mut admission = self.engine.screen(&request).into_admission();
        if cache.reached_origin() {
            self.engine.admit(&mut admission, &mut self.cells, now);
        }
        let outcome = Outcome { cache: Some(cache), ..Outcome::default() };
        self.engine.settle(&mut admission, &outcome, &mut self.cells, now);
        admission.decision
    }

    /// How many of `pages` pages pass.
    fn passed(&mut self, who: Somebody<'_>, pages: u32) -> u32 {
        let ask = |n| self.ask(&format!("/{n}"), who, CacheState::Miss).action == Action::Pass;
        u32::try_from((0..pages).map(ask).filter(|passed| *passed).count()).unwrap()
    }
}

#[test]
fn a_crowd_shares_a_budget_only_while_the_origin_is_strained() {
    let mut house = House::of(CROWD);
    for address in 0..100 {
        assert_eq!(house.passed(Somebody { address, ..ANYBODY }, 1), 1, "calm");
    }
    house.strain();
    let passed = |house: &mut House, asn, fingerprint| -> u32 {
        let new = |address| Somebody { address, asn, fingerprint, ..ANYBODY };
        (1_000..1_100).map(|address| house.passed(new(address), 1)).sum()
    };
    assert_eq!(passed(&mut house, 64_496, Some(7)), 10, "one crowd");
    assert_eq!(passed(&mut house, 64_497, Some(7)), 10, "another network");
    assert_eq!(passed(&mut house, 64_496, Some(8)), 10, "other software");
    assert_eq!(passed(&mut house, 64_496, None), 100, "unknown software counts against nobody");
}

#[test]
fn whoever_was_here_before_or_reads_a_page_with_its_style_keeps_the_floor() {
    let mut house = House::of(CROWD);
    let before = Somebody { address: 1, ..ANYBODY };
    house.passed(before, 1);
    house.now += 60_000;
    house.strain();
    let crawl: u32 =
        (100..200).map(|address| house.passed(Somebody { address, ..ANYBODY }, 1)).sum();
    assert_eq!(crawl, 10, "the crowd's budget is spent");
    assert_eq!(house.passed(before, 5), 3, "its own floor");
    let reader = Somebody { address: 2, ..ANYBODY };
    house.ask("/1", reader, CacheState::Hit);
    assert_eq!(house.passed(reader, 1), 0, "a newcomer, cached pages or not");
    house.ask("/style/a.css", reader, CacheState::Hit);
    assert_eq!(house.passed(reader, 5), 3, "no newcomer any more");
}

#[test]
fn whoever_read_a_cached_page_in_calm_time_keeps_the_floor() {
    let mut house = House::of(CROWD);
    let reader = Somebody { address: 1, ..ANYBODY };
    house.ask("/1", reader, CacheState::Hit);
    house.now += 60_000;
    house.strain();
    let crawl: u32 =
        (100..200).map(|address| house.passed(Somebody { address, ..ANYBODY }, 1)).sum();
    assert_eq!(crawl, 10, "the crowd's budget is spent");
    assert_eq!(house.passed(reader, 5), 3, "its own floor");
}

#[test]
fn limits_can_wait_for_the_origin_to_hurt() {
    let mut house =
        House::of(&rule("client", "mode = \"enforce\"\nmatch = { origin = \"strained\" }"));
    assert_eq!(house.passed(ANYBODY, 20), 20);
    house.strain();
    assert_eq!(house.passed(ANYBODY, 20), 3);
    house.now += 120_000;
    assert_eq!(house.passed(ANYBODY, 20), 20, "nothing is known of the origin any more");
}

#[test]
fn the_origins_own_answers_say_how_it_is() {
    let mut house =
        House::of(&rule("client", "mode = \"enforce\"\nmatch = { origin = \"strained\" }"));
    let answer = |house: &mut House, method, address, status| {
        let client = Some(Client::Address(std::net::Ipv4Addr::from_bits(address).into()));
        let request = Request { client, ..Request::new(house.time(), method, "/page") };
        let mut admission = house.engine.screen(&request).into_admission();
        house.engine.admit(&mut admission, &mut house.cells, request.time);
        let outcome =
            Outcome { status: Some(status), cache: Some(CacheState::Miss), origin_ms: Some(30) };
        house.engine.settle(&mut admission, &outcome, &mut house.cells, request.time);
    };
    for address in 0..30 {
        answer(&mut house, "GET", address, 200);
        // An upload may be slow, or broken off, by whoever sends it.
        answer(&mut house, "POST", address, 503);
    }
    assert_eq!(house.passed(ANYBODY, 10), 10);
    for address in 0..30 {
        answer(&mut house, "GET", address, 503);
    }
    assert_eq!(house.passed(ANYBODY, 10), 3);
}

#[test]
fn each_kind_of_key_is_shared_by_whom_it_says() {
    let others = [
        Somebody { user_agent: "y", fingerprint: Some(8), ..ANYBODY },
        Somebody { address: ANYBODY.address + 1, ..ANYBODY },
        Somebody { address: ANYBODY.address + 256, ..ANYBODY },
        Somebody { address: ANYBODY.address + 256, asn: 64_497, ..ANYBODY },
        Somebody { address: 1, asn: 64_497, fingerprint: Some(8), user_agent: "y" },
    ];
    // Who shares the budget with anybody, of: other software at one address, a
    // neighbour, somebody of another network, of another provider, a stranger.
    for (key, shared) in [
        ("visitor", [false, false, false, false, false]),
        ("client", [true, false, false, false, false]),
        ("network", [true, true, false, false, false]),
        ("asn", [true, true, true, false, false]),
        ("fingerprint", [false, true, true, true, false]),
        ("site", [true, true, true, true, true]),
    ] {
        let found = others.map(|other| {
            let mut house = House::of(&rule(key, "mode = \"enforce\""));
            assert_eq!(house.passed(ANYBODY, 9), 3, "{key}");
            house.passed(other, 3) == 0
        });
        assert_eq!(found, shared, "{key}");
    }
}

#[test]
fn a_rule_is_rolled_out_to_a_share_of_the_keys_and_in_shadow_for_the_others() {
    let reached = |percent: u32| -> Vec<u32> {
        let mut house =
            House::of(&rule("client", &format!("mode = \"enforce\"\nrollout = {percent}")));
        let mut throttled = |address: &u32| {
            let who = Somebody { address: *address, ..ANYBODY };
            house.passed(who, 3);
            let decision = house.ask("/9", who, CacheState::Miss);
            assert_eq!(decision.shadow.is_empty(), decision.action == Action::Throttle);
            decision.action == Action::Throttle
        };
        (0..400).filter(|address| throttled(address)).collect()
    };
    let (quarter, half, all) = (reached(25), reached(50), reached(100));
    assert!((70..130).contains(&quarter.len()), "{}", quarter.len());
    assert!((150..250).contains(&half.len()), "{}", half.len());
    assert_eq!(all.len(), 400);
    assert!(quarter.iter().all(|address| half.contains(address)), "the same keys stay");
}

#[test]
fn a_rule_lives_from_its_first_day_to_its_last() {
    let life = "mode = \"enforce\"\nstarts = \"2023-11-15\"\nexpires = \"2023-11-16\"";
    for (day, passed) in
        [("2023-11-14", 9), ("2023-11-15", 3), ("2023-11-16", 3), ("2023-11-17", 9)]
    {
        let mut house = House::of(&rule("client", life));
        house.now = match day {
            "2023-11-14" => 1_700_006_399_000,
            "2023-11-15" => 1_700_006_400_000,
            "2023-11-16" => 1_700_179_199_000,
            _ => 1_700_179_200_000,
        };
        assert_eq!(house.passed(ANYBODY, 9), passed, "{day}");
    }
}

proptest! {
    /// Whoever changes the User-Agent or the fingerprint with every request has
    /// the budgets of eight visitors and no more.
    #[test]
    fn rotating_user_agents_gains_at_most_eight_budgets(
        agents in prop::collection::vec((".{0,8}", any::<Option<u64>>()), 60..160),
    ) {
        let mut house = House::of(&rule("visitor", "mode = \"enforce\""));
        let passed: u32 = agents
            .iter()
            .map(|(user_agent, fingerprint)| {
                let who = Somebody { user_agent, fingerprint: *fingerprint, ..ANYBODY };
                house.passed(who, 1)
            })
            .sum();
        prop_assert!(passed <= 8 * 3, "{}", passed);
    }

    /// However a crawl spends the crowd's budget, a visitor with a history gets
    /// what its floor has.
    #[test]
    fn a_crowd_never_takes_a_visitor_below_its_floor(
        steps in prop::collection::vec((0_u64..3_000, 1_u32..40, any::<bool>()), 1..60),
    ) {
        let mut house = House::of(CROWD);
        let reader = Somebody { address: 1, ..ANYBODY };
        house.passed(reader, 1);
        house.now += 120_000;
        // A budget of the reader's own, alone in the world.
        let mut alone = House::of(&rule("client", "mode = \"enforce\""));
        let mut next = 1_000;
        for (gap, crawl, reads) in steps {
            house.now += gap;
            alone.now = house.now;
            house.strain();
            for _ in 0..crawl {
                next += 1;
                house.passed(Somebody { address: next, ..ANYBODY }, 1);
            }
            if reads && alone.passed(reader, 1) == 1 {
                prop_assert_eq!(house.passed(reader, 1), 1);
            }
        }
    }
}
