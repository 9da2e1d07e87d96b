//! `tidegate` and a store, run as people run them, on a real ClickHouse engine.

mod broken;
mod compare;
mod engine;
mod features;
mod ingest;
mod night;
mod read;
mod refused;
mod schema;
mod secure;
mod truth;
