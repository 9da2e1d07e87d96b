//! Where a client is: its network, its country, and the proxies at its address.

use std::net::IpAddr;

use fastly::Request;
use fastly::geo::{Geo, ProxyDescription, ProxyType, geo_lookup};
use fastly::http::request::ResVpnProxyData;

use crate::door::Door;

/// What the platform knows of an address.
#[derive(Debug, Clone, Default)]
pub(super) struct Place {
    pub(super) asn: Option<u32>,
    pub(super) country: Option<String>,
    pub(super) proxy: Option<String>,
}

impl Place {
    pub(super) fn of(request: &Request, client: Option<IpAddr>, door: &Door) -> Self {
        let asn = door.fact("asn").and_then(|asn| asn.parse().ok());
        let found = if asn.is_some() { None } else { client.and_then(geo_lookup) };
        let found = found.as_ref();
        // The platform says 0 and "**" where it does not know.
        let number = found.map(Geo::as_number).filter(|asn| *asn != 0);
        let code = found.map(Geo::country_code).filter(|code| code.len() == 2 && *code != "**");
        let proxy = door.fact("proxy").or_else(|| match request.get_vpn_proxy_data() {
            Some(known) => words(flags(known)),
            None => words([found.and_then(kind), found.and_then(way)]),
        });
        Self {
            asn: asn.or(number),
            country: door.fact("country").or_else(|| code.map(str::to_owned)),
            proxy,
        }
    }
}

fn words(found: impl IntoIterator<Item = Option<&'static str>>) -> Option<String> {
    let words: Vec<_> = found.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(","))
}

/// From Fastly's data on proxies, where the service has it.
fn flags(known: &ResVpnProxyData) -> [Option<&'static str>; 10] {
    [
        (known.is_anonymous, "anonymous"),
        (known.is_anonymous_vpn, "vpn"),
        (known.is_hosting_provider, "hosting"),
        (known.is_proxy_over_vpn, "proxy-over-vpn"),
        (known.is_public_proxy, "public"),
        (known.is_relay_proxy, "relay"),
        (known.is_residential_proxy, "residential"),
        (known.is_smart_dns_proxy, "dns"),
        (known.is_tor_exit_node, "tor"),
        (known.is_vpn_datacenter, "vpn-datacenter"),
    ]
    .map(|(is, word)| is.then_some(word))
}

/// From the database of places, which every service has.
fn kind(found: &Geo) -> Option<&'static str> {
    Some(match found.proxy_type() {
        ProxyType::Anonymous => "anonymous",
        ProxyType::Corporate => "corporate",
        ProxyType::Edu => "edu",
        ProxyType::Hosting => "hosting",
        ProxyType::Public => "public",
        ProxyType::Transparent => "transparent",
        _ => return None,
    })
}

fn way(found: &Geo) -> Option<&'static str> {
    Some(match found.proxy_description() {
        ProxyDescription::Cloud => "cloud",
        ProxyDescription::CloudSecurity => "cloud-security",
        ProxyDescription::Dns => "dns",
        ProxyDescription::TorExit => "tor",
        ProxyDescription::TorRelay => "tor-relay",
        ProxyDescription::Vpn => "vpn",
        ProxyDescription::WebBrowser => "browser",
        _ => return None,
    })
}
