//! The report that a browser shows: what it says, and that nothing that a log
//! says can act in it.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

const SITE: &str = r#"
format = 1
site   = "docs.example"

[[route]]
name  = "page"
paths = ["/**"]
cost  = 40
cache = "never"

[[agent]]
name        = "firefox"
category    = "browser"
user_agents = ["*Firefox/*"]

[[cohort]]
name  = "people"
match = { agent = { category = "browser" } }
harm  = { throttled_clients = "0%", starved_clients = "0%", blocked_clients = "0%" }
"#;

/// Two hours of readers, a crawl in the second one, and somebody who would like
/// to write into the report.
fn log() -> String {
    let mut log = String::new();
    let mut line = |client: u32, second: u32, path: &str, agent: &str| {
        let (hour, minute, second) = (8 + second / 3_600, second / 60 % 60, second % 60);
        let time = format!("04/Nov/2025:{hour:02}:{minute:02}:{second:02} +0000");
        let client = format!("192.0.{}.{}", 2 + client / 250, 1 + client % 250);
        writeln!(log, "{client} - - [{time}] \"GET {path} HTTP/1.1\" 200 5 \"-\" \"{agent}\"")
            .unwrap();
    };
    for minute in 0..120 {
        line(minute % 40, minute * 60, &format!("/page/{}", minute % 7), "Mozilla Firefox/150.0");
    }
    for page in 0..1_500 {
        line(250, 4_000 + page / 20, &format!("/crawled/{page}"), "<img src=x onerror=alert(1)>");
    }
    log.push_str("</table><script>alert(2)</script> is no request\n");
    log
}

/// The report, as `tidegate analyze` writes it.
fn report() -> String {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("site.toml"), SITE).unwrap();
    fs::write(folder.path().join("access.log"), log()).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_tidegate"))
        .args(["analyze", "--rules", "site.toml", "--html", "report.html", "access.log"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    fs::read_to_string(folder.path().join("report.html")).unwrap()
}

/// What stands between two marks, each time.
fn between<'p>(page: &'p str, start: &str, end: &str) -> Vec<&'p str> {
    let parts = page.split(start).skip(1);
    parts.map(|part| part.split(end).next().unwrap()).collect()
}

#[test]
fn the_report_says_what_happened_and_asks_nobody() {
    let page = report();
    let verdict = between(&page, "<p class=\"verdict\">", "</p>");
    let [verdict] = verdict[..] else { panic!("{verdict:?}") };
    assert!(verdict.starts_with("Crawlers caused 92.59 % of the origin's work"), "{verdict}");
    // Charts, each with all of the requests.
    let charts = between(&page, "<script type=\"application/json\">", "</script>");
    assert_eq!(charts.len(), 2);
    let requests: Value = serde_json::from_str(charts[1]).unwrap();
    let sum = |one: &Value| -> u64 {
        one["values"].as_array().unwrap().iter().map(|value| value.as_u64().unwrap()).sum()
    };
    let series = requests["series"].as_array().unwrap();
    assert_eq!(series.iter().map(sum).sum::<u64>(), 120 + 1_500);
    let crawler = series.iter().find(|one| one["name"] == "crawler").unwrap();
    assert_eq!(sum(crawler), 1_500);
    assert_eq!(requests["times"].as_array().unwrap().len(), 120);
    assert!(!requests["marks"].as_array().unwrap().is_empty());
    // Nothing is loaded from anywhere, and no address is shown.
    for asks in ["src=\"", "url(", "@import", "fetch(", "http-equiv=\"refresh\""] {
        assert!(!page.contains(asks), "{asks}");
    }
    assert!(page.contains("192.0.3.0/24") && !page.contains("192.0.3.1<"));
    assert!(page.len() < 2 << 20, "{} bytes", page.len());
}

#[test]
fn nothing_that_a_log_says_acts() {
    let page = report();
    assert!(page.contains("&lt;/table&gt;&lt;script&gt;alert(2)"), "shown as it came");
    assert_eq!(page.matches("<script>").count(), 2, "ours");
    assert!(!page.contains("<img"));
}

#[test]
fn every_chart_has_its_table_and_every_column_its_head() {
    let page = report();
    assert_eq!(page.matches("<figure").count(), page.matches("<details>").count());
    for table in between(&page, "<table", "</table>") {
        assert!(table.contains("<caption>"), "{table}");
        let columns = table.matches("<th ").count();
        for row in between(table, "<tr>", "</tr>").into_iter().skip(1) {
            assert_eq!(row.matches("<td").count(), columns, "{table}");
        }
    }
}
