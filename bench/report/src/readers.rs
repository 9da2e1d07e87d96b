//! `analyze` beside other programs that read logs, and how it grows.

use std::fmt::Write as _;

use serde_json::Value;

use crate::targets::rate;

// Writing to a string cannot fail, so its results are let go.

/// The programs: what is told of them, their figures, and those of `analyze` on the
/// same format.
const PROGRAMS: [(&str, &str, &str); 12] = [
    ("`wc -l`, Fastly JSON", "wc/fastly", "pass/fastly"),
    ("`wc -l`, combined", "wc/combined", "pass/combined"),
    ("`rg -c`, Fastly JSON", "rg/fastly", "pass/fastly"),
    ("`rg -c`, combined", "rg/combined", "pass/combined"),
    ("`zcat`, Fastly JSON", "zcat/fastly.gz", "pass/fastly.gz"),
    ("`zstd -dc`, Fastly JSON", "zstd/fastly.zst", "pass/fastly.zst"),
    ("goaccess, Fastly JSON", "goaccess/fastly", "pass/fastly"),
    ("goaccess, Fastly JSON, a fifth of the lines", "goaccess/fastly.fifth", "growth/lines/fifth"),
    ("goaccess, combined", "goaccess/combined", "pass/combined"),
    ("`fail2ban-regex`, one filter of nginx's, combined", "fail2ban/combined", "pass/combined"),
    ("CrowdSec's replay, its collection for nginx, combined", "crowdsec/combined", "pass/combined"),
    ("a whole `analyze` of a file, combined", "whole/combined", "pass/combined"),
];

/// How what a line costs grows: what is told, the figures, and what they are beside.
const GROWTH: [(&str, &str, &str); 5] = [
    ("five times the lines", "pass/fastly", "growth/lines/fifth"),
    (
        "clients with 10 lines each, beside 100",
        "growth/clients/10-lines-each",
        "growth/clients/100-lines-each",
    ),
    (
        "clients with a line each, beside 100",
        "growth/clients/1-lines-each",
        "growth/clients/100-lines-each",
    ),
    ("two processors beside one, gz", "growth/cores/2/fastly.gz", "growth/cores/1/fastly.gz"),
    ("gz beside plain", "pass/fastly.gz", "pass/fastly"),
];

/// The section, of what the bench kept; nothing where no other program ran.
pub(crate) fn section(page: &mut String, analyze: &Value) {
    let known = PROGRAMS.iter().any(|(_, name, _)| rate(analyze, name, "cpu").is_some());
    if !known {
        return;
    }
    page.push_str(
        "\n## Beside other readers of logs\n\nLines per CPU-second, and how many times as many one \
         pass of `analyze` reads of the same format. fail2ban and CrowdSec read a part of the file, \
         since they take so long. What only unpacks or counts lines shows how far there is to go.\n\n\
         | program | lines per CPU-second | `analyze` beside it |\n| --- | ---: | ---: |\n",
    );
    for (told, name, own) in PROGRAMS {
        let rates = rate(analyze, name, "cpu").zip(rate(analyze, own, "cpu"));
        let Some((other, own)) = rates else { continue };
        let _ = writeln!(page, "| {told} | {} | {}× |", thousands(other), digits(own / other));
    }
    let grown = GROWTH.iter().filter_map(|(told, name, beside)| {
        let of = |unit| Some(rate(analyze, name, unit)? / rate(analyze, beside, unit)?);
        Some(format!("| {told} | {:.2}× | {:.2}× |\n", of("cpu")?, of("wall")?))
    });
    let grown: Vec<_> = grown.collect();
    if !grown.is_empty() {
        page.push_str(
            "\nHow one pass grows:\n\n| what | lines per CPU-second | lines per second |\n\
             | --- | ---: | ---: |\n",
        );
        page.push_str(&grown.concat());
    }
}

fn thousands(rate: f64) -> String {
    match rate {
        _ if rate >= 10_000.0 => format!("{:.0} k", rate / 1e3),
        _ => format!("{rate:.0}"),
    }
}

/// As many digits as say something.
fn digits(ratio: f64) -> String {
    match ratio {
        _ if ratio >= 10.0 => format!("{ratio:.0}"),
        _ if ratio >= 0.1 => format!("{ratio:.2}"),
        _ => format!("{ratio:.3}"),
    }
}
