//! A server that answers what a test says.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// An answer, as ClickHouse gives it.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The code of an exception.
    pub(crate) code: Option<u16>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn error(status: u16, code: u16, what: &str) -> Self {
        let body = format!("Code: {code}. DB::Exception: {what} (version 26.7.3.1)\n");
        Self { status, code: Some(code), body: body.into() }
    }

    /// A number of one byte, as a query for it is answered.
    pub(crate) fn ok(number: &[u8; 1]) -> Self {
        // One column, its name and its type.
        let body = [b"\x01\x06result\x05UInt8", &number[..]].concat();
        Self { status: 200, code: None, body }
    }
}

/// The server.
pub(crate) struct Stub {
    pub(crate) port: u16,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Stub {
    pub(crate) fn new(answer: impl Fn(&str) -> Answer + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let heard = Arc::clone(&asked);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let text = request(&mut stream);
                let Answer { status, code, body } = answer(&text);
                heard.lock().unwrap().push(text);
                let length = body.len();
                let mut head = format!(
                    "HTTP/1.1 {status} Said\r\ncontent-length: {length}\r\nconnection: close\r\n"
                );
                if let Some(code) = code {
                    head += &format!("x-clickhouse-exception-code: {code}\r\n");
                }
                // Whoever has read enough may be gone.
                let _ = stream.write_all(&[head.as_bytes(), b"\r\n", &body].concat());
            }
        });
        Self { port, asked }
    }

    /// Every request, as it came.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

/// A request of known length, or whatever else comes first.
fn request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4_096];
    while let Ok(length @ 1..) = stream.read(&mut buffer) {
        bytes.extend_from_slice(&buffer[..length]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            if text.starts_with("POST") {
                continue;
            }
            break;
        };
        let expected = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if expected.is_none_or(|expected| body.len() >= expected.parse().unwrap()) {
            break;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
