//! Hot keys in shards: what is shared by many lies in several cells, and means
//! what it would mean in one.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tidegate_rules::key::{CellKey, KeyKind};
use tidegate_rules::{
    Action, Client, Engine, HashKey, Memory, Mode, Request, Signals, Stored, Time, compile,
};

const START: u64 = 1_700_000_000_000;

/// A page costs 40. The budget has 1,500 of them at once, and 25 each second.
const SITE: &str = r#"
format = 1
site   = "docs.example"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "long"

[[quota]]
name  = "large"
units = 60_000
per   = "1m"
burst = 60_000

[[quota]]
name  = "small"
units = 60_000
per   = "1m"
burst = 3_000
"#;

fn rule(key: &str, quota: &str, rest: &str) -> String {
    format!(
        "[[rule]]\nid = \"{quota}\"\nwhy = \"a test\"\nkey = \"{key}\"\nquota = \"{quota}\"\nmode = \"enforce\"\n{rest}\n"
    )
}

struct House {
    engine: Engine,
    cells: Stored<Memory>,
    now: u64,
}

impl House {
    fn of(rules: &str) -> Self {
        let text = format!("{SITE}{rules}");
        let compiled = compile("site.toml", &mut |_| Ok(text.clone()));
        let rules = compiled.unwrap_or_else(|mistakes| panic!("{mistakes}")).rules;
        let (version, secret) = (String::new(), HashKey::default());
        let engine = Engine { rules, version, secret, switch: Mode::Enforce };
        Self { engine, cells: Stored::default(), now: START }
    }

    fn shards(&self) -> u8 {
        self.engine.rules.layouts[0].1.shards().get()
    }

    /// Whether a visitor's request for a page passes, and the cell of `kind` that
    /// it is charged to.
    fn ask(&mut self, kind: KeyKind, visitor: u32, page: u32) -> (bool, CellKey) {
        let path = format!("/{page}");
        let time = Time::from_unix_millis(self.now);
        let request = Request {
            client: Some(Client::Address(std::net::Ipv4Addr::from_bits(visitor).into())),
            user_agent: Some("x"),
            asn: Some(64_496),
            signals: Signals { fingerprint: Some(7), ..Signals::default() },
            ..Request::new(time, "GET", &path)
        };
        let mut admission = self.engine.screen(&request).into_admission();
        self.engine.admit(&mut admission, &mut self.cells, time);
        let layout = self.engine.rules.layout(kind).unwrap();
        let cell = admission.derived.cell(kind, layout.shards()).unwrap();
        (admission.decision.action == Action::Pass, cell)
    }

    /// How many of the requests pass, each of a visitor for a page.
    fn passed(&mut self, requests: impl Iterator<Item = (u32, u32)>) -> usize {
        requests.filter(|(visitor, page)| self.ask(KeyKind::Site, *visitor, *page).0).count()
    }
}

#[test]
fn the_more_a_key_is_shared_the_more_shards_it_has() {
    let shards = |key| House::of(&rule(key, "large", "")).shards();
    let kinds = ["visitor", "client", "network", "asn", "fingerprint", "crowd", "site"];
    assert_eq!(kinds.map(shards), [1, 1, 1, 8, 8, 8, 16]);
}

#[test]
fn a_cell_stays_whole_where_a_shard_would_be_too_small_or_know_too_little() {
    let large = rule("site", "large", "");
    assert_eq!(House::of(&format!("{large}{}", rule("site", "small", ""))).shards(), 4);
    let breadth = "match = { breadth = { over = 20, per = \"10m\" } }";
    assert_eq!(House::of(&rule("site", "large", breadth)).shards(), 1);
    let counted = format!("[store]\nsite = \"erl\"\n{large}");
    assert_eq!(House::of(&counted).shards(), 1, "the platform counts");
}

#[test]
fn a_flood_gets_nearly_the_whole_budget_and_so_does_one_visitor() {
    let site = rule("site", "large", "");
    // 16 shards of 93 pages each, of 1,500 pages.
    let passed = |requests: &mut dyn Iterator<Item = (u32, u32)>| {
        let mut house = House::of(&site);
        house.passed(requests)
    };
    assert_eq!(passed(&mut (0..5_000).map(|n| (n, 0))), 16 * 93, "many for one page");
    assert_eq!(passed(&mut (0..5_000).map(|n| (0, n))), 16 * 93, "one for many pages");
    assert_eq!(passed(&mut (0..5_000).map(|_| (0, 0))), 93, "a loop around one page");
    let before = House::of(&site).passed((0..1_125).map(|n| (n, n % 7)));
    assert_eq!(before, 1_125, "no shard refuses before three quarters are spent");
}

proptest! {
    /// However requests come, no shard gives more than its part of the budget,
    /// and all of them together no more than the whole.
    #[test]
    fn shards_together_give_no_more_than_the_whole(
        requests in prop::collection::vec((0_u64..40, 0_u32..30, 0_u32..30), 1..4_000),
        pause in 0_u64..120_000,
    ) {
        let mut house = House::of(&rule("site", "large", ""));
        let mut given: BTreeMap<u128, u64> = BTreeMap::new();
        let half = requests.len() / 2;
        for (at, (gap, visitor, page)) in requests.into_iter().enumerate() {
            house.now += gap + if at == half { pause } else { 0 };
            if let (true, cell) = house.ask(KeyKind::Site, visitor, page) {
                *given.entry(cell.hash).or_default() += 40;
            }
            // A unit comes back each millisecond, and to a shard each 16th.
            let elapsed = house.now - START;
            prop_assert!(given.values().all(|units| *units <= 60_000 / 16 + elapsed / 16));
            prop_assert!(given.values().sum::<u64>() <= 60_000 + elapsed);
        }
    }
}
