//! Origin shielding through the real module, on two POPs: one that clients come
//! to, and the shield POP that it asks, to which clients come as well.
//!
//! On Fastly the way between them is encrypted, and Fastly's cache is on both.

mod site;

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use hyper::service::{make_service_fn, service_fn};
use hyper::{Body, Request, Server};
use site::{CLIENT, NOON, RULES, Site, THROTTLED};
use tidegate_local::{Shield, runtime};

const SECRET: &str = "what both POPs know";
const PROOF: &str = "x-tidegate-shield";
/// The address that the POP has to the shield POP.
const POP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 1));

/// A POP; with `at`, one that asks the shield POP there.
async fn pop(secret: Option<&str>, at: Option<String>) -> Site {
    let shield = Shield { pop: "pop".to_owned(), secret: secret.map(str::to_owned), at };
    let site = Site::built(|builder| builder.shield(shield)).await;
    site.stores.set_shield(Some("pop")).unwrap();
    site.publish(RULES);
    site
}

/// Puts a POP on a port, where all that comes comes from the other POP.
fn listen(site: &Arc<Site>) -> String {
    let site = Arc::clone(site);
    let connection = make_service_fn(move |_| {
        let site = Arc::clone(&site);
        let request = service_fn(move |request| {
            let site = Arc::clone(&site);
            async move {
                let answer = runtime::read(site.runtime.request(request, POP).await.unwrap()).await;
                Ok::<_, Infallible>(answer.unwrap().map(Body::from))
            }
        });
        async move { Ok::<_, Infallible>(request) }
    });
    let server = Server::bind(&([127, 0, 0, 1], 0).into()).serve(connection);
    let url = format!("http://{}", server.local_addr());
    tokio::spawn(server);
    url
}

/// Both: the one that clients come to, and the shield POP.
async fn pops(secret: Option<&str>) -> (Site, Arc<Site>) {
    let shield = Arc::new(pop(secret, None).await);
    let edge = pop(Some(SECRET), Some(listen(&shield))).await;
    (edge, shield)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_inspected_once_where_its_client_is() {
    let (edge, shield) = pops(Some(SECRET)).await;
    assert_eq!(edge.burst(&[]).await, THROTTLED);
    assert_eq!(edge.recorded().await.len(), THROTTLED.len());
    assert_eq!(shield.recorded().await.len(), 0, "nobody came there");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_to_the_shield_is_a_client() {
    let (_, shield) = pops(Some(SECRET)).await;
    assert_eq!(shield.burst(&[]).await, THROTTLED);
    assert_eq!(shield.recorded().await.len(), THROTTLED.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guess_at_the_secret_is_inspected_and_goes_no_further() {
    let (edge, shield) = pops(Some(SECRET)).await;
    let guesses = ["", "what both POPs kno", "what both POPs know.", "WHAT BOTH POPS KNOW", SECRET];
    for (minute, guess) in (0..).zip(guesses) {
        let now = (NOON + minute * 60_000).to_string();
        let headers = [(PROOF, guess), ("x-tidegate-door-now", now.as_str())];
        for pop in [&edge, &*shield] {
            let answer = pop.send("/builds/1", &headers).await;
            assert_eq!(answer.status(), 200);
            assert!(!String::from_utf8_lossy(answer.body()).contains(PROOF), "{guess}");
        }
        assert_eq!(edge.recorded().await.len(), 1, "its own client, whatever it says");
        let at_shield = usize::from(guess != SECRET);
        assert_eq!(shield.recorded().await.len(), at_shield, "{guess}");
    }
}

/// Bytes that are no text, from anybody, at either POP.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_that_nobody_can_read_is_a_wrong_one() {
    let (edge, shield) = pops(Some(SECRET)).await;
    for pop in [&edge, &*shield] {
        let request = Request::builder()
            .uri("http://docs.rs/builds/1")
            .header("x-tidegate-door-now", NOON.to_string())
            .header(PROOF, &b"\xff"[..])
            .body(Body::empty());
        assert_eq!(pop.answer(request.unwrap()).await.status(), 200);
    }
    assert_eq!(edge.recorded().await.len(), 1);
    assert_eq!(shield.recorded().await.len(), 1, "its own client's");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_line_is_no_part_of_a_secret() {
    let shield = Arc::new(pop(Some(SECRET), None).await);
    let stored = format!("{SECRET}\n");
    let edge = pop(Some(&stored), Some(listen(&shield))).await;
    assert_eq!(edge.burst(&[]).await, THROTTLED);
    assert_eq!(shield.recorded().await.len(), 0, "inspected where the client is");
}

/// Then every POP asks the origin by itself.
#[tokio::test(flavor = "multi_thread")]
async fn a_secret_that_no_header_carries_is_said_and_is_none() {
    let shield = Arc::new(pop(Some(SECRET), None).await);
    for secret in ["two\nlines", " "] {
        let edge = pop(Some(secret), Some(listen(&shield))).await;
        assert_eq!(edge.burst(&[]).await, THROTTLED);
        assert!(edge.note().await.starts_with("shield: "), "{secret:?}");
        assert_eq!(shield.recorded().await.len(), 0, "it was not asked");
    }
}

/// A page that the shield POP has is charged, since nobody knows before, and given
/// back: a budget of three pages is enough for any number.
#[tokio::test(flavor = "multi_thread")]
async fn what_the_shield_has_is_given_back() {
    let (edge, shield) = pops(Some(SECRET)).await;
    for page in 0..20 {
        let cold = page.to_string();
        let cold = [("x-tidegate-door-cache", cold.as_str())];
        assert_eq!(edge.send("/page", &cold).await.status(), 200);
    }
    let told = edge.recorded().await;
    let told: Vec<_> = told.iter().map(|line| line.contains("\"shield-hit\"")).collect();
    assert_eq!(told, [&[false][..], &[true; 19]].concat());
    assert_eq!(shield.recorded().await.len(), 0);
}

/// Then the shield POP inspects what comes from there as that POP's, and every
/// POP's clients share one budget at the shield: `docs/deploy.md` says to change
/// secrets in shadow.
#[tokio::test(flavor = "multi_thread")]
async fn without_the_secret_the_shield_takes_a_pop_for_a_client() {
    let (edge, shield) = pops(None).await;
    assert_eq!(edge.send("/builds/1", &[]).await.status(), 200);
    assert_eq!(edge.recorded().await.len(), 1);
    assert_eq!(shield.recorded().await.len(), 1);
    assert_eq!(shield.send_from(CLIENT, "/builds/1", &[]).await.status(), 200);
}
