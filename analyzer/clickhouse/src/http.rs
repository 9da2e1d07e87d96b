//! The part of ClickHouse's HTTP interface that the official Rust client uses.
//!
//! What the engine lacks is not imitated: there are no users, no sessions, no
//! TLS and no compressed answers. Answers are held whole, so an error is always
//! told by the status.

use std::borrow::Cow;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::{Request, Response, StatusCode};

use crate::frames;
use crate::library::Engine;

/// A request, taken apart.
#[derive(Default)]
struct Asked {
    database: Option<String>,
    format: Option<String>,
    /// Settings by name, and parameters as `param_` and their name.
    settings: Vec<(String, String)>,
    /// The statement, as far as the URL has it.
    query: Option<String>,
    is_packed: bool,
    body: Vec<u8>,
}

/// Answers one request.
pub(crate) async fn answer(
    engine: &'static Engine,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>> {
    let asked = Asked::of(request).await?;
    let done = tokio::task::spawn_blocking(move || asked.run(engine)).await?;
    let response = Response::builder();
    Ok(match done? {
        Ok(answer) => response.body(answer.into())?,
        Err(error) => {
            // "Code: 60. DB::Exception: …"
            let code = error.strip_prefix("Code: ").and_then(|rest| rest.split_once('.'));
            response
                .status(StatusCode::INTERNAL_SERVER_ERROR)
                .header("X-ClickHouse-Exception-Code", code.map_or("1000", |(code, _)| code))
                .body(error.into())?
        }
    })
}

impl Asked {
    async fn of(request: Request<Incoming>) -> Result<Self> {
        let mut asked = Self::default();
        let pairs = request.uri().query().unwrap_or_default().as_bytes();
        for (name, value) in form_urlencoded::parse(pairs) {
            let value = value.into_owned();
            match &*name {
                "database" => asked.database = Some(value),
                "default_format" => asked.format = Some(value),
                "query" => asked.query = Some(value),
                "decompress" => asked.is_packed = value == "1",
                _ => asked.settings.push((name.into_owned(), value)),
            }
        }
        let kind = request.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let boundary = kind.and_then(|kind| kind.split_once("boundary="));
        let boundary = boundary.map(|(_, boundary)| boundary.trim_matches('"').to_owned());
        let body = request.into_body().collect().await?.to_bytes();
        match boundary {
            Some(boundary) => asked.take_parts(&String::from_utf8(body.into())?, &boundary)?,
            None => asked.body = body.into(),
        }
        Ok(asked)
    }

    /// Takes the statement and its parameters out of a form.
    fn take_parts(&mut self, body: &str, boundary: &str) -> Result<()> {
        let border = format!("--{boundary}");
        for part in body.split(&*border).filter(|part| part.starts_with("\r\n")) {
            let (head, value) = part.split_once("\r\n\r\n").context("a part without a body")?;
            let name = head.split_once("name=\"").and_then(|(_, rest)| rest.split_once('"'));
            let (name, _) = name.context("a part without a name")?;
            let value = value.strip_suffix("\r\n").unwrap_or(value);
            match name {
                "query" => self.body = value.as_bytes().to_vec(),
                _ => self.settings.push((name.to_owned(), value.to_owned())),
            }
        }
        Ok(())
    }

    /// Runs it in a session of its own.
    fn run(self, engine: &Engine) -> Result<Result<Vec<u8>, String>> {
        let mut session = engine.session()?;
        let database = self.database.iter().map(|name| format!("USE `{name}`"));
        let settings = self.settings.iter();
        let settings = settings.map(|(name, value)| format!("SET {name} = {}", quoted(value)));
        for statement in database.chain(settings) {
            if let Err(error) = session.query(&statement, "TSV") {
                return Ok(Err(error));
            }
        }
        let body = if self.is_packed { frames::unpacked(&self.body)? } else { self.body };
        Ok(match self.query {
            Some(insert) => {
                let (insert, format) = insert.rsplit_once(" FORMAT ").context("no format")?;
                session.insert(insert, format, &body).map(|()| Vec::new())
            }
            None => {
                let sql = std::str::from_utf8(&body)?;
                session.query(sql, self.format.as_deref().unwrap_or("TabSeparated"))
            }
        })
    }
}

fn quoted(text: &str) -> Cow<'_, str> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.into();
    }
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'")).into()
}
