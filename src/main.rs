//! A plugin when Terraform starts it, a command-line tool otherwise.

use std::process::ExitCode;

fn main() -> ExitCode {
    terraform_provider_vpn::cli::run()
}
