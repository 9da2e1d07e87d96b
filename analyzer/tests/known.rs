//! What `analyze` and `backtest` are told beside the log: files of addresses, a
//! robots.txt, a key to hash addresses under.

use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use tidegate::places::Places;
use tidegate_rules::{Client, HashKey, Time};

/// The smallest MMDB file: one network, and what is said of it. The tree has one
/// record of 24 bits for each side of each bit of the prefix.
fn mmdb(network: Ipv4Addr, prefix: u32, data: &[u8]) -> Vec<u8> {
    let mut file = Vec::new();
    for bit in 0..prefix {
        // A record of the number of nodes is "not found"; data come 16 later.
        let next = if bit + 1 == prefix { prefix + 16 } else { bit + 1 };
        let ones = network.to_bits() >> (31 - bit) & 1 == 1;
        let (left, right) = if ones { (prefix, next) } else { (next, prefix) };
        file.extend_from_slice(&left.to_be_bytes()[1..]);
        file.extend_from_slice(&right.to_be_bytes()[1..]);
    }
    file.extend_from_slice(&[0; 16]);
    file.extend_from_slice(data);
    file.extend_from_slice(b"\xab\xcd\xefMaxMind.com");
    file.push(0xe0 | 9);
    file.extend([text("node_count"), number(prefix)].concat());
    let small = [
        ("record_size", 24),
        ("ip_version", 4),
        ("binary_format_major_version", 2),
        ("binary_format_minor_version", 0),
    ];
    for (name, value) in small {
        file.extend([text(name), vec![0xa2, 0, value]].concat());
    }
    file.extend([text("build_epoch"), vec![0, 2]].concat());
    file.extend([text("database_type"), text("Test")].concat());
    file.extend([text("languages"), vec![0, 4]].concat());
    file.extend([text("description"), vec![0xe0]].concat());
    file
}

fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let head = if length < 29 { vec![0x40 | length] } else { vec![0x5d, length - 29] };
    [head, text.as_bytes().to_vec()].concat()
}

fn number(number: u32) -> Vec<u8> {
    [vec![0xc4], number.to_be_bytes().to_vec()].concat()
}

fn systems() -> Vec<u8> {
    let data = [vec![0xe1], text("autonomous_system_number"), number(64_500)].concat();
    mmdb(Ipv4Addr::new(192, 0, 2, 0), 24, &data)
}

fn countries(prefix: u32) -> Vec<u8> {
    let code = [vec![0xe1], text("iso_code"), text("ZZ")].concat();
    let data = [vec![0xe1], text("country"), code].concat();
    mmdb(Ipv4Addr::new(192, 0, 2, 0), prefix, &data)
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        let folder = Self(TempDir::new().unwrap());
        folder.put("night.log", log().as_bytes());
        folder
    }

    fn put(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
        command.args(arguments).current_dir(self.0.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// The clients of an analysis.
    fn clients(&self, arguments: &[&str]) -> Vec<Value> {
        let arguments = [&["analyze", "--format", "json", "night.log"], arguments].concat();
        clients(&self.run(&arguments))
    }
}

fn clients(output: &Output) -> Vec<Value> {
    let trouble = String::from_utf8_lossy(&output.stderr);
    let found: Value = serde_json::from_slice(&output.stdout).expect(&trouble);
    found["clients"].as_array().unwrap().clone()
}

/// One who reads robots.txt and keeps to it, one who only reads it, and one who
/// does neither.
fn log() -> String {
    let line = |client: &str, second: u32, path: &str| {
        let time = format!("04/Nov/2025:08:00:{second:02} +0000");
        format!("{client} - - [{time}] \"GET {path} HTTP/1.1\" 200 5 \"-\" \"slowbot/1.0\"\n")
    };
    [
        line("192.0.2.7", 0, "/robots.txt"),
        line("192.0.2.7", 1, "/open"),
        line("198.51.100.7", 2, "/robots.txt"),
        line("198.51.100.7", 3, "/private/1"),
        line("203.0.113.7", 4, "/open"),
    ]
    .concat()
}

#[test]
fn addresses_are_placed_by_files() {
    let folder = Folder::new();
    let systems = folder.put("asn.mmdb", &systems());
    // Half of the /24: its other half must not be taken for it.
    let countries = folder.put("country.mmdb", &countries(25));
    let places = Places::open(Some(&systems), Some(&countries)).unwrap();
    let place = |address: &str| {
        let place = places.of(address.parse().unwrap());
        (place.asn, place.country())
    };
    for _ in 0..2 {
        assert_eq!(place("192.0.2.7"), (Some(64_500), Some("ZZ")));
        assert_eq!(place("192.0.2.200"), (Some(64_500), None));
        assert_eq!(place("::ffff:192.0.2.7"), (Some(64_500), Some("ZZ")));
        assert_eq!(place("198.51.100.7"), (None, None));
        assert_eq!(place("2001:db8::1"), (None, None));
    }
    let only = Places::open(Some(&systems), None).unwrap();
    assert_eq!(only.of("192.0.2.7".parse().unwrap()).country(), None);
}

#[test]
fn rules_about_systems_see_what_files_say() {
    let folder = Folder::new();
    folder.put("asn.mmdb", &systems());
    let site = "format = 1\nsite = \"x\"\n\n[[rule]]\nid = \"theirs\"\nwhy = \"Test.\"\n\
                match = { asn = 64500 }\nverdict = \"block\"\nmode = \"enforce\"\nowner = \"x\"\n";
    folder.put("site.toml", site.as_bytes());
    let blocked = |output: Output| {
        let trouble = String::from_utf8_lossy(&output.stderr);
        let found: Value = serde_json::from_slice(&output.stdout).expect(&trouble);
        found["blocked"].as_u64()
    };
    let backtest = ["backtest", "--rules", "site.toml", "--format", "json", "night.log"];
    assert_eq!(blocked(folder.run(&backtest)), Some(0), "no log says it");
    let with = [&backtest[..], &["--asn-db", "asn.mmdb"]].concat();
    assert_eq!(blocked(folder.run(&with)), Some(2));
    let mut command = folder.command(&backtest);
    let by_variable = command.env("TIDEGATE_ASN_DB", "asn.mmdb").output().unwrap();
    assert_eq!(blocked(by_variable), Some(2));
}

#[test]
fn a_file_that_cannot_be_used_is_named_with_the_reason() {
    let folder = Folder::new();
    folder.put("broken.mmdb", b"no database");
    folder.put("empty.key", b"\n");
    let cases = [
        ("--asn-db", "absent.mmdb", "error: `absent.mmdb` is no usable MMDB file: "),
        ("--country-db", "broken.mmdb", "error: `broken.mmdb` is no usable MMDB file: "),
        ("--robots", "absent.txt", "error: cannot read `absent.txt`: "),
        ("--hash-key", "absent.key", "error: cannot read `absent.key`: "),
        ("--hash-key", "empty.key", "error: `empty.key` holds no secret; write one"),
    ];
    for (option, file, expected) in cases {
        let output = folder.run(&["analyze", "night.log", option, file]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{option} {file}: {said}");
        assert!(said.starts_with(expected), "{option} {file}: {said}");
    }
}

#[test]
fn robots_txt_is_seen_and_obeyed_or_not() {
    let folder = Folder::new();
    folder.put("robots.txt", b"User-agent: *\nDisallow: /private\n");
    let told = |arguments: &[&str]| -> Vec<(Value, Value)> {
        let clients = folder.clients(arguments).into_iter();
        let robots = clients.map(|client| client["features"].clone());
        robots.map(|of| (of["robots_seen"].clone(), of["robots_obeyed"].clone())).collect()
    };
    let (yes, no) = (Value::Bool(true), Value::Bool(false));
    let without = told(&[]);
    assert_eq!(without.iter().map(|(_, obeyed)| obeyed).collect::<Vec<_>>(), [&Value::Null; 3]);
    let expected = [(yes.clone(), yes.clone()), (yes, no.clone()), (no, Value::Null)];
    assert_eq!(told(&["--robots", "robots.txt"]), expected);
}

#[test]
fn with_a_key_no_output_says_an_address() {
    let folder = Folder::new();
    let secret = "2026-11:9f86d081884c7d65";
    folder.put("hash.key", format!("{secret}\n").as_bytes());
    let key = HashKey::from_secret(secret);
    let addresses = ["192.0.2.7", "198.51.100.7", "203.0.113.7"];
    // The fourth of November 2025.
    let (_, key) = key.of_month(Time::from_unix_millis(1_762_214_400_000));
    let hash = |address: &str| key.client(Client::Address(address.parse().unwrap())).0;
    let mut expected = addresses.map(|address| format!("{:016x}", hash(address)));
    expected.sort();
    let keys = |clients: Vec<Value>| -> Vec<String> {
        clients.iter().map(|client| client["key"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(keys(folder.clients(&["--hash-key", "hash.key"])), expected);
    assert_eq!(keys(folder.clients(&[])), addresses);
    let json = ["analyze", "--format", "json", "night.log"];
    let mut command = folder.command(&json);
    let by_variable = command.env("TIDEGATE_HASH_KEY", secret).output().unwrap();
    assert_eq!(keys(clients(&by_variable)), expected);
    let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/generic.toml");
    for format in ["text", "json", "markdown"] {
        for command in ["analyze", "backtest"] {
            let with = ["--format", format, "--hash-key", "hash.key", "--rules", rules];
            let output = folder.run(&[&[command, "night.log"], &with[..]].concat());
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains("Lines") || said.contains("\"lines\""), "{command} {format}");
            assert!(!addresses.iter().any(|address| {
                said.contains(address) || said.contains(&address[..address.len() - 2])
            }));
        }
    }
    assert_eq!(
        folder
            .run(&["analyze", "night.log", "--hash-key", "hash.key", "--addresses"])
            .status
            .code(),
        Some(1)
    );
}
