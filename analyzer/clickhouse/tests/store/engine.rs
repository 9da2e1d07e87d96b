//! The engine as a process that can be killed, and the program run on it.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

/// The database that the tests use.
pub(crate) const DATABASE: &str = "logs";

/// An engine, its folder of tables, and a folder of logs.
pub(crate) struct Engine {
    folder: TempDir,
    pub(crate) port: u16,
    process: Option<Child>,
}

impl Engine {
    pub(crate) fn new() -> Self {
        // A port that is free, and that a restarted engine can have again.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut engine = Self { folder: TempDir::new().unwrap(), port, process: None };
        engine.start();
        engine.ask(&format!("CREATE DATABASE {DATABASE}"));
        engine
    }

    pub(crate) fn start(&mut self) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_clickhouse-engine"));
        let command = command.arg(self.folder.path().join("tables")).arg(self.port.to_string());
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let _ = BufReader::new(process.stdout.take().unwrap()).read_line(&mut line);
        if !line.starts_with("http://") {
            let mut trouble = String::new();
            process.stderr.take().unwrap().read_to_string(&mut trouble).unwrap();
            panic!("{trouble}");
        }
        self.process = Some(process);
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        let mut process = self.process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    pub(crate) fn url(&self) -> String {
        url(self.port)
    }

    /// What it answers in the database of the tests; what it refuses ends the test.
    pub(crate) fn ask(&self, sql: &str) -> String {
        self.try_ask(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    pub(crate) fn try_ask(&self, sql: &str) -> Result<String, String> {
        let database = if sql.starts_with("CREATE DATABASE") { "default" } else { DATABASE };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let length = sql.len();
        let head = format!(
            "POST /?database={database} HTTP/1.1\r\nhost: engine\r\nconnection: close\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(format!("{head}{sql}").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let body = body.trim_end().to_owned();
        if head.starts_with("HTTP/1.1 200") { Ok(body) } else { Err(body) }
    }

    /// Asks until the answer is another than `before`; what it refuses is none.
    pub(crate) fn wait_for_change(&self, sql: &str, before: &str) -> String {
        for _ in 0..2_000 {
            match self.try_ask(sql) {
                Ok(answer) if answer != before => return answer,
                _ => sleep(Duration::from_millis(10)),
            }
        }
        panic!("{sql}: still `{before}`");
    }

    /// Where a file in the folder of logs is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a file into the folder of logs.
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs `tidegate` with these arguments, in the folder of logs.
    pub(crate) fn run(&self, command: &str, arguments: &[&str]) -> Output {
        let mut process = Command::new(env!("CARGO_BIN_EXE_tidegate-with-store"));
        let process = process.arg(command).args(arguments).current_dir(self.folder.path());
        process.env_remove("TIDEGATE_STORE_PASSWORD").output().unwrap()
    }

    /// `tidegate ingest` with these arguments, in the folder of logs. It waits for half
    /// a second at most.
    pub(crate) fn ingest(&self, store: &str, arguments: &[&str]) -> Command {
        self.patient_ingest(store, 1, arguments)
    }

    /// The same, and it waits for 511 times this pause.
    pub(crate) fn patient_ingest(&self, store: &str, pause_ms: u8, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate-with-store"));
        command.args(["ingest", "--store", store, "--store-pause", &pause_ms.to_string()]);
        command.args(arguments);
        command.current_dir(self.folder.path()).env_remove("TIDEGATE_STORE_PASSWORD");
        command
    }

    /// Stores logs; what is stored, and was known.
    #[track_caller]
    pub(crate) fn stored(&self, logs: &[&str]) -> String {
        let output = self.ingest(&self.url(), logs).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", trouble(&output));
        told(&output).replace(&self.url(), "the store")
    }

    /// Requests in the store, and the sum of their lines' numbers: other lines have
    /// another one.
    pub(crate) fn requests(&self) -> String {
        self.ask("SELECT count(), sum(line), uniqExact(line) FROM tidegate_requests")
    }

    /// Asserts that every line of the log of so many lines is there, once.
    #[track_caller]
    pub(crate) fn has_all(&self, lines: u64) {
        let sum = lines * (lines + 1) / 2;
        assert_eq!(self.requests(), format!("{lines}\t{sum}\t{lines}"));
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
    }
}

pub(crate) fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}/{DATABASE}")
}

pub(crate) fn told(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn trouble(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// So many lines of a log, over three days and the year's end.
pub(crate) fn log(lines: std::ops::RangeInclusive<u64>) -> String {
    let mut log = String::new();
    for line in lines {
        let (day, second) = (["30/Dec/2024", "31/Dec/2024", "01/Jan/2025"], line / 40 % 60);
        writeln!(
            log,
            "192.0.{}.{} - - [{}:08:{:02}:{second:02} +0000] \"GET /crate-{}/1.0.0/ HTTP/1.1\" \
             200 512 \"-\" \"curl/8.{}\"",
            line % 5,
            line % 199,
            day[(line % 3) as usize],
            line / 2_400 % 60,
            line % 997,
            line % 7,
        )
        .unwrap();
    }
    log
}
