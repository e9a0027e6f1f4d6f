//! The block `netmaster`: a live NetMaster, whose packet traces are read.

use tokio_util::sync::CancellationToken;

use super::block::SystemBlock;
use crate::backend::NetMaster;
use crate::backend::netmaster::settings::{SETTINGS, Settings, check, together};
use crate::backend::settings::Given;
use crate::tf_provider::{Context, Diagnostic, Diagnostics, NestedBlock, Nesting, Value};

/// The block's name.
pub const NAME: &str = "netmaster";

/// The block with its settings.
static BLOCK: SystemBlock = SystemBlock { name: NAME, table: &SETTINGS };

/// The block.
pub fn block() -> NestedBlock {
    let block = BLOCK.block(
        "A live NetMaster. `vpn_packet_traces` and `vpn_packet_summary` read the packet traces of its SmartTrace. What the \
         block does not set, the environment does.",
    );
    NestedBlock::new(NAME, Nesting::Single, block)
}

/// What is wrong with the block, as far as its values are known.
pub fn validate(config: &Value) -> Diagnostics {
    settings(config, CancellationToken::new()).err().map(Diagnostics::from).unwrap_or_default()
}

/// The NetMaster, in use.
pub fn open(cx: &Context, config: &Value) -> Result<NetMaster, Diagnostics> {
    let Some(settings) = settings(config, cx.cancelled.clone())? else {
        return Err(BLOCK.unknown(config.get(NAME), "url").into());
    };
    NetMaster::open(settings).map_err(|failure| {
        Diagnostic::error("The endpoint cannot be used", failure.to_string()).at(BLOCK.at("url")).into()
    })
}

/// What is set, checked; none while something that it takes is not known.
fn settings(config: &Value, cancelled: CancellationToken) -> Result<Option<Settings>, Diagnostic> {
    let block = config.get(NAME);
    let environment = Given::of_the_environment(&SETTINGS).map_err(|wrong| BLOCK.of_variable(&wrong))?;
    let given = together(BLOCK.given(block), environment);
    let is_unknown = |name: &str| block.get(name).is_unknown();
    check(&given, cancelled, &is_unknown).map_err(|wrong| BLOCK.of_wrong(&wrong))
}
