//! What a stored line takes on the disk, by sort order, codec and kind of text: the
//! tables of `docs/clickhouse.md`. `cargo run -p tidegate-clickhouse --example sizes`

mod log;

use std::fmt::Write as _;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread::{sleep, spawn};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tidegate::beside::Beside;
use tidegate::ingest::{Input, Options};
use tidegate::rule_files;
use tidegate::store::{Layout, Location, Logs, Patience, Store, take};
use tidegate_rules::HashKey;

/// Sort orders by name: of the table, and those that it could have.
const ORDERS: [(&str, &str); 3] = [
    ("client, time", "site, client, time, load, line"),
    ("hour, client, time", "site, toStartOfHour(time), client, time, load, line"),
    ("time", "site, time, load, line"),
];

/// Codecs of every column.
const CODECS: [&str; 6] =
    ["LZ4", "ZSTD(1)", "ZSTD(3)", "Delta, ZSTD(1)", "DoubleDelta, ZSTD(1)", "T64, ZSTD(1)"];

fn main() -> Result<()> {
    let folder = tempfile::TempDir::new()?;
    let path = folder.path().join("access.log");
    fs::write(&path, log::log())?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let tables = folder.path().join("tables");
    spawn(move || tidegate_clickhouse::serve(&tables, port));
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        sleep(Duration::from_millis(10));
    }
    ingest(port, Input::Path(path))?;
    let columns = ask(
        port,
        "SELECT name, type FROM system.columns WHERE table = 'tidegate_lines' FORMAT TSVRaw",
    )?;
    let columns: Vec<_> = columns.lines().filter_map(|line| line.split_once('\t')).collect();
    ask(port, "OPTIMIZE TABLE tidegate_lines FINAL")?;
    println!("bytes a line, as the table is: {:.1}", all(&merged(port, "tidegate_lines")?));
    println!("bytes a line, by the order of lines:");
    for (name, order) in ORDERS {
        for codec in &CODECS[..3] {
            println!("{name} | {codec} | {:.1}", all(&sizes(port, &columns, order, codec)?));
        }
    }
    println!("bytes a line, by codec, in the first order:");
    let by_codec = CODECS.map(|codec| sizes(port, &columns, ORDERS[0].1, codec));
    for (name, _) in &columns {
        let mut row = (*name).to_owned();
        for sizes in &by_codec {
            let sizes = sizes.as_ref().map_err(|error| anyhow::anyhow!("{error}"))?;
            let size = sizes.iter().find(|(column, _)| column == name);
            let _ = match size {
                Some((_, size)) => write!(row, " | {size:.2}"),
                None => write!(row, " | -"),
            };
        }
        println!("{row}");
    }
    texts(port, &columns)
}

/// What texts take, as they are and by `LowCardinality`.
fn texts(port: u16, columns: &[(&str, &str)]) -> Result<()> {
    let few = "LowCardinality(";
    let plain = |kind: &str| match kind.strip_prefix(few) {
        Some(text) => {
            text.trim_end_matches(')').to_owned() + &")".repeat(text.matches('(').count())
        }
        None => kind.to_owned(),
    };
    let as_few = |kind: &str| match matches!(kind, "String" | "Nullable(String)") {
        true => format!("{few}{kind})"),
        false => kind.to_owned(),
    };
    let plain: Vec<_> = columns.iter().map(|(name, kind)| (*name, plain(kind))).collect();
    let few: Vec<_> = plain.iter().map(|(name, kind)| (*name, as_few(kind))).collect();
    println!("bytes a line of texts, plain and as `LowCardinality`, with ZSTD(1):");
    let sizes = [&plain, &few].map(|columns| {
        let columns: Vec<_> = columns.iter().map(|(name, kind)| (*name, kind.as_str())).collect();
        sizes(port, &columns, ORDERS[0].1, "ZSTD(1)")
    });
    let [plain_sizes, few_sizes] = sizes;
    let (plain_sizes, few_sizes) = (plain_sizes?, few_sizes?);
    for (name, _) in few.iter().filter(|(_, kind)| kind.starts_with("Low")) {
        let size =
            |of: &[(String, f64)]| of.iter().find(|(column, _)| column == name).map(|at| at.1);
        if let (Some(plain), Some(few)) = (size(&plain_sizes), size(&few_sizes)) {
            println!("{name} | {plain:.2} | {few:.2}");
        }
    }
    Ok(())
}

fn ingest(port: u16, log: Input) -> Result<()> {
    let site = concat!(env!("CARGO_MANIFEST_DIR"), "/../../rules/docs-rs.toml");
    let rules = rule_files::compile(site, &[])?.rules;
    let location = Location::from_argument(&format!("http://127.0.0.1:{port}"))?;
    let store = Store::open(&location, &Layout::default(), Patience::default())?;
    let (inputs, secret) = ([log], HashKey::default());
    let options = Options::default();
    let beside = Beside::default();
    let logs =
        Logs { inputs: &inputs, options, rules: &rules, version: "", secret: &secret, beside };
    take(&store, &logs, &mut |_| {})?;
    Ok(())
}

/// Bytes a line of each column that can have the codec; the others have ZSTD.
fn sizes(
    port: u16,
    columns: &[(&str, &str)],
    order: &str,
    codec: &str,
) -> Result<Vec<(String, f64)>> {
    let fits = |kind: &str| {
        let is_number = ["Int", "DateTime", "Bool"].iter().any(|name| kind.contains(name));
        !codec.contains(',') || is_number && !kind.contains("128") && !kind.starts_with("Low")
    };
    let table: Vec<_> = columns
        .iter()
        .map(|(name, kind)| {
            format!("{name} {kind} CODEC({})", if fits(kind) { codec } else { "ZSTD(1)" })
        })
        .collect();
    let table = table.join(", ");
    ask(port, "DROP TABLE IF EXISTS sized")?;
    ask(
        port,
        &format!(
            "CREATE TABLE sized ({table}) ENGINE = MergeTree PARTITION BY toDate(time) ORDER BY ({order})"
        ),
    )?;
    ask(port, "INSERT INTO sized SELECT * FROM tidegate_lines")?;
    ask(port, "OPTIMIZE TABLE sized FINAL")?;
    let kind =
        |name: &str| columns.iter().find(|(column, _)| *column == name).map(|(_, kind)| *kind);
    let mut sizes = merged(port, "sized")?;
    sizes.retain(|(name, _)| kind(name).is_some_and(fits));
    Ok(sizes)
}

/// Bytes a line of each column of a table.
fn merged(port: u16, table: &str) -> Result<Vec<(String, f64)>> {
    let told = ask(
        port,
        &format!(
            "SELECT column, sum(column_data_compressed_bytes) FROM system.parts_columns \
             WHERE table = '{table}' AND active GROUP BY column"
        ),
    )?;
    let rows = told.lines().filter_map(|line| line.split_once('\t'));
    rows.map(|(name, bytes)| Ok((name.to_owned(), bytes.parse::<f64>()? / f64::from(log::LINES))))
        .collect()
}

fn all(sizes: &[(String, f64)]) -> f64 {
    sizes.iter().map(|(_, size)| size).sum()
}

fn ask(port: u16, sql: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    let length = sql.len();
    let head = format!(
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{sql}").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no answer")?;
    if !head.starts_with("HTTP/1.1 200") {
        bail!("{sql}: {body}");
    }
    Ok(body.to_owned())
}
