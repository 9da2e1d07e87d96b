//! `tidegate ingest` and what stands in the way of a store: one line that says what,
//! where and what to do. A stub answers as a server does; `analyzer/clickhouse`
//! has a real engine.

mod stub;

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

use stub::{Answer, Stub};
use tempfile::TempDir;

const LINE: &str =
    "192.0.2.7 - - [04/Nov/2025:08:15:42 +0000] \"GET /a HTTP/1.1\" 200 5 \"-\" \"curl/8\"\n";

fn ingest(store: &str) -> Output {
    let folder = TempDir::new().unwrap();
    std::fs::write(folder.path().join("access.log"), LINE).unwrap();
    // Any certificate: machines without certificates have tests, too.
    let authority = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/store/authority.pem");
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    command.args(["ingest", "--store", store, "--store-pause", "1", "access.log"]);
    command.env("SSL_CERT_FILE", authority).env("TIDEGATE_STORE_PASSWORD", "hunter2");
    command.current_dir(folder.path()).output().unwrap()
}

/// The line that an ingest ends with.
#[track_caller]
fn refused(store: &str, port: u16) -> String {
    let output = ingest(store);
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    assert_eq!(told.lines().count(), 1, "{told}");
    assert!(!told.contains("hunter2"), "{told}");
    told.replace(&port.to_string(), "8123")
}

#[track_caller]
fn refused_by(stub: &Stub) -> String {
    refused(&format!("http://ops@127.0.0.1:{}/logs", stub.port), stub.port)
}

#[test]
fn a_wrong_password() {
    let stub = Stub::new(|_| {
        Answer::error(
            403,
            516,
            "ops: Authentication failed: password is incorrect, or there is no user with such \
             name. (AUTHENTICATION_FAILED)",
        )
    });
    insta::assert_snapshot!(refused_by(&stub));
    let asked = stub.asked();
    assert_eq!(asked.len(), 1, "whoever is refused does not insist");
    assert!(asked[0].contains("x-clickhouse-user: ops\r\n"), "{}", asked[0]);
    assert!(asked[0].contains("x-clickhouse-key: hunter2\r\n"), "{}", asked[0]);
}

#[test]
fn a_wrong_password_to_read_with() {
    let stub = Stub::new(|_| Answer::error(403, 516, "ops: Authentication failed"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_tidegate"));
    let store = format!("http://ops@127.0.0.1:{}/logs", stub.port);
    let output = command.args(["analyze", "--store", &store]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).unwrap();
    insta::assert_snapshot!(told.replace(&stub.port.to_string(), "8123"));
}

#[test]
fn a_user_who_may_not() {
    let stub = Stub::new(|asked| match asked.contains("EXISTS TABLE") {
        true => Answer::ok(&[0]),
        false => Answer::error(
            403,
            497,
            "ops: Not enough privileges. To execute this query, it's necessary to have the grant \
             CREATE TABLE ON logs.tidegate_migrations. (ACCESS_DENIED)",
        ),
    });
    insta::assert_snapshot!(refused_by(&stub));
}

#[test]
fn a_proxy_without_a_server() {
    let stub = Stub::new(|_| Answer { status: 502, code: None, body: Vec::new() });
    insta::assert_snapshot!(refused_by(&stub));
}

#[test]
fn no_server() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    insta::assert_snapshot!(refused(&format!("http://127.0.0.1:{port}/logs"), port));
}

#[test]
fn a_server_without_tls() {
    let stub = Stub::new(|_| Answer { status: 400, code: None, body: Vec::new() });
    insta::assert_snapshot!(refused(&format!("https://127.0.0.1:{}/logs", stub.port), stub.port));
}

#[test]
fn what_is_no_store() {
    insta::assert_snapshot!(refused("logs", 8123));
    insta::assert_snapshot!(refused("http://ops:hunter2@127.0.0.1/logs", 8123));
}
