//! The block `compute_agent`: a live compute agent.

use tokio_util::sync::CancellationToken;

use super::NOTES;
use super::block::SystemBlock;
use crate::backend::ComputeAgent;
use crate::backend::compute_agent::settings::{SETTINGS, Settings, check};
use crate::backend::settings::Given;
use crate::provider::terraform::data_folder;
use crate::tf_provider::{Context, Diagnostic, Diagnostics, NestedBlock, Nesting, Value};

/// The block's name.
pub const NAME: &str = "compute_agent";

/// The block with its settings.
static BLOCK: SystemBlock = SystemBlock { name: NAME, table: &SETTINGS };

/// The block.
pub fn block() -> NestedBlock {
    let block = BLOCK.block(
        "A live compute agent of Juniper Cloud Analytics Engine, or an engine that `serve` has put there. Flow traces and \
         tunnel traces live there.",
    );
    NestedBlock::new(NAME, Nesting::Single, block)
}

/// What is wrong with the block, as far as its values are known.
pub fn validate(config: &Value) -> Diagnostics {
    settings(config, CancellationToken::new()).err().map(Diagnostics::from).unwrap_or_default()
}

/// The agent, in use.
pub fn open(cx: &Context, config: &Value) -> Result<ComputeAgent, Diagnostics> {
    let Some(settings) = settings(config, cx.cancelled.clone())? else {
        return Err(BLOCK.unknown(config.get(NAME), "url").into());
    };
    ComputeAgent::open(settings).map_err(|failure| {
        Diagnostic::error("The endpoint cannot be used", failure.to_string()).at(BLOCK.at("url")).into()
    })
}

/// What is set, checked; none while something that it takes is not known.
fn settings(config: &Value, cancelled: CancellationToken) -> Result<Option<Settings>, Diagnostic> {
    let block = config.get(NAME);
    let environment = Given::of_the_environment(&SETTINGS).map_err(|wrong| BLOCK.of_variable(&wrong))?;
    let is_unknown = |name: &str| block.get(name).is_unknown();
    let checked = check(&BLOCK.given(block), &environment, data_folder().join(NOTES), cancelled, &is_unknown);
    checked.map_err(|wrong| BLOCK.of_wrong(&wrong))
}
