//! Fastly's API on this machine, as far as Config Stores go: a token, two stores
//! and their limits, the rate limit of changes, and faults on demand.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tidegate_rules::Time;
use tidegate_rules::pack::PACK_FORMAT;

pub(crate) const TOKEN: &str = "a-token-that-nobody-may-see";
pub(crate) const SWITCHES: &str = "switchesSWITCHES";
pub(crate) const PACKS: &str = "packsPACKSpacks";

/// Something that goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The connection breaks before the request is obeyed.
    DropBefore,
    /// It is obeyed, and the connection breaks before the answer.
    DropAfter,
    /// There is never an answer.
    Silence,
    /// An answer of this status.
    Status(u16),
    /// 429; changes are taken again so many seconds from now.
    RateLimit(u64),
    /// 200 with something that is no JSON.
    Nonsense,
    /// Somebody else sets the pointer first.
    Overtake,
}

/// What the API keeps.
pub(crate) struct State {
    pub(crate) stores: BTreeMap<String, BTreeMap<String, Item>>,
    /// What goes wrong, from and until which request, counted from 0.
    pub(crate) faults: Vec<(std::ops::Range<usize>, Fault)>,
    /// Method and path of every request.
    pub(crate) requests: Vec<String>,
    /// Whether the token may only read.
    pub(crate) read_only: bool,
    /// Entries that a store holds.
    pub(crate) room: usize,
}

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) value: String,
    pub(crate) updated: String,
}

/// The API, until the test ends.
pub(crate) struct Api {
    pub(crate) url: String,
    state: Arc<Mutex<State>>,
}

impl Api {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let stores = [SWITCHES, PACKS].map(|id| (id.to_owned(), BTreeMap::new())).into();
        let (faults, requests) = (Vec::new(), Vec::new());
        let state = State { stores, faults, requests, read_only: false, room: 500 };
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(&stream, &state));
            }
        });
        Self { url, state }
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Lets something go wrong in place of the next requests.
    pub(crate) fn fail_next(&self, requests: usize, fault: Fault) {
        let mut state = self.state();
        let next = state.requests.len();
        state.faults.push((next..next + requests, fault));
    }

    /// Lets everything go wrong from the request `at` on, counted from now.
    pub(crate) fn fail_from(&self, at: usize, fault: Fault) {
        let mut state = self.state();
        let first = state.requests.len() + at;
        state.faults = vec![(first..usize::MAX, fault)];
    }

    pub(crate) fn heal(&self) {
        self.state().faults.clear();
    }
}

impl State {
    pub(crate) fn value(&self, store: &str, key: &str) -> Option<String> {
        Some(self.stores[store].get(key)?.value.clone())
    }

    pub(crate) fn set(&mut self, store: &str, key: &str, value: &str, updated: &str) {
        let item = Item { value: value.to_owned(), updated: updated.to_owned() };
        self.stores.get_mut(store).unwrap().insert(key.to_owned(), item);
    }

    /// Status and body.
    fn answer(&mut self, request: &Request) -> (u16, String) {
        let told = |status, message: &str| (status, format!(r#"{{"msg":"{message}"}}"#));
        if request.token != TOKEN {
            return told(401, "Provided credentials are missing or invalid");
        }
        if self.read_only && request.method != "GET" {
            return told(403, "You are not authorized to perform this action");
        }
        let parts: Vec<_> = request.path.split('/').skip(1).collect();
        let (store, key) = match parts.as_slice() {
            ["resources", "stores", "config", store, "items"] => (*store, None),
            ["resources", "stores", "config", store, "item", key] => (*store, Some(*key)),
            _ => return told(404, "Not found"),
        };
        let Some(items) = self.stores.get_mut(store) else {
            return told(404, "Record not found");
        };
        match (request.method.as_str(), key) {
            ("GET", None) => {
                let all: Vec<_> = items.iter().map(|(key, item)| json(store, key, item)).collect();
                (200, serde_json::to_string(&all).unwrap())
            }
            ("PUT", Some(key)) => {
                let value = form_value(&request.body);
                if value.chars().count() > 8_000 {
                    return told(400, "Item value is too long (maximum is 8000 characters)");
                }
                if items.len() >= self.room && !items.contains_key(key) {
                    return told(400, "Config store has reached its maximum number of items");
                }
                let item = Item { value, updated: now() };
                let body = json(store, key, &item).to_string();
                items.insert(key.to_owned(), item);
                (200, body)
            }
            ("DELETE", Some(key)) => match items.remove(key) {
                Some(_) => (200, r#"{"status":"ok"}"#.to_owned()),
                None => told(404, "Record not found"),
            },
            _ => told(405, "Method not allowed"),
        }
    }
}

fn json(store: &str, key: &str, item: &Item) -> serde_json::Value {
    serde_json::json!({
        "store_id": store,
        "item_key": key,
        "item_value": item.value,
        "created_at": item.updated,
        "updated_at": item.updated,
        "deleted_at": null,
    })
}

/// This machine's time as the API writes it.
pub(crate) fn now() -> String {
    let seconds = unix_seconds();
    tidegate::time::rfc3339(Time::from_unix_millis(seconds * 1_000))
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// What of a request the API looks at.
struct Request {
    method: String,
    path: String,
    token: String,
    body: String,
}

/// Answers on one connection until it ends.
fn serve(stream: &TcpStream, state: &Mutex<State>) {
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        let mut state = state.lock().unwrap();
        let at = state.requests.len();
        state.requests.push(format!("{} {}", request.method, request.path));
        let fault = state.faults.iter().find(|(range, _)| range.contains(&at));
        let fault = fault.map(|(_, fault)| *fault);
        let (status, body) = match fault {
            Some(Fault::DropBefore) => return,
            Some(Fault::DropAfter) => {
                state.answer(&request);
                return;
            }
            Some(Fault::Silence) => {
                drop(state);
                thread::sleep(Duration::from_secs(60));
                return;
            }
            Some(Fault::Status(status)) => (status, r#"{"msg":"as the test asks"}"#.to_owned()),
            Some(Fault::RateLimit(_)) => {
                (429, r#"{"msg":"You have exceeded your hourly rate limit"}"#.to_owned())
            }
            Some(Fault::Nonsense) => (200, "<html>".to_owned()),
            Some(Fault::Overtake) => {
                let others = format!("{PACK_FORMAT}:ffffffffffffffff:1:0");
                state.set(SWITCHES, "rules", &others, &now());
                state.answer(&request)
            }
            None => state.answer(&request),
        };
        drop(state);
        let (left, reset) = match fault {
            Some(Fault::RateLimit(seconds)) => (0, unix_seconds() + seconds),
            _ => (999, unix_seconds() + 3_600),
        };
        let limits = match request.method.as_str() {
            "GET" => String::new(),
            _ => {
                format!("Fastly-RateLimit-Remaining: {left}\r\nFastly-RateLimit-Reset: {reset}\r\n")
            }
        };
        let length = body.len();
        let head = format!("HTTP/1.1 {status} -\r\nContent-Length: {length}\r\n{limits}\r\n");
        if (&mut &*stream).write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end() {
            "" if head.is_empty() => return None,
            "" => break,
            line => head.push(line.to_owned()),
        }
    }
    let header = |name: &str| {
        let lines = head.iter().filter_map(|line| line.split_once(": "));
        let mut found = lines.filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.to_owned()).unwrap_or_default()
    };
    let mut body = vec![0; header("Content-Length").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let mut words = head[0].split(' ').map(str::to_owned);
    Some(Request {
        method: words.next()?,
        path: words.next()?,
        token: header("Fastly-Key"),
        body: String::from_utf8(body).unwrap(),
    })
}

/// The value in a form such as `item_value=a%2Bb+c`.
fn form_value(form: &str) -> String {
    let coded = form.strip_prefix("item_value=").unwrap().replace('+', " ");
    let mut parts = coded.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).unwrap()
}
