//! Compiles the wire contracts in `proto/` with protox, so that no `protoc` is
//! needed on the machine.

use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let files = ["proto/tfplugin5.proto", "proto/grpc_controller.proto", "proto/health.proto"];
    for file in files {
        println!("cargo:rerun-if-changed={file}");
    }
    tonic_prost_build::configure().build_client(true).compile_fds(protox::compile(files, ["proto"])?)?;
    Ok(())
}
