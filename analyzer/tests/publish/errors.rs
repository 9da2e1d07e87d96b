//! What people read when something is wrong: one line that says what, where, and
//! what to do.

use std::fmt::Write as _;

use crate::api::{Fault, PACKS, SWITCHES};
use crate::site::{SITE, Site, steady, told, version_of};

/// Cases side by side, each under its name.
#[derive(Default)]
struct Told(String);

impl Told {
    fn add(&mut self, name: &str, told: &str) {
        writeln!(self.0, "# {name}\n{}", steady(told, &[version_of(SITE)])).unwrap();
    }
}

#[test]
fn what_the_api_says_no_to() {
    let site = Site::new();
    let mut all = Told::default();
    let publish = ["publish", "site.toml", "--yes"];

    let mut run = site.command(&publish);
    all.add("no token", &told(&run.env_remove("FASTLY_API_TOKEN").output().unwrap()));
    let mut run = site.command(&publish);
    all.add("no such token", &told(&run.env("FASTLY_API_TOKEN", "another").output().unwrap()));
    let mut run = site.command(&publish);
    all.add("broken token", &told(&run.env("FASTLY_API_TOKEN", "a\nb").output().unwrap()));
    let mut run = site.command(&publish);
    all.add("in the open", &told(&run.env("FASTLY_API_ENDPOINT", "http://a.b").output().unwrap()));
    all.add("wrong store", &site.told(&["publish", "site.toml", "--packs", "nosuchstore"], 1));
    all.add("no id", &site.told(&["status", "--packs", "tidegate_packs"], 1));
    let mut run = site.command(&["status"]);
    all.add("no store", &told(&run.env_remove("TIDEGATE_SWITCHES").output().unwrap()));

    site.api.state().read_only = true;
    all.add("a token that reads only", &site.told(&publish, 1));
    site.api.state().read_only = false;
    site.api.state().room = 0;
    all.add("no room, says the api", &site.told(&publish, 1));
    site.api.state().room = 500;

    // The first change; two requests look at what is there.
    let mut change = |name, fault| {
        site.api.fail_from(2, fault);
        all.add(name, &site.told(&publish, 1));
        site.api.heal();
    };
    change("too many changes", Fault::RateLimit(40 * 60));
    change("trouble of its own", Fault::Status(503));
    change("something unheard of", Fault::Status(418));
    site.api.fail_from(0, Fault::Nonsense);
    all.add("no api", &site.told(&publish, 1));
    site.api.fail_from(0, Fault::Silence);
    let mut run = site.command(&publish);
    let silent = run.args(["--api-answer", "100", "--api-pause", "1"]).output().unwrap();
    all.add("silence", &told(&silent));
    site.api.heal();

    insta::assert_snapshot!("refused-by-the-api", all.0);
    assert_eq!(site.in_force(), None);
}

#[test]
fn a_connection_that_breaks_is_told() {
    let site = Site::new();
    site.api.fail_from(0, Fault::DropBefore);
    let told = site.told(&["status"], 1);
    assert!(told.contains("cannot read the store `switchesSWITCHES`: the connection to"), "{told}");
    assert!(told.contains("4 times in a row"), "{told}");
    let nobody = site.command(&["status", "--api", "https://127.0.0.1:1", "--api-pause", "1"]);
    let told = told_by(nobody);
    assert!(told.contains("the connection to `https://127.0.0.1:1` failed"), "{told}");
}

/// TLS is set up, and what is no TLS is an error like any other.
#[test]
fn a_server_without_tls_is_told() {
    let site = Site::new();
    let url = site.api.url.replace("http:", "https:");
    let told = told_by(site.command(&["status", "--api", &url, "--api-pause", "1"]));
    assert!(told.contains("cannot read the store") && told.contains("failed"), "{told}");
}

fn told_by(mut command: std::process::Command) -> String {
    told(&command.output().unwrap())
}

#[test]
fn what_is_not_published() {
    let site = Site::new();
    let mut all = Told::default();
    let publish = ["publish", "site.toml", "--yes"];

    site.put("site.toml", &SITE.replace("quota = \"reader\"", "quota = \"raeder\""));
    all.add("a mistake", &site.told(&publish, 3));
    let learned = "evidence = { requests = 9 }\nexpires = \"2199-01-01\"\nowner = \"docs\"";
    site.put("site.toml", &SITE.replace("owner = \"docs\"", learned));
    all.add("a proposal that nobody reviewed", &site.told(&publish, 3));

    site.put("site.toml", SITE);
    site.put(
        "cases/site.toml",
        "format = 1\nsite = \"../site.toml\"\n[[case]]\nname = \"a page\"\nwhy = \"a test\"\n\
         request = { path = \"/\" }\nexpect = { action = \"block\" }\n",
    );
    all.add("a case that fails", &site.told(&publish, 2));
    std::fs::remove_dir_all(site.folder.path().join("cases")).unwrap();

    let network = |at| format!("\"10.{}.{}.{}/32\"", at / 10_000, at / 100 % 100, at % 100 * 2);
    let networks: Vec<_> = (0..30_000).map(network).collect();
    let rule = "[[rule]]\nid = \"many\"\nwhy = \"a test\"\nverdict = \"tag\"\n";
    let many = format!("{SITE}{rule}match = {{ network = [{}] }}\n", networks.join(", "));
    site.put("site.toml", &many);
    all.add("a pack that is too large", &site.told(&publish, 1));

    site.put("site.toml", SITE);
    for at in 0..500 {
        site.api.state().set(PACKS, &format!("other.{at}"), "value", "2026-01-01T00:00:00Z");
    }
    all.add("a full store", &site.told(&publish, 1));
    site.api.state().stores.get_mut(PACKS).unwrap().clear();

    assert!(site.api.state().requests.iter().all(|request| request.starts_with("GET ")));
    site.publish(&SITE.replace("docs.example", "crates.example"));
    site.put("site.toml", SITE);
    all.add("another site", &site.told(&publish, 1));
    site.told(&["publish", "site.toml", "--replace-site", "--yes"], 0);
    insta::assert_snapshot!("not-published", all.0);
}

#[test]
fn a_cohort_over_its_budget_is_not_published() {
    let site = Site::new();
    let page = |minute: u32, page: u32| {
        let time = format!("04/Nov/2025:08:{minute:02}:00 +0000");
        format!("192.0.2.7 - - [{time}] \"GET /{page} HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n")
    };
    let calm: String = (0..10).map(|minute| page(minute, 0)).collect();
    let burst: String = (1..400).map(|at| page(9, at)).collect();
    site.put("calm.log", &calm);
    site.put("burst.log", &format!("{calm}{burst}"));
    let publish = |log, code| {
        let told = site.told(&["publish", "site.toml", "--yes", "--backtest", log], code);
        steady(&told, &[version_of(SITE)])
    };
    insta::assert_snapshot!("backtest-over-budget", publish("burst.log", 2));
    assert_eq!(site.in_force(), None);
    assert_eq!(site.api.state().value(SWITCHES, "rules"), None);
    let told = publish("calm.log", 0);
    assert!(told.contains("Cohorts: 1, each within its budget."), "{told}");
    assert!(site.in_force().is_some());
}

/// A plain backtest of last week knows nothing of a rule that begins next week.
#[test]
fn a_rule_that_begins_later_is_tried_as_if_it_had() {
    let site = Site::new();
    let later = SITE.replace("owner = \"docs\"", "owner = \"docs\"\nstarts = \"2099-01-01\"");
    site.put("site.toml", &later);
    let lines = (0..400).map(|page| {
        format!(
            "192.0.2.7 - - [04/Nov/2025:08:15:42 +0000] \"GET /{page} HTTP/1.1\" 200 5 \"-\" \
             \"curl/8\"\n"
        )
    });
    site.put("burst.log", &lines.collect::<String>());
    let told = site.told(&["publish", "site.toml", "--yes", "--backtest", "burst.log"], 2);
    assert!(told.contains("`pace` hurts clients beyond a budget"), "{told}");
    assert!(told.contains("Nothing was changed: a rule does not pass."), "{told}");
    assert_eq!(site.in_force(), None);
}
