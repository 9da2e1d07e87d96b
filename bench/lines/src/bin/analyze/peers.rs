//! Other programs that read logs, and programs that hardly do: how many lines they
//! take shows how far there is to go.

use std::fs::remove_file;
use std::process::Command;

use anyhow::Result;

use crate::Figures;
use crate::crowdsec::CrowdSec;
use crate::inputs::Inputs;
use crate::process::{timed, version};

/// How goaccess is told of a Fastly log's members.
const MEMBERS: &str = r#"{"bytes":"%b","date_time":"%dT%t.%^","http":{"protocol":"%H","referer":"%R","useragent":"%u"},"ip":"%h","method":"%m","status":"%s","url":"%U"}"#;

/// Most lines for fail2ban, which takes a second for as many as others take for all.
const FAIL2BAN_LINES: u64 = 200_000;

/// Most lines for CrowdSec, which takes a second for hundreds.
const CROWDSEC_LINES: u64 = 5_000;

/// Whose versions are told, each with Debian's package.
pub(crate) const PROGRAMS: [(&str, &str); 7] = [
    ("goaccess", "goaccess"),
    ("zcat", "gzip"),
    ("zstd", "zstd"),
    ("wc", "coreutils"),
    ("rg", "ripgrep"),
    ("fail2ban-regex", "fail2ban"),
    ("crowdsec", "crowdsec"),
];

/// Says which programs are missing: the figures will be without them.
pub(crate) fn tell_missing() {
    for (program, package) in PROGRAMS.into_iter().filter(|(program, _)| version(program).is_none())
    {
        eprintln!("without `{program}`: it is in Debian's package `{package}`");
    }
}

/// What unpacks, counts lines, or looks for a word in them: once.
pub(crate) fn limits(inputs: &Inputs, lines: u64, figures: &mut Figures) -> Result<()> {
    let unpackers = [("zcat", "fastly.gz"), ("zstd", "fastly.zst")];
    for (program, name) in unpackers.into_iter().filter(|(program, _)| version(program).is_some()) {
        let mut command = Command::new(program);
        command.args(["-d", "-c"]);
        let took = timed(command, Some(&inputs.file(name)), lines)?;
        figures.entry(format!("{program}/{name}")).or_default().push(took);
    }
    for (name, refused) in [("fastly", r#""status":404"#), ("combined", r#"" 404 "#)] {
        let counters = [("wc", vec!["-l"]), ("rg", vec!["-c", refused])];
        for (program, arguments) in counters.into_iter().filter(|(name, _)| version(name).is_some())
        {
            let mut command = Command::new(program);
            command.args(arguments).arg(inputs.file(name));
            let took = timed(command, None, lines)?;
            figures.entry(format!("{program}/{name}")).or_default().push(took);
        }
    }
    Ok(())
}

/// What reads logs: once is enough, since they are slower by far more than turns
/// differ.
pub(crate) fn readers(inputs: &Inputs, lines: u64, figures: &mut Figures) -> Result<()> {
    if version("goaccess").is_some() {
        for name in ["fastly", "combined"] {
            eprintln!("goaccess: {name}");
            let took = timed(goaccess(inputs, name, name), None, lines)?;
            figures.entry(format!("goaccess/{name}")).or_default().push(took);
        }
        // It gets slower with lines.
        let fifth = lines / 5;
        eprintln!("goaccess: {fifth} lines");
        let part = inputs.first("fastly", fifth)?;
        let took = timed(goaccess(inputs, &part, "fastly"), None, fifth)?;
        remove_file(inputs.file(&part))?;
        figures.entry("goaccess/fastly.fifth".to_owned()).or_default().push(took);
    }
    if version("fail2ban-regex").is_some() {
        let lines = lines.min(FAIL2BAN_LINES);
        eprintln!("fail2ban: {lines} lines");
        let log = inputs.file(&inputs.first("combined", lines)?);
        let mut command = Command::new("fail2ban-regex");
        command.arg(log).arg("nginx-botsearch");
        figures
            .entry("fail2ban/combined".to_owned())
            .or_default()
            .push(timed(command, None, lines)?);
    }
    if version("crowdsec").is_some() {
        // Another release may hold other parts.
        match CrowdSec::set_up() {
            Err(error) => eprintln!("without `crowdsec`: {error:#}"),
            Ok(crowdsec) => {
                let lines = lines.min(CROWDSEC_LINES);
                eprintln!("crowdsec: {lines} lines");
                let log = inputs.file(&inputs.first("combined", lines)?);
                let took = timed(crowdsec.replay(&log), None, lines)?;
                figures.entry("crowdsec/combined".to_owned()).or_default().push(took);
            }
        }
    }
    Ok(())
}

fn goaccess(inputs: &Inputs, log: &str, format: &str) -> Command {
    let mut command = Command::new("goaccess");
    command.arg(inputs.file(log)).args(["--no-global-config", "--no-progress", "-o"]);
    command.arg(inputs.file("goaccess.json"));
    match format {
        "combined" => command.arg("--log-format=COMBINED"),
        _ => command
            .arg(format!("--log-format={MEMBERS}"))
            .args(["--date-format=%Y-%m-%d", "--time-format=%H:%M:%S"]),
    };
    command
}
