//! Limiters that are told the time admit what arithmetic says; servers are told
//! what they should be; a player says what was answered to whom.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{Ipv4Addr, TcpListener};
use std::thread;

use proptest::prelude::*;
use tidegate_bench_limiters::judge::Got;
use tidegate_bench_limiters::served::config::{Ports, haproxy, nginx};
use tidegate_bench_limiters::served::player::{Asking, play};
use tidegate_bench_limiters::simulated::{GOVERNOR, SIMULATED, Simulated, TIDEGATE, admitted_by};
use tidegate_bench_limiters::trace::{self, Arrival, Trace};
use tidegate_bench_limiters::{LIMIT, Limit};

fn simulated(name: &str) -> Simulated {
    SIMULATED.into_iter().find(|limiter| limiter.name == name).unwrap()
}

fn trace_named(name: &str) -> Trace {
    trace::all().into_iter().find(|trace| trace.name == name).unwrap()
}

fn got(limiter: &str, trace: &str) -> Got {
    simulated(limiter).play(LIMIT, &trace_named(trace)).unwrap()
}

/// 25 at once and 50 a second; everything else follows.
#[test]
fn a_bucket_admits_a_burst_and_then_the_rate() {
    let admitted = [
        ("below", 80),
        // A token every 20 ms, up to the last request at 1.99 s and 1.998 s.
        ("twice", 25 + 99),
        ("tenfold", 25 + 99),
        ("bursts", 4 * 25),
        // The first, then the burst and 198 ms of tokens.
        ("edge", 1 + 25 + 9),
        ("calm-after", 25 + 49 + 60),
        ("crowd", 25 + 74 + 39 * 15),
        ("idle", 1 + 25),
    ];
    for limiter in [TIDEGATE, GOVERNOR] {
        for (trace, admitted) in admitted {
            let got = got(limiter, trace);
            assert_eq!((got.admitted, got.ideal), (admitted, admitted), "{limiter}, {trace}");
            assert_eq!(got.same, 1.0, "{limiter}, {trace}");
            assert!(got.modest.is_none_or(|share| share == 1.0), "{limiter}, {trace}");
        }
    }
}

/// Counters over whole seconds let a second's worth through on each side of a
/// second's end, and a penalty box keeps out whoever has come to reason.
#[test]
fn counters_forget_and_boxes_do_not() {
    let edge = got("tidegate-erl", "edge");
    assert_eq!((edge.admitted, edge.worst_second), (100, 1.98));
    let paced = got("tidegate-erl", "calm-after");
    assert_eq!((paced.modest, paced.recovered_ms), (Some(1.0), Some(27)));
    let boxed = got("fastly-erl", "calm-after");
    assert_eq!((boxed.admitted, boxed.modest, boxed.recovered_ms), (50, Some(0.0), None));
}

#[test]
fn threads_share_a_budget() {
    // At one moment there is the burst and no more.
    let admitted = |name, threads| admitted_by(name, LIMIT, threads, 2_000, 0).unwrap();
    assert_eq!([1, 8].map(|threads| admitted(GOVERNOR, threads)), [25, 25]);
    assert_eq!(admitted(TIDEGATE, 1), 25);
    // Nobody holds a lock, so units may be spent twice, and none is left unspent.
    assert!(admitted(TIDEGATE, 8) >= 25);
    let unknown = admitted_by("nginx", LIMIT, 1, 1, 1).unwrap_err();
    assert_eq!(unknown.to_string(), "no limiter `nginx` is asked by threads");
}

/// Requests in order, each after a gap, of few keys.
fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let gap = prop_oneof![4 => 0_u64..3, 3 => 0_u64..60, 1 => 0_u64..5_000];
    prop::collection::vec((gap, 0_u32..3), 1..300).prop_map(|gaps| {
        let mut at_ms = 0;
        let later = |(gap, key)| {
            at_ms += gap;
            Arrival { at_ms, key, modest: false }
        };
        gaps.into_iter().map(later).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whatever arrives when: the engine's budgets and governor are the bucket.
    #[test]
    fn budgets_and_governor_are_an_exact_bucket(
        arrivals in arrivals(),
        per_second in prop_oneof![Just(1_u32), Just(8), Just(50), Just(500)],
        burst in 1_u32..40,
    ) {
        let trace = Trace { name: "any", told: "anything", arrivals };
        for limiter in [TIDEGATE, GOVERNOR] {
            let got = simulated(limiter).play(Limit { per_second, burst }, &trace).unwrap();
            prop_assert_eq!(got.same, 1.0, "{}: {:?}", limiter, got);
        }
    }
}

#[test]
fn servers_are_told_the_limit() {
    let ports = Ports { nginx: 8001, asked: 8002, passed: 8003 };
    insta::assert_snapshot!("nginx.conf", nginx(LIMIT, ports));
    insta::assert_snapshot!("haproxy.cfg", haproxy(LIMIT, ports));
}

/// A server that lets the keys through that end in an even digit.
fn serve(listener: &TcpListener, connections: usize) {
    for stream in listener.incoming().take(connections) {
        let stream = stream.unwrap();
        thread::spawn(move || {
            let mut out = stream.try_clone().unwrap();
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                let Some(key) = line.strip_prefix("x-key: ") else { continue };
                let even = key.ends_with(['0', '2', '4', '6', '8']);
                let status = if even { "200 OK" } else { "429 Too Many Requests" };
                write!(out, "HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok").unwrap();
            }
        });
    }
}

#[test]
fn a_player_says_what_was_answered_to_whom() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = thread::spawn(move || serve(&listener, 4));
    let arrivals: Vec<_> =
        (0..100).map(|n| Arrival { at_ms: u64::from(n / 50), key: n, modest: false }).collect();
    let asking = Asking { port, path: "/", tag: "test", connections: 4 };
    let told = play(asking, &arrivals).unwrap();
    server.join().unwrap();
    assert!(told.is_sorted_by_key(|told| told.sent_us));
    let mut keys: Vec<_> = told.iter().map(|told| told.arrival.key).collect();
    keys.sort_unstable();
    assert_eq!(keys, (0..100).collect::<Vec<_>>(), "each once");
    for told in told {
        assert_eq!(told.admitted, told.arrival.key % 2 == 0, "{told:?}");
        assert!(told.sent_us >= told.arrival.at_ms * 1_000, "not too early");
    }
}
