//! Tidegate for a service on another version of the `fastly` crate, which can hand
//! over neither its request nor its response: facts in, parts of an answer out.
//!
//! The service reads the facts as `observe` does, and what it does not know is
//! `None`. It must take them from the platform: no header but the client's own word.

use tidegate_rules::{Outcome, Request};

use crate::answer::{After, Answer};
use crate::door::Door;
use crate::inspect::{Pass, Tidegate, screened};
use crate::observe::Observed;

/// An answer to a refused client, to be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// HTTP status.
    pub status: u16,
    /// Headers: names in small letters, and values.
    pub headers: Vec<(String, String)>,
    /// The body, empty for HEAD.
    pub body: Vec<u8>,
}

impl Tidegate {
    /// As [`Tidegate::inspect`], from facts; `accept` is that header, or empty.
    ///
    /// Where the outcome may be a hit, the service calls [`Pass::admit`] in its
    /// before-send hook, and [`Pass::refused`] where that says no. Where there is
    /// no hook it calls it before it sends. Other headers that imitate the edge are
    /// its own to take off: see [`tidegate_rules::request::IMITATIONS`].
    ///
    /// # Errors
    ///
    /// The answer to send instead, where a rule refuses the request, and what is to
    /// be written after it.
    pub fn inspect_facts(
        &mut self,
        facts: &Request<'_>,
        accept: &str,
    ) -> Result<Pass, (Parts, After)> {
        let door = Door::default();
        let Some(force) = self.in_force(&door) else { return Ok(Pass::new(None, door)) };
        let observed = Observed::told(facts, accept);
        let screened = screened(force, observed, door);
        if screened.refused { Err(screened.pass.refused()) } else { Ok(screened.pass) }
    }
}

impl Pass {
    /// The answer to a client whom [`Pass::admit`] refused.
    pub fn refused(self) -> (Parts, After) {
        parts(self.refusal())
    }

    /// Settles a request that was answered otherwise; `outcome` says how.
    pub fn settle_facts(self, outcome: &Outcome) -> After {
        self.flight().map(|mut flight| flight.settle(outcome)).unwrap_or_default()
    }
}

fn parts(answer: Answer) -> (Parts, After) {
    let (mut response, after) = answer.into_parts();
    let headers = response.get_headers().map(|(name, value)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    });
    let headers = headers.collect();
    let status = response.get_status().as_u16();
    (Parts { status, headers, body: response.take_body_bytes() }, after)
}
