//! Compiles the wire contracts in `proto/` with protox, so that no `protoc` is
//! needed on the machine.

use std::error::Error;

/// What this program serves. Clients are made as well, for the tests.
const SERVED: [&str; 3] = ["proto/tfplugin5.proto", "proto/grpc_controller.proto", "proto/health.proto"];
/// What it calls.
const CALLED: [&str; 2] = ["proto/etcd/kv.proto", "proto/etcd/rpc.proto"];

fn main() -> Result<(), Box<dyn Error>> {
    for file in SERVED.iter().chain(&CALLED) {
        println!("cargo:rerun-if-changed={file}");
    }
    tonic_prost_build::configure().build_client(true).compile_fds(protox::compile(SERVED, ["proto"])?)?;
    tonic_prost_build::configure().build_server(false).compile_fds(protox::compile(CALLED, ["proto"])?)?;
    Ok(())
}
