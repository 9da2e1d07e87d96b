//! Sites with random rules: everything that a condition, a budget and a verdict
//! can say, and nothing that the compiler refuses.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use tidegate_rules::agent::{Category, Headers};
use tidegate_rules::record::Verification;
use tidegate_rules::route::CacheClass;
use toml::{Table, Value};

/// What rules name; they are added to it.
pub(crate) const SITE: &str = r#"
format = 1
site   = "docs.example"

[strain]
slow = 7
over = "40%"
per  = "1m"

[[route]]
name  = "page \"of\" docs"
paths = ["/{crate}/**"]
cost  = 40
cache = "long"

[[route]]
name  = "sürch\u0000"
paths = ["/search"]
cost  = 120
cache = "never"

[[agent]]
name        = "curl"
category    = "http-library"
user_agents = ["curl/*"]
networks    = ["192.0.2.0/26", "2001:db8::/33"]

[[agent]]
name        = "a bot"
category    = "seo"
user_agents = ["*bot*"]
"#;

const ROUTES: [&str; 2] = ["page \"of\" docs", "sürch\0"];

/// A key that may be missing.
fn maybe(
    key: &'static str,
    value: impl Strategy<Value = Value> + 'static,
) -> BoxedStrategy<Option<(&'static str, Value)>> {
    option::weighted(0.3, value.prop_map(move |value| (key, value))).boxed()
}

/// Some of these, as one value or a list.
fn some(of: impl IntoIterator<Item = impl Into<Value>>) -> impl Strategy<Value = Value> {
    let of: Vec<Value> = of.into_iter().map(Into::into).collect();
    let most = of.len();
    (subsequence(of, 1..=most).prop_shuffle(), any::<bool>())
        .prop_map(|(mut found, alone)| if alone { found.remove(0) } else { Value::Array(found) })
}

fn texts(text: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = Value> {
    vec(text, 1..3).prop_map(|texts| texts.into_iter().collect::<Vec<_>>().into())
}

fn table(keys: Vec<BoxedStrategy<Option<(&'static str, Value)>>>) -> impl Strategy<Value = Table> {
    keys.prop_map(|keys| {
        keys.into_iter().flatten().map(|(key, value)| (key.to_owned(), value)).collect()
    })
}

/// All that a condition says but for counters and negation.
fn plain_condition() -> impl Strategy<Value = Table> {
    fn names<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
        all.iter().map(|one| name(*one)).collect()
    }
    let agent = table(vec![
        maybe("name", some(["curl", "a bot"])),
        maybe("category", some(names(Category::ALL, Category::name))),
        maybe("verification", some(names(Verification::ALL, Verification::name))),
        maybe("headers", some(names(Headers::ALL, Headers::name))),
    ]);
    let networks = [
        "192.0.2.0/25",
        "192.0.2.128/26",
        "192.0.2.7/32",
        "0.0.0.0/0",
        "::ffff:192.0.2.0/120",
        "2001:db8::/33",
        "2001:db8:8000::/33",
        "2001:db8::1/128",
        "::/0",
        "255.255.255.255/32",
    ];
    table(vec![
        maybe("host", texts(any::<String>())),
        maybe("method", some(["GET", "PUT", "X"])),
        maybe("route", some(ROUTES)),
        maybe("path", texts("/[a-z*\"\\\\ ü]{0,8}(\\{crate\\})?")),
        maybe("query", any::<bool>().prop_map(Into::into)),
        maybe("agent", agent.prop_map(Into::into)),
        maybe("network", some(networks)),
        maybe("asn", some([0_i64, 64_496, 4_294_967_295])),
        maybe("country", some(["DE", "XK"])),
        maybe("credentials", any::<bool>().prop_map(Into::into)),
        maybe("fingerprint", some(["00000000000000ff", "ABCDEFabcdef0123"])),
        maybe("cache", some(names(CacheClass::ALL, CacheClass::name))),
        maybe("hours", some(["22:00-06:30", "00:00-24:00", "09:05-09:06"])),
    ])
}

fn condition() -> impl Strategy<Value = Table> {
    let inner = plain_condition().prop_recursive(2, 4, 1, |inner| {
        (plain_condition(), inner).prop_map(|(mut own, not)| {
            own.insert("not".to_owned(), not.into());
            own
        })
    });
    (plain_condition(), option::of(inner)).prop_map(|(mut own, not)| {
        own.extend(not.map(|not| ("not".to_owned(), not.into())));
        own
    })
}

fn breadth() -> impl Strategy<Value = Value> {
    // Few windows and no wide ones, so that they fit a cell.
    let bound = || option::of(0_i64..=256);
    let periods = select(vec!["10s", "600s", "10m", "1h", "60m"]);
    (bound(), bound(), periods)
        .prop_filter("a bound", |(over, under, _)| over.or(*under).is_some())
        .prop_map(|(over, under, per)| {
            let bounds = [("over", over), ("under", under)];
            let bounds = bounds.into_iter().filter_map(|(key, bound)| Some((key, bound?.into())));
            let table = bounds.chain([("per", Value::from(per))]);
            table.map(|(key, value)| (key.to_owned(), value)).collect::<Table>().into()
        })
}

/// A rule with a budget. While the origin is calm, at most two kinds of cells
/// are read: those of `kinds`.
fn throttle(kinds: [&'static str; 2]) -> impl Strategy<Value = Table> {
    let mode = select(vec![None, Some("off"), Some("shadow"), Some("enforce")]);
    let keys = (select(vec![kinds[0], kinds[1], "crowd"]), any::<bool>(), any::<bool>());
    let quotas = (select(vec!["slow", "quick"]), select(vec!["slow", "quick"]));
    (keys, quotas, mode, 1_i64..=100, option::of(breadth())).prop_map(
        |((key, floor, told), (quota, floor_quota), mode, rollout, breadth)| {
            let mut rule = Table::new();
            let mut set = |key: &str, value: Value| rule.insert(key.to_owned(), value);
            set("key", key.into());
            set("quota", quota.into());
            if key == "crowd" && floor {
                set("floor", floor_quota.into());
            }
            if let Some(mode) = mode {
                set("mode", mode.into());
            }
            if mode == Some("enforce") && told {
                set("rollout", rollout.into());
            }
            let mut counted = Table::new();
            counted.extend(breadth.map(|breadth| ("breadth".to_owned(), breadth)));
            if floor {
                let state = if told || key == "crowd" { "strained" } else { "calm" };
                counted.insert("origin".to_owned(), state.into());
            }
            rule.insert("match".to_owned(), counted.into());
            rule
        },
    )
}

fn verdict() -> impl Strategy<Value = Table> {
    (select(vec!["allow", "block", "tag"]), select(vec!["off", "shadow", "enforce"])).prop_map(
        |(verdict, mode)| {
            let keys = [("verdict", verdict), ("mode", mode)];
            keys.into_iter().map(|(key, word)| (key.to_owned(), word.into())).collect()
        },
    )
}

fn rule(kinds: [&'static str; 2]) -> impl Strategy<Value = Table> {
    let days = || option::of(select(vec!["1970-01-01", "2026-02-28", "2199-12-31", "2999-12-31"]));
    let effect = prop_oneof![3 => throttle(kinds), 1 => verdict()];
    let told = ("\\PC{0,4}[!-~]", option::of(any::<String>()));
    (effect, condition(), told, days(), days()).prop_map(
        |(mut rule, mut condition, (why, advice), starts, expires)| {
            if let Some(Value::Table(counted)) = rule.remove("match") {
                condition.extend(counted);
            }
            // Nobody may allow everybody.
            if rule.get("verdict").and_then(Value::as_str) == Some("allow") {
                condition.insert("query".to_owned(), true.into());
            }
            let days = [("starts", starts), ("expires", expires)];
            let days = days.into_iter().filter_map(|(key, day)| Some((key, day?.to_owned())));
            let texts = [Some(("why", why)), advice.map(|advice| ("advice", advice))];
            let all = days.chain(texts.into_iter().flatten());
            rule.extend(all.map(|(key, text)| (key.to_owned(), text.into())));
            rule.insert("match".to_owned(), condition.into());
            rule
        },
    )
}

/// The text of a site with random rules.
pub(crate) fn site() -> impl Strategy<Value = String> {
    let kinds = ["client", "network", "asn", "fingerprint", "site"];
    let quota = (1_i64..100_000, select(vec!["1s", "90s", "10m", "24h"]), 120_i64..2_000);
    let sets = select(kinds.to_vec()).prop_flat_map(|kind| vec(rule(["visitor", kind]), 1..6));
    (sets, quota).prop_map(|(rules, (units, per, burst))| {
        let rules = rules.into_iter().enumerate().map(|(at, mut rule)| {
            // Ids that look like the names of each other's quotas.
            let id = format!("r{}", ["", "-floor", "-budget", "-", "-floor-floor", "0"][at]);
            rule.insert("id".to_owned(), id.into());
            Value::Table(rule)
        });
        let added = Table::from_iter([("rule".to_owned(), rules.collect::<Vec<_>>().into())]);
        format!(
            "{SITE}\n[[quota]]\nname = \"slow\"\nunits = 50\nper = \"1m\"\nburst = 120\n\
             [[quota]]\nname = \"quick\"\nunits = {}\nper = \"{per}\"\nburst = {burst}\n{}",
            units + 10_000,
            toml::to_string(&added).unwrap()
        )
    })
}
