//! The messages and the service of `proto/tfplugin5.proto`, as generated.
#![allow(
    dead_code,
    missing_docs,
    clippy::all,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

tonic::include_proto!("tfplugin5");
