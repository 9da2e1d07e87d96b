//! A trace in real time over some connections to a server on loopback.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

use super::config::KEY;
use crate::judge::Told;
use crate::trace::Arrival;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where to ask, and as whom.
#[derive(Debug, Clone, Copy)]
pub struct Asking<'a> {
    /// The port on loopback.
    pub port: u16,
    /// The path.
    pub path: &'a str,
    /// What goes before every key, so that nobody knows it from an earlier play.
    pub tag: &'a str,
    /// Connections, over which requests go in turn.
    pub connections: usize,
}

/// Sends each request when its time has come, and says what was answered, in the
/// order of sending.
///
/// # Errors
///
/// Where the server answers neither 200 nor 429.
pub fn play(asking: Asking<'_>, arrivals: &[Arrival]) -> Result<Vec<Told>> {
    let next = AtomicUsize::new(0);
    let started = Instant::now();
    let due = |arrival: &Arrival| started + Duration::from_millis(arrival.at_ms);
    everybody(asking, started, || {
        let arrival = *arrivals.get(next.fetch_add(1, Ordering::Relaxed))?;
        thread::sleep(due(&arrival).saturating_duration_since(Instant::now()));
        Some(arrival)
    })
}

/// One key asks for so long, over every connection as soon as it has its answer.
///
/// # Errors
///
/// Where the server answers neither 200 nor 429.
pub fn flood(asking: Asking<'_>, long: Duration) -> Result<Vec<Told>> {
    let started = Instant::now();
    everybody(asking, started, || {
        let elapsed = started.elapsed();
        let at_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        (elapsed < long).then_some(Arrival { at_ms, key: 0, modest: false })
    })
}

/// Every connection asks for whatever is next, until nothing is.
fn everybody(
    asking: Asking<'_>,
    started: Instant,
    next: impl Fn() -> Option<Arrival> + Sync,
) -> Result<Vec<Told>> {
    let one = || {
        let (mut connection, mut told) = (Connection::open(asking.port)?, Vec::new());
        while let Some(arrival) = next() {
            let sent = started.elapsed();
            let key = format!("{}-{}", asking.tag, arrival.key);
            let admitted = connection.ask(asking.path, &key)?;
            let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
            let took_us = micros(started.elapsed() - sent);
            told.push(Told { arrival, sent_us: micros(sent), took_us, admitted });
        }
        Ok(told)
    };
    let told: Vec<Result<Vec<Told>>> = thread::scope(|scope| {
        let running: Vec<_> = (0..asking.connections).map(|_| scope.spawn(one)).collect();
        let joined = running.into_iter().map(|thread| thread.join());
        joined.map(|told| told.unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let mut told = told.into_iter().collect::<Result<Vec<_>>>()?.concat();
    told.sort_by_key(|told| told.sent_us);
    Ok(told)
}

/// A connection that is kept for as long as the server keeps it: as much of HTTP
/// as the answers of these servers need.
struct Connection {
    port: u16,
    stream: BufReader<TcpStream>,
}

impl Connection {
    fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .with_context(|| format!("nobody listens at port {port}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { port, stream: BufReader::new(stream) })
    }

    /// Whether the key's request is let through.
    fn ask(&mut self, path: &str, key: &str) -> Result<bool> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{KEY}: {key}\r\n\r\n");
        self.stream.get_mut().write_all(request.as_bytes())?;
        let status = self.line()?;
        let (mut length, mut closes) = (0, false);
        loop {
            let line = self.line()?.to_ascii_lowercase();
            let Some((name, value)) = line.split_once(':') else { break };
            match (name, value.trim()) {
                ("content-length", value) => length = value.parse()?,
                ("connection", "close") => closes = true,
                ("transfer-encoding", _) => bail!("an answer in chunks"),
                _ => {}
            }
        }
        self.stream.read_exact(&mut vec![0; length])?;
        if closes {
            *self = Self::open(self.port)?;
        }
        match status.split(' ').nth(1) {
            Some("200") => Ok(true),
            Some("429") => Ok(false),
            _ => bail!("`{path}` at port {} answered `{status}`", self.port),
        }
    }

    /// The next line, without its end.
    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line);
        let late = |error: &std::io::Error| error.kind() == ErrorKind::WouldBlock;
        if read.as_ref().is_err_and(late) {
            bail!("no answer from port {} within {} s", self.port, PATIENCE.as_secs());
        }
        ensure!(read? > 0, "port {} closed a connection without an answer", self.port);
        Ok(line.trim_end().to_owned())
    }
}
