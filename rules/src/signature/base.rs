//! The text that a signature is over: RFC 9421, section 2.5.

use sfv::{Dictionary, FieldType as _, InnerList, Item, ListEntry, ListSerializer, Parser};

use super::Headers;
use crate::request::Request;

/// The signature base of `covered`. `None` where it covers something twice, in
/// another way than we know, or that the request does not have.
pub(super) fn base(
    covered: &InnerList,
    request: &Request<'_>,
    headers: &Headers<'_>,
) -> Option<String> {
    let mut lines: Vec<(String, String)> = Vec::with_capacity(covered.items.len());
    for component in &covered.items {
        let identifier = component.serialize();
        // A line break would let one text stand for two different requests.
        let value = value(component, request, headers).filter(|value| !value.contains('\n'))?;
        if lines.iter().any(|(known, _)| *known == identifier) {
            return None;
        }
        lines.push((identifier, value));
    }
    let mut base = String::new();
    for (identifier, value) in lines {
        base.push_str(&identifier);
        base.push_str(": ");
        base.push_str(&value);
        base.push('\n');
    }
    base.push_str("\"@signature-params\": ");
    base.push_str(&serialized(covered)?);
    Some(base)
}

fn serialized(list: &InnerList) -> Option<String> {
    let mut text = ListSerializer::new();
    let mut inner = text.inner_list();
    inner.items(&list.items);
    let _ = inner.finish().parameters(&list.params);
    text.finish()
}

/// What the request has for a component.
fn value(component: &Item, request: &Request<'_>, headers: &Headers<'_>) -> Option<String> {
    let name = component.bare_item.as_string()?.as_str();
    if !component.params.is_empty() {
        let agent = headers.agent.filter(|_| name == "signature-agent")?;
        return member(agent, component);
    }
    let query = || request.query.map(|query| format!("?{query}"));
    let target = || format!("{}{}", request.path, query().unwrap_or_default());
    Some(match name {
        "@method" => request.method.to_owned(),
        "@authority" => headers.authority.to_owned(),
        "@scheme" => headers.scheme.to_owned(),
        "@target-uri" => format!("{}://{}{}", headers.scheme, headers.authority, target()),
        "@request-target" => target(),
        "@path" => request.path.to_owned(),
        "@query" => query().unwrap_or_else(|| "?".to_owned()),
        "user-agent" => request.user_agent.filter(|text| !text.is_empty())?.trim().to_owned(),
        "signature-agent" => headers.agent?.trim().to_owned(),
        _ => return None,
    })
}

/// One member of a header that is a dictionary: RFC 9421, section 2.1.2.
fn member(header: &str, component: &Item) -> Option<String> {
    let key = component.params.get("key").filter(|_| component.params.len() == 1)?;
    let dictionary: Dictionary = Parser::new(header).parse().ok()?;
    match dictionary.get(key.as_string()?.as_str())? {
        ListEntry::Item(item) => Some(item.serialize()),
        ListEntry::InnerList(list) => serialized(list),
    }
}
