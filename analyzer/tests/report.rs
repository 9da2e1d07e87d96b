//! The report in its forms: what each says, that they say the same, and that
//! nothing that a log says can act in a browser.

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

/// A folder with the site's rules and its log.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("site.toml"), SITE).unwrap();
    fs::write(folder.path().join("access.log"), log()).unwrap();
    folder
}

/// What `tidegate` prints where it finds something.
fn run(folder: &TempDir, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    let output = command.args(arguments).current_dir(folder.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The report in a form.
fn told(form: &str) -> String {
    run(&folder(), &["report", "--rules", "site.toml", "--format", form, "access.log"])
}

/// The report for a browser.
fn report() -> String {
    told("html")
}

/// The number that stands before a word.
fn before(text: &str, word: &str) -> u64 {
    let (start, _) = text.split_once(word).unwrap_or_else(|| panic!("no `{word}` in {text}"));
    start.split_whitespace().next_back().unwrap().replace(',', "").parse().unwrap()
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
    assert!(verdict.starts_with("93 % of the origin's work came from a crawl"), "{verdict}");
    // Charts: two of the night, each with all of the requests, and the findings'.
    let charts = between(&page, "<script type=\"application/json\">", "</script>");
    assert!(charts.len() > 2, "{}", charts.len());
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

#[test]
fn the_browser_gets_the_same_from_an_analysis() {
    let folder = folder();
    run(&folder, &["analyze", "--rules", "site.toml", "--html", "report.html", "access.log"]);
    assert_eq!(fs::read_to_string(folder.path().join("report.html")).unwrap() + "\n", report());
}

#[test]
fn the_forms_say_the_same() {
    let [text, markdown, html] = ["text", "markdown", "html"].map(told);
    let verdict = between(&html, "<p class=\"verdict\">", "</p>").concat();
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(plain(&text).contains(&verdict), "{text}");
    assert!(plain(&markdown).replace('\\', "").contains(&verdict), "{markdown}");
    let finding = "broad-crawl-1";
    let id = "id      = \"learned-broad-crawl";
    for form in [&text, &markdown] {
        assert!(form.contains(id), "the rule to copy: {form}");
        assert!(
            plain(form).replace('\\', "").contains(&format!("For {finding}: would have saved"))
        );
        assert!(form.contains(&format!("Other budgets for the rule of {finding}")));
    }
    assert!(html.contains("learned-broad-crawl") && html.contains("<svg class=\"curve\""));
    insta::assert_snapshot!("text", masked(&text));
    insta::assert_snapshot!("markdown", masked(&markdown));
}

/// Without the day on which a proposal expires.
fn masked(text: &str) -> String {
    let lines = text.lines().map(|line| match line.strip_prefix("expires = ") {
        Some(_) => "expires = \"(in 90 days)\"",
        None => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_terminal_and_a_comment_have_room_for_it() {
    let text = told("text");
    let is_toml = |line: &str| line.contains(" = ") || line.starts_with('[');
    for line in text.lines().filter(|line| !is_toml(line)) {
        assert!(line.chars().count() <= 80, "{line}");
    }
    let most = 65_536;
    assert!(told("markdown").len() < most, "GitHub takes no longer comment");
}

/// The curve's middle is the trial that the proposal tells.
#[test]
fn the_proposed_budget_is_a_point_of_its_curve() {
    let text = told("text");
    let (_, proposed) = text.split_once("would have saved").unwrap();
    let saved = before(proposed, " of ") as f64 / before(proposed, " origin units") as f64;
    let curve = text.lines().filter(|line| line.contains(" %  ") && line.contains("none"));
    let budgets: Vec<_> = curve.map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    let percent: Vec<_> = budgets.iter().map(|row| row[0]).collect();
    assert_eq!(percent, ["25", "50", "100", "200", "400"]);
    assert_eq!(budgets[2][3], format!("{:.2}", saved * 100.0), "{budgets:?}");
    let spared: Vec<f64> = budgets.iter().map(|row| row[3].parse().unwrap()).collect();
    assert!(spared.is_sorted_by(|one, other| one >= other), "a larger budget spares no more");
}
