//! What a refused client gets, in each form, to the byte but for what differs
//! each time: the request's id.

mod site;

use hyper::{Body, Request};
use site::{NOON, Site};

/// One page of 40 units a minute.
const RULES: &str = r#"
format = 1
site   = "docs.rs"
policy = "https://docs.rs/about"
bulk   = "https://docs.rs/about/download"

[[route]]
name   = "api"
paths  = ["/api/**"]
cost   = 40
cache  = "never"
errors = "api-json"

[[route]]
name  = "archive"
paths = ["/archive/**"]
cost  = 400
cache = "never"

[[route]]
name  = "builds"
paths = ["/**"]
cost  = 40
cache = "never"

[[agent]]
name        = "cargo"
category    = "package-manager"
user_agents = ["cargo/*"]

[[quota]]
name  = "slow"
units = 40
per   = "1m"
burst = 40

[[quota]]
name  = "slower"
units = 100
per   = "1m"
burst = 400

[[rule]]
id    = "one-in-four-minutes"
why   = "An archive is packed for each request."
match = { route = "archive" }
key   = "client"
quota = "slower"
mode  = "enforce"

[[rule]]
id     = "one-a-minute"
match  = { route = ["api", "builds"] }
why    = "A page is built <anew> for each request."
advice = "Keep the answers, and ask again with `If-None-Match`."
key    = "visitor"
quota  = "slow"
mode   = "enforce"

[[rule]]
id     = "closed"
why    = "Nobody may read this."
match  = { path = "/closed/**" }
verdict = "block"
mode   = "enforce"
"#;

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

/// The second answer to the same client, as text.
async fn refusal(method: &str, path: &str, headers: &[(&str, &str)]) -> String {
    let site = Site::new(RULES).await;
    let request = || {
        let request = Request::builder().method(method).uri(format!("http://docs.rs{path}"));
        let request = request.header("x-tidegate-door-now", NOON.to_string());
        let request =
            headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        request.body(Body::empty()).unwrap()
    };
    site.answer(request()).await;
    let answer = site.answer(request()).await;
    let mut lines = vec![answer.status().to_string()];
    let told = answer.headers().iter().filter(|(name, _)| {
        !name.as_str().starts_with("x-tidegate-door-")
            && *name != "date"
            && *name != "content-length"
    });
    let told = told.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
    let mut told: Vec<String> = told.collect();
    told.sort();
    lines.extend(told);
    lines.push(String::new());
    lines.push(String::from_utf8_lossy(answer.body()).into_owned());
    lines.join("\n")
}

/// Without what differs each time: ids of requests, which are 32 hex digits.
fn settled(text: &str) -> String {
    let words = text.split_inclusive(|letter: char| !letter.is_ascii_hexdigit());
    let word = |word: &str| {
        let hex = word.trim_end_matches(|letter: char| !letter.is_ascii_hexdigit());
        if hex.len() == 32 { word.replace(hex, "<id>") } else { word.to_owned() }
    };
    words.map(word).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_client_gets_what_it_can_read() {
    for (name, method, path, headers) in [
        ("curl", "GET", "/a", &[("user-agent", "curl/8.20.0"), ("accept", "*/*")][..]),
        ("browser", "GET", "/a", &[("user-agent", "Mozilla/5.0"), ("accept", BROWSER)]),
        ("cargo", "GET", "/a", &[("user-agent", "cargo/1.90.0")]),
        ("json", "GET", "/a", &[("accept", "text/html;q=0.5, application/json")]),
        ("api", "GET", "/api/v1/crates", &[("user-agent", "cargo/1.90.0"), ("accept", "*/*")]),
        ("head", "HEAD", "/a", &[("accept", BROWSER)]),
        ("dear", "GET", "/archive/a", &[("accept", "*/*")]),
        ("blocked", "GET", "/closed/a", &[("accept", "*/*")]),
    ] {
        let told = refusal(method, path, headers).await;
        insta::with_settings!({ omit_expression => true }, {
            insta::assert_snapshot!(name, settled(&told));
        });
    }
}
