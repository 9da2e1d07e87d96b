//! The headers of a signed request, as they came. They are the client's own, so
//! they go on to the origin; what they are worth `tidegate_rules::signature` says.

use fastly::Request;
use tidegate_rules::Signature;
use tidegate_rules::signature::Headers;

/// The headers of a signed request, and what else they may be about, owned.
#[derive(Debug, Clone)]
pub(super) struct Signed {
    input: String,
    signature: String,
    agent: Option<String>,
    scheme: String,
    authority: String,
}

impl Signed {
    /// Nothing where the request is not signed, as hardly any is.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let input = joined(request, "signature-input")?;
        let url = request.get_url();
        let host = url.host_str()?;
        Some(Self {
            input,
            signature: joined(request, "signature").unwrap_or_default(),
            agent: joined(request, "signature-agent"),
            scheme: url.scheme().to_owned(),
            authority: url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
        })
    }

    /// Nothing where somebody judged the signature already.
    pub(super) fn told(signature: &Signature<'_>) -> Option<Self> {
        let Signature::Headers(headers) = signature else { return None };
        Some(Self {
            input: headers.input.to_owned(),
            signature: headers.signature.to_owned(),
            agent: headers.agent.map(str::to_owned),
            scheme: headers.scheme.to_owned(),
            authority: headers.authority.to_owned(),
        })
    }

    pub(super) fn headers(&self) -> Signature<'_> {
        Signature::Headers(Headers {
            input: &self.input,
            signature: &self.signature,
            agent: self.agent.as_deref(),
            scheme: &self.scheme,
            authority: &self.authority,
        })
    }
}

/// All lines of a header as one.
fn joined(request: &Request, name: &str) -> Option<String> {
    let lines = request.get_header_all(name).map(|line| String::from_utf8_lossy(line.as_bytes()));
    let lines: Vec<_> = lines.collect();
    (!lines.is_empty()).then(|| lines.join(", "))
}
