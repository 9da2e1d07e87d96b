//! `tidegate` and a store, run as people run them, on a real ClickHouse engine.

mod broken;
mod engine;
mod ingest;
mod refused;
mod schema;
mod secure;
