//! What is left to do once a client has its answer: the record and the notes.

use std::io::Write as _;
use std::sync::OnceLock;

use fastly::Response;
use fastly::log::Endpoint;

use crate::door;

pub(crate) const RECORDS: &str = "tidegate_records";
const NOTES: &str = "tidegate_notes";

/// An answer, with the record that is to be written after it.
#[must_use = "an answer is sent to the client"]
pub struct Answer {
    response: Response,
    after: After,
}

impl Answer {
    pub(crate) fn new(response: Response, after: After) -> Self {
        Self { response, after }
    }

    /// Sends the answer, then writes the record.
    pub fn send_to_client(mut self) {
        door::mark(&mut self.response);
        self.response.send_to_client();
        self.after.finish();
    }

    /// The parts, for a service that sends by itself. The record is written
    /// when [`After`] is finished or dropped.
    pub fn into_parts(self) -> (Response, After) {
        (self.response, self.after)
    }
}

/// The record of one request, yet to be written. Dropping it writes it too.
#[must_use = "writes the record; finish it after the answer was sent"]
#[derive(Default)]
pub struct After {
    record: Option<String>,
    /// The log endpoint that takes it.
    endpoint: &'static str,
}

impl After {
    pub(crate) fn write(record: String, endpoint: &'static str) -> Self {
        Self { record: Some(record), endpoint }
    }

    /// Writes the record.
    pub fn finish(self) {
        drop(self);
    }
}

impl Drop for After {
    fn drop(&mut self) {
        if let Some(record) = self.record.take()
            && !line(self.endpoint, &record)
        {
            note("records: a record could not be written");
        }
    }
}

/// Writes one line about a failure of Tidegate's own, or of what stands around it,
/// to the log endpoint `tidegate_notes`.
pub fn note(text: &str) {
    // Where even this fails there is nobody left to tell.
    let _written = line(NOTES, text);
}

/// One write is one line on Fastly, so the line is written at once or not.
fn line(endpoint: &str, text: &str) -> bool {
    let Some(mut endpoint) = opened(endpoint) else { return false };
    endpoint.write(text.as_bytes()).is_ok_and(|written| written == text.len())
}

/// The endpoint of a name. That of the records stays open with the sandbox.
fn opened(name: &str) -> Option<Endpoint> {
    static RECORDS_ENDPOINT: OnceLock<Endpoint> = OnceLock::new();

    if name != RECORDS {
        return Endpoint::try_from_name(name).ok();
    }
    if let Some(open) = RECORDS_ENDPOINT.get() {
        return Some(open.clone());
    }
    let open = Endpoint::try_from_name(name).ok()?;
    Some(RECORDS_ENDPOINT.get_or_init(|| open).clone())
}
