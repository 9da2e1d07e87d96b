//! A store behind TLS.

use std::fs;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::engine::{Engine, log, trouble};

/// A port that speaks TLS and leads to the engine's; its certificate in PEM.
fn secured(to: u16) -> (u16, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = config.with_single_cert(vec![cert.der().clone()], key).unwrap();
    let (told, port) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            told.send(listener.local_addr().unwrap().port()).unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let acceptor = acceptor.clone();
                tokio::spawn(async move {
                    // Whoever does not trust it goes away.
                    let Ok(mut client) = acceptor.accept(client).await else { return };
                    let mut server = TcpStream::connect(("127.0.0.1", to)).await.unwrap();
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                });
            }
        })
    });
    (port.recv().unwrap(), cert.pem())
}

#[test]
fn a_store_behind_tls_is_trusted_where_somebody_says_so() {
    let engine = Engine::new();
    engine.put("access.log", log(1..=10));
    let (port, certificate) = secured(engine.port);
    let certificate = engine.put("authority.pem", certificate);
    assert!(fs::exists(&certificate).unwrap());
    let store = format!("https://localhost:{port}/logs");

    let refused = engine.ingest(&store, &["access.log"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    insta::assert_snapshot!("untrusted", trouble(&refused).replace(&port.to_string(), "8443"));

    let mut trusted = engine.ingest(&store, &["access.log"]);
    let trusted = trusted.env("SSL_CERT_FILE", certificate).output().unwrap();
    assert_eq!(trusted.status.code(), Some(0), "{}", trouble(&trusted));
    engine.has_all(10);
}
