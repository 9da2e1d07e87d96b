//! What the runtime makes of a guest, whatever the guest does.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::{Body, Client, Request, StatusCode};
use tidegate_local::front::Front;
use tidegate_local::runtime::{Builder, Failure, Runtime, read};

const CLIENT: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

fn guest(name: &str) -> Builder {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/guests").join(name);
    Runtime::builder(path)
}

fn get(uri: &str) -> Request<Body> {
    Request::get(uri).body(Body::empty()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_and_every_log_line_arrive() {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&lines);
    let runtime = guest("answer.wat")
        .log(Arc::new(move |endpoint: &str, line: &str| {
            into.lock().unwrap().push(format!("{endpoint}|{line}"));
        }))
        .build()
        .unwrap();
    let answer = runtime.request(get("http://docs.rs/"), CLIENT).await;
    let answer = read(answer.unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.body(), "hello");
    assert_eq!(
        *lines.lock().unwrap(),
        [r#"tidegate_records|{"a":"b :: c"}"#, r"tidegate_notes|one\ntwo",]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_is_an_error_with_its_text() {
    for (name, expected) in [("trap.wat", "unreachable"), ("exit.wat", "exit status 3")] {
        let runtime = guest(name).build().unwrap();
        let failure = runtime.request(get("http://docs.rs/"), CLIENT).await;
        let Err(Failure::Trap(text)) = failure else {
            panic!("{name}: {failure:?}");
        };
        assert!(text.contains(expected), "{name}: {text}");
        if name == "trap.wat" {
            assert!(text.starts_with("the reason\n"), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_modules_own_500_is_no_trap() {
    let runtime = guest("fail.wat").build().unwrap();
    let answer = runtime.request(get("http://docs.rs/"), CLIENT).await;
    let answer = read(answer.unwrap()).await.unwrap();
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.body(), "mine");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_no_host_is_refused() {
    let runtime = guest("answer.wat").build().unwrap();
    let failure = runtime.request(get("/path"), CLIENT).await;
    assert!(matches!(failure, Err(Failure::Request(_))), "{failure:?}");
}

#[test]
fn what_cannot_run_says_why() {
    let error = |builder: Builder| format!("{:#}", builder.build().err().unwrap());
    let missing = error(guest("missing.wasm"));
    assert!(missing.starts_with("cannot run the module `"), "{missing}");
    assert_eq!(
        error(guest("answer.wat").origin("127.0.0.1:8000")),
        "the origin `127.0.0.1:8000` must be a URL such as `http://127.0.0.1:8000`"
    );
    assert_eq!(
        error(guest("answer.wat").place(CLIENT, 64496, "Netherlands")),
        "the country `Netherlands` of `192.0.2.7` must be two capital letters"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_answers_in_both_protocols_and_stops() {
    let front = Front::new(guest("answer.wat").build().unwrap(), None);
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let ended = async move { drop(stopped.await) };
    let (address, serving) = front.listen(([127, 0, 0, 1], 0).into(), ended).unwrap();
    let serving = tokio::spawn(serving);
    for http2 in [false, true] {
        let client: Client<_, Body> = Client::builder().http2_only(http2).build_http();
        let answer = client.request(get(&format!("http://{address}/a"))).await;
        let answer = answer.unwrap();
        assert_eq!(answer.status(), StatusCode::OK);
        let body = hyper::body::to_bytes(answer.into_body()).await.unwrap();
        assert_eq!(body, "hello");
    }
    drop(stop);
    let stopped = tokio::time::timeout(Duration::from_secs(30), serving).await;
    stopped.expect("the server stops").unwrap().unwrap();
}
