//! Verified agents through the real module: by address, by signature, by the
//! platform, and what becomes of claims that none of them proves.

#[path = "../../../rules/tests/signer/mod.rs"]
mod signer;
mod site;

use std::net::IpAddr;

use signer::{KEY, KEY_ID, Signed, parameters};
use site::{CLIENT, ELSEWHERE, NOON, Site};

/// One page a minute for whoever does not prove who they are.
const RULES: &str = r#"
format = 1
site   = "docs.rs"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "never"

[[quota]]
name  = "one"
units = 40
per   = "1m"
burst = 40

[[agent]]
name        = "ranged"
category    = "search-engine"
user_agents = ["Ranged/*"]
networks    = ["192.0.2.0/24"]

[[agent]]
name        = "signer"
category    = "ai-fetcher"
user_agents = ["Signer/*"]
keys        = ["KEY"]

[[rule]]
id    = "unproven"
why   = "Who proves nothing is paced."
match = { not = { agent = { verification = "verified" } } }
key   = "visitor"
quota = "one"
mode  = "enforce"

[[rule]]
id      = "changed"
why     = "The origin may look into it: a proxy can have changed what was signed."
match   = { agent = { verification = "contradicted" } }
verdict = "tag"
mode    = "enforce"
"#;

const RANGED: (&str, &str) = ("user-agent", "Ranged/1.0");
const BROWSER: (&str, &str) = ("user-agent", "Mozilla/5.0 Chrome/138.0");

async fn site() -> Site {
    Site::new(&RULES.replace("KEY", KEY)).await
}

/// A signature over the host that holds for a minute from noon.
fn signed_for(host: &str) -> Signed {
    Signed::over(&[("\"@authority\"", host)], &parameters(NOON / 1000, NOON / 1000 + 60))
}

impl Signed {
    fn headers(&self) -> [(&str, &str); 3] {
        [BROWSER, ("signature-input", &self.input), ("signature", &self.signature)]
    }
}

/// What the record says: the agent, what became of its claim, and by what.
async fn told(site: &Site, client: IpAddr, headers: &[(&str, &str)]) -> String {
    let record = site.record(client, headers).await;
    let part = |name: &str| record[name].as_str().unwrap_or("nobody").to_owned();
    let by = record["judged_by"].as_str().map(|by| format!(" by {by}"));
    format!("{} {}{}", part("agent"), part("verification"), by.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_proves_a_claim_or_leaves_it_open() {
    let site = site().await;
    assert_eq!(told(&site, CLIENT, &[RANGED]).await, "ranged verified by address");
    assert_eq!(told(&site, ELSEWHERE, &[RANGED]).await, "ranged unverifiable by address");
    assert_eq!(told(&site, CLIENT, &[BROWSER]).await, "nobody none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signature_proves_who_holds_the_key() {
    let site = site().await;
    let own = signed_for("docs.rs");
    assert_eq!(told(&site, CLIENT, &own.headers()).await, "signer verified by signature");
    let other = signed_for("other.example");
    assert_eq!(told(&site, CLIENT, &other.headers()).await, "signer contradicted by signature");
    let unknown = own.input.replace(KEY_ID, &KEY_ID.replace('p', "q"));
    let unknown = Signed { input: unknown, ..own.clone() };
    assert_eq!(told(&site, CLIENT, &unknown.headers()).await, "nobody unverifiable by signature");
    let later = (NOON + 60_000).to_string();
    let [agent, input, signature] = own.headers();
    let expired = [agent, input, signature, ("x-tidegate-door-now", &*later)];
    assert_eq!(told(&site, CLIENT, &expired).await, "nobody unverifiable by signature");
    let twice = [agent, ("signature-input", "a=(\"date\")"), input, signature];
    assert_eq!(told(&site, CLIENT, &twice).await, "signer verified by signature");
    let garbage = [agent, ("signature-input", "\"(((;;;"), ("signature", ":::")];
    assert_eq!(told(&site, CLIENT, &garbage).await, "nobody unverifiable by signature");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_agent_may_say_where_its_keys_are() {
    let site = site().await;
    let bare = "\"https://signer.example\"";
    for (component, header) in [
        ("\"signature-agent\"", bare.to_owned()),
        ("\"signature-agent\";key=\"sig1\"", format!("sig1={bare}")),
    ] {
        let components = [("\"@authority\"", "docs.rs"), (component, bare)];
        let parameters = parameters(NOON / 1000, NOON / 1000 + 60);
        let signed = Signed::over(&components, &parameters);
        let [agent, input, signature] = signed.headers();
        let headers = [agent, input, signature, ("signature-agent", &*header)];
        assert_eq!(told(&site, CLIENT, &headers).await, "signer verified by signature");
        let changed = [agent, input, signature, ("signature-agent", "\"https://other.example\"")];
        let changed = told(&site, CLIENT, &changed).await;
        assert!(!changed.contains(" verified"), "{component}: {changed}");
    }
}

/// Viceroy takes what Fastly's bot management would say from headers.
#[tokio::test(flavor = "multi_thread")]
async fn the_platforms_word_proves_a_claim() {
    let site = site().await;
    let analyzed = ("x-fastly-bot-analyzed", "true");
    let yes = ("x-fastly-bot-verified", "true");
    let no = ("x-fastly-bot-verified", "false");
    assert_eq!(
        told(&site, ELSEWHERE, &[RANGED, analyzed, yes]).await,
        "ranged verified by platform"
    );
    let open = "ranged unverifiable by address";
    assert_eq!(told(&site, ELSEWHERE, &[RANGED, analyzed, no]).await, open);
    assert_eq!(told(&site, ELSEWHERE, &[RANGED, yes]).await, open, "nobody looked");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_proves_it_reads_on_and_who_does_not_is_only_paced() {
    let site = site().await;
    let [own, other] = [signed_for("docs.rs"), signed_for("other.example")];
    for (what, headers, statuses) in [
        ("verified", own.headers(), [200, 200, 200]),
        ("contradicted", other.headers(), [200, 429, 429]),
    ] {
        for status in statuses {
            assert_eq!(site.send("/page", &headers).await.status(), status, "{what}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn signatures_go_on_to_the_origin_and_the_platforms_words_do_not() {
    let site = site().await;
    let signed = signed_for("other.example");
    let [agent, input, signature] = signed.headers();
    let where_from = ("signature-agent", "sig1=\"https://signer.example\"");
    let analyzed = ("x-fastly-bot-analyzed", "true");
    let seen = site.seen(&[agent, input, signature, where_from, analyzed]).await;
    for (name, value) in [input, signature, where_from, ("tidegate-tag", "changed")] {
        assert!(seen.lines().any(|line| line == format!("{name}: {value}")), "{name} in {seen}");
    }
    assert!(!seen.contains("x-fastly-bot"), "{seen}");
}
