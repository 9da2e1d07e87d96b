//! What is stored and what is read when the engine is killed or a connection breaks:
//! all of it, once, in the end.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::engine::{Engine, log, told, trouble, url};
use crate::night::Night;

const LINES: u64 = 200_000;

/// So many lines are more than one INSERT, and leave some for a second one.
const FIRST: u64 = 100_000;

/// Starts to store a log that comes through a pipe, and waits until the first
/// lines are stored.
fn begin(engine: &Engine, pause_ms: u8) -> Child {
    let mut command = engine.patient_ingest(&engine.url(), pause_ms, &["-"]);
    let mut process =
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    process.stdin.as_mut().unwrap().write_all(log(1..=FIRST).as_bytes()).unwrap();
    engine.wait_for_change("SELECT count() FROM tidegate_loads", "0");
    process
}

fn feed_rest(process: &mut Child) {
    let rest = log(FIRST + 1..=LINES);
    match process.stdin.take().unwrap().write_all(rest.as_bytes()) {
        // It has given up.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
        fed => fed.unwrap(),
    }
}

#[test]
fn an_ingest_that_was_interrupted_is_completed_by_the_next() {
    let mut engine = Engine::new();
    let mut process = begin(&engine, 1);
    engine.kill();
    feed_rest(&mut process);
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = trouble(&output);
    assert!(told.contains("cannot store ") && told.contains("(10 tries)"), "{told}");

    engine.start();
    let count = || engine.ask("SELECT count() FROM tidegate_requests").parse::<u64>().unwrap();
    assert!((1..LINES).contains(&count()), "{}", count());
    engine.put("access.log", log(1..=LINES));
    engine.stored(&["access.log"]);
    engine.has_all(LINES);
}

#[test]
fn an_ingest_goes_on_when_the_engine_is_back() {
    let mut engine = Engine::new();
    let mut process = begin(&engine, 100);
    engine.kill();
    feed_rest(&mut process);
    engine.start();
    let output = process.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", trouble(&output));
    engine.has_all(LINES);
}

/// Where a connection breaks.
#[derive(Clone, Copy)]
enum Break {
    /// In the middle of the rows.
    Request,
    /// When the rows are stored, before the answer says so.
    Answer,
    /// In the middle of the rows that are read.
    Rows,
}

impl Break {
    /// Whether these bytes of a client begin what breaks.
    fn is_about(self, bytes: &[u8]) -> bool {
        match self {
            Self::Request | Self::Answer => {
                bytes.starts_with(b"POST") && contains(bytes, b"INTO+%60tidegate_lines%60")
                    || contains(bytes, b"INTO+tidegate_lines")
            }
            Self::Rows => contains(bytes, b"ORDER BY time, load, line"),
        }
    }

    /// Whether so much of an answer is passed on.
    fn passes(self, length: usize) -> bool {
        match self {
            Self::Request => true,
            Self::Answer => false,
            Self::Rows => length < 300_000,
        }
    }
}

#[test]
fn an_insert_that_breaks_off_is_sent_again() {
    let engine = Engine::new();
    let proxy = proxy(engine.port, Break::Request);
    store_through(&engine, proxy);
    assert_eq!(engine.ask("SELECT count() FROM tidegate_lines"), LINES.to_string());
}

#[test]
fn an_insert_whose_answer_is_lost_counts_once() {
    let engine = Engine::new();
    let proxy = proxy(engine.port, Break::Answer);
    store_through(&engine, proxy);
    let lines: u64 = engine.ask("SELECT count() FROM tidegate_lines").parse().unwrap();
    assert!(lines > LINES, "{lines}: some were sent twice");
}

#[track_caller]
fn store_through(engine: &Engine, port: u16) {
    engine.put("access.log", log(1..=LINES));
    let output = engine.ingest(&url(port), &["access.log"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", trouble(&output));
    engine.has_all(LINES);
}

#[test]
fn rows_that_break_off_are_read_on_from_the_last() {
    let engine = Engine::new();
    engine.put("night.log", Night::new(10).lines());
    engine.stored(&["night.log"]);
    let proxy = proxy(engine.port, Break::Rows);
    let [broken, whole] = [proxy, engine.port].map(|port| {
        let arguments = ["--store", &url(port), "--store-pause", "1", "--format", "json"];
        let output = engine.run("analyze", &arguments);
        assert!(output.status.code() != Some(1), "{}", trouble(&output));
        told(&output)
    });
    assert!(broken.len() > 10_000 && broken == whole);
}

/// A port that leads to the engine's and breaks the first INSERT of lines, or the
/// first rows.
fn proxy(to: u16, at: Break) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let is_broken = Arc::new(AtomicBool::new(false));
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) =
                (client.unwrap(), TcpStream::connect(("127.0.0.1", to)).unwrap());
            let is_broken = Arc::clone(&is_broken);
            thread::spawn(move || pass(&client, &server, at, &is_broken));
        }
    });
    port
}

/// Passes on what one connection says, unless it is to be broken.
fn pass(client: &TcpStream, server: &TcpStream, at: Break, is_broken: &AtomicBool) {
    let is_due = AtomicBool::new(false);
    // One that is gone already has ended.
    let end = || [client, server].into_iter().for_each(|one| drop(one.shutdown(Shutdown::Both)));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut passed = 0;
            carry(client, server, |bytes| {
                if at.is_about(bytes) && !is_broken.swap(true, Ordering::SeqCst) {
                    is_due.store(true, Ordering::SeqCst);
                }
                passed += if is_due.load(Ordering::SeqCst) { bytes.len() } else { 0 };
                !matches!(at, Break::Request) || passed < 100_000
            });
            end();
        });
        let mut passed = 0;
        carry(server, client, |bytes| {
            passed += bytes.len();
            !is_due.load(Ordering::SeqCst) || at.passes(passed)
        });
        end();
    });
}

/// Carries bytes while `goes_on` says so of them.
fn carry(mut from: &TcpStream, mut to: &TcpStream, mut goes_on: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 16 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !goes_on(&buffer[..length]) || to.write_all(&buffer[..length]).is_err() {
            return;
        }
    }
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}
