//! The rule files of the sites themselves: they compile, and their routes and
//! agents say what people expect.

mod common;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::site;
use tidegate_rules::{Compiled, Request, Ruleset, Time, pack};

fn rules(name: &str) -> Ruleset {
    site(name).rules
}

#[test]
fn every_site_compiles_and_survives_packing() {
    for name in ["docs-rs.toml", "crates-io.toml", "generic.toml"] {
        let Compiled { rules, warnings, .. } = site(name);
        assert_eq!(warnings, [], "{name}");
        let packs = pack::encode(&rules).unwrap();
        assert_eq!(pack::decode(&packs.rules, packs.addresses.clone()).unwrap(), rules);
        let entries = pack::to_entries(&packs).unwrap();
        let find = |key: &str| {
            entries.entries.iter().find(|(known, _)| known == key).map(|(_, value)| value.clone())
        };
        let pointer = pack::Pointer::parse(&entries.pointer).unwrap();
        assert_eq!(pointer.rules(find).unwrap(), packs.rules);
        let id = pack::addresses_of(&packs.rules).unwrap().unwrap();
        assert_eq!(pointer.addresses(&id, find).unwrap(), packs.addresses);
    }
}

fn derived(rules: &Ruleset, path: &str, user_agent: &str) -> (Option<String>, Option<String>) {
    let engine = common::engine(rules.clone());
    let request = Request {
        user_agent: Some(user_agent),
        ..Request::new(Time::from_unix_millis(1_700_000_000_000), "GET", path)
    };
    let derived = engine.screen(&request).into_admission().derived;
    let route = derived.route.and_then(|at| rules.route(at)).map(|route| route.name.clone());
    let agent = derived.claim.and_then(|claim| rules.agent(claim.agent?));
    (route, agent.map(|agent| agent.name.clone()))
}

#[test]
fn routes_of_docs_rs() {
    let rules = rules("docs-rs.toml");
    for (path, route) in [
        ("/-/static/vendored.css", "static"),
        ("/-/rustdoc.static/main.js", "static"),
        ("/", "home"),
        ("/serde/latest/serde/", "rustdoc"),
        ("/serde/1.0.219/serde/trait.Serialize.html", "rustdoc"),
        ("/crate/serde/1.0.219/source/src/lib.rs", "source"),
        ("/crate/serde/latest/builds", "builds"),
        ("/crate/serde/1.0.219/status.json", "status.json"),
        ("/releases/search", "search"),
        ("/serde/badge.svg", "badge"),
    ] {
        assert_eq!(derived(&rules, path, "").0.as_deref(), Some(route), "{path}");
    }
}

#[test]
fn agents_are_told_apart() {
    let rules = rules("docs-rs.toml");
    for (user_agent, agent) in [
        ("curl/8.20.0", Some("curl")),
        ("curl/8.17.0 Nixpkgs/26.05", Some("nix")),
        ("cargo/1.90.0 (840b83a10 2025-07-30)", Some("cargo")),
        ("cargo 1.74.0 (ecb9851af 2023-10-18)", Some("cargo")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", Some("firefox")),
        (
            "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
            Some("googlebot"),
        ),
        ("an entirely unknown thing", None),
    ] {
        assert_eq!(derived(&rules, "/", user_agent).1.as_deref(), agent, "{user_agent}");
    }
}

/// Each key by the name that its owner publishes beside it, so that a slip in it
/// cannot pass for another key.
#[test]
fn keys_are_those_that_their_owners_publish() {
    let rules = rules("docs-rs.toml");
    let published = [("otMqcjr17mGyruktGvJU8oojQTSMHlVm7uO-lrcqbdg", "chatgpt-user")];
    for (key_id, owner) in published {
        let thumbprint = URL_SAFE_NO_PAD.decode(key_id).unwrap().try_into().unwrap();
        let (_, agent) = rules.keys.find(&thumbprint).unwrap();
        assert_eq!(rules.agent(agent).unwrap().name, owner);
    }
}
