//! What a module is given, as Viceroy takes it: a backend, stores, a secret, and
//! the places of POPs and addresses.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use hyper::Uri;
use hyper::body::Bytes;
use viceroy_lib::config::{
    Backend, BackendHealth, Dictionary, FastlyConfig, SecretStore, SecretStores,
};

use super::{HASH_KEY, SECRETS, Shield};
use crate::stores;

pub(super) fn dictionary(directory: &Path, store: &str) -> Dictionary {
    Dictionary::Json { file: stores::file(directory, store) }
}

pub(super) fn backend(url: &str) -> Result<Arc<Backend>> {
    let uri: Uri = url.parse().with_context(|| format!("the origin `{url}` is no URL"))?;
    ensure!(
        matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some(),
        "the origin `{url}` must be a URL such as `http://127.0.0.1:8000`"
    );
    Ok(Arc::new(Backend {
        uri,
        override_host: None,
        cert_host: None,
        use_sni: true,
        grpc: false,
        first_byte_timeout: None,
        between_bytes_timeout: None,
        client_cert: None,
        ca_certs: Vec::new(),
        health: BackendHealth::Unknown,
    }))
}

pub(super) fn secrets(hash_key: Option<String>, shield: Option<&Shield>) -> SecretStores {
    let Some(hash_key) = hash_key else { return SecretStores::new() };
    let mut store = SecretStore::new();
    store.add_secret(HASH_KEY.to_owned(), Bytes::from(hash_key));
    if let Some(secret) = shield.and_then(|shield| shield.secret.clone()) {
        store.add_secret(stores::SHIELD.to_owned(), Bytes::from(secret));
    }
    let mut stores = SecretStores::new();
    stores.add_store(SECRETS.to_owned(), store);
    stores
}

/// What Viceroy takes from a configuration file only: the places of addresses,
/// where it calls every loopback address Fastly's own unless told otherwise, and
/// where the shield POP is.
pub(super) fn config(
    places: &[(IpAddr, u32, String)],
    shield: Option<&Shield>,
) -> Result<FastlyConfig> {
    let mut config = String::from(
        "[local_server.geolocation]\n\
         use_default_loopback = false\nformat = \"inline-toml\"\n\
         [local_server.geolocation.addresses]\n",
    );
    for (address, asn, country) in places {
        ensure!(
            country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase()),
            "the country `{country}` of `{address}` must be two capital letters"
        );
        writeln!(
            config,
            "\"{address}\" = {{ as_name = \"\", as_number = {asn}, area_code = 0, city = \"\", \
             conn_speed = \"broadband\", conn_type = \"wired\", continent = \"EU\", \
             country_code = \"{country}\", country_code3 = \"\", country_name = \"\", \
             latitude = 0.0, longitude = 0.0, metro_code = 0, postal_code = \"\", \
             proxy_description = \"?\", proxy_type = \"?\", utc_offset = 0 }}"
        )?;
    }
    if let Some(Shield { pop, at, .. }) = shield {
        let at = match at {
            // It does not ask whether the encrypted way is one.
            Some(url) => format!("{{ encrypted = \"{url}\", unencrypted = \"{url}\" }}"),
            None => "\"local\"".to_owned(),
        };
        writeln!(config, "[local_server.shielding_sites]\n\"{pop}\" = {at}")?;
    }
    config.parse().context("Viceroy does not take this place or this shield")
}
