//! The short form of the soak: every fault once, within twenty seconds.

use tidegate_bench::soak::{Options, soak};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_refused_wrongly_and_no_record_is_lost() {
    let options = Options { minutes: 0, seconds: Some(20), rate: 600 };
    let figures = soak(&options).await.unwrap_or_else(|error| panic!("{error:#}"));
    assert_eq!(figures.examples, [""; 0], "{}", figures.told());
}
