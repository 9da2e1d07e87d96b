//! A client of the server, with this machine's certificates where it speaks TLS.
//!
//! The connection is made here and not by the client's own features: those take a
//! machine without certificates for a reason to panic, even where no TLS is spoken.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use clickhouse::Client;
use hyper_rustls::HttpsConnectorBuilder;
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

use super::location::{Location, PASSWORD_VARIABLE};

/// Longest for a connection to be made.
const CONNECT: Duration = Duration::from_secs(10);

/// How long a connection is kept that nobody uses: less than the three seconds
/// after which a server closes it.
const IDLE: Duration = Duration::from_secs(2);

/// A client of the server at `location`.
///
/// # Errors
///
/// Where TLS is asked for and this machine has no certificates.
pub(super) fn client(location: &Location) -> Result<Client> {
    let mut tcp = HttpConnector::new();
    tcp.set_connect_timeout(Some(CONNECT));
    tcp.set_nodelay(true);
    let mut http = legacy::Client::builder(TokioExecutor::new());
    http.pool_idle_timeout(IDLE);
    let client = if location.is_secure {
        tcp.enforce_http(false);
        let tls = HttpsConnectorBuilder::new().with_tls_config(tls()?).https_only();
        Client::with_http_client(http.build(tls.enable_http1().wrap_connector(tcp)))
    } else {
        Client::with_http_client(http.build(tcp))
    };
    let mut client = client
        .with_url(&location.base)
        .with_database(&location.database)
        .with_product_info("tidegate", env!("CARGO_PKG_VERSION"));
    if let Some(user) = &location.user {
        client = client.with_user(user);
    }
    if let Ok(password) = std::env::var(PASSWORD_VARIABLE) {
        client = client.with_password(password);
    }
    Ok(client)
}

fn tls() -> Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    ensure!(
        !roots.is_empty(),
        "no certificates on this machine to know the store by: install `ca-certificates`"
    );
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions()?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
