//! The block `nsx`: a live endpoint.
//!
//! Attributes and environment variables carry the names of the provider that NSX users
//! know, and mean the same.

use tokio_util::sync::CancellationToken;

use super::NOTES;
use super::block::SystemBlock;
use crate::backend::Nsx;
use crate::backend::nsx::settings::{SETTINGS, Settings};
use crate::backend::settings::Given;
use crate::provider::terraform::data_folder;
use crate::tf_provider::{Context, Diagnostic, Diagnostics, NestedBlock, Nesting, Value};

/// The block's name.
pub const NAME: &str = "nsx";

/// The block with its settings.
static BLOCK: SystemBlock = SystemBlock { name: NAME, table: &SETTINGS };

/// The block.
pub fn block() -> NestedBlock {
    let block = BLOCK.block(
        "A live NSX, on premises or of VMware Cloud on AWS. Profiles, prefix lists, BGP neighbors, VPN sessions, local \
         endpoints, segments and ports live there. Simulated peers and flows do as well, if the endpoint is an engine that \
         `serve` has put there; beside a real NSX they need a block `embedded`.",
    );
    NestedBlock::new(NAME, Nesting::Single, block)
}

/// What is wrong with the block, as far as its values are known.
pub fn validate(config: &Value) -> Diagnostics {
    settings(config, CancellationToken::new()).err().map(Diagnostics::from).unwrap_or_default()
}

/// The endpoint, in use.
pub fn open(cx: &Context, config: &Value) -> Result<Nsx, Diagnostics> {
    let Some(settings) = settings(config, cx.cancelled.clone())? else {
        return Err(BLOCK.unknown(config.get(NAME), "host").into());
    };
    Nsx::open(settings).map_err(|failure| {
        Diagnostic::error("The endpoint cannot be used", failure.to_string()).at(BLOCK.at("host")).into()
    })
}

/// What is set, checked; none while something that it takes is not known.
fn settings(config: &Value, cancelled: CancellationToken) -> Result<Option<Settings>, Diagnostic> {
    let block = config.get(NAME);
    let environment = Given::of_the_environment(&SETTINGS).map_err(|wrong| BLOCK.of_variable(&wrong))?;
    let given = BLOCK.given(block).or(environment);
    let is_unknown = |name: &str| block.get(name).is_unknown();
    given.check(data_folder().join(NOTES), cancelled, &is_unknown).map_err(|wrong| BLOCK.of_wrong(&wrong))
}
