//! The block `openstack`: a live OpenStack.
//!
//! Attributes carry the names of the provider that OpenStack's users know, environment variables
//! those of OpenStack's own tools; both mean the same.

use tokio_util::sync::CancellationToken;

use super::NOTES;
use super::block::SystemBlock;
use crate::backend::OpenStack;
use crate::backend::openstack::clouds::Places;
use crate::backend::openstack::settings::{SETTINGS, Settings, check, together};
use crate::backend::settings::Given;
use crate::provider::terraform::data_folder;
use crate::tf_provider::{Context, Diagnostic, Diagnostics, NestedBlock, Nesting, Value};

/// The block's name.
pub const NAME: &str = "openstack";

/// The block with its settings.
static BLOCK: SystemBlock = SystemBlock { name: NAME, table: &SETTINGS };

/// The block.
pub fn block() -> NestedBlock {
    let block = BLOCK.block(
        "A live OpenStack. Tap services, tap flows and tap mirrors live in its Neutron. What the block does not set, the \
         entry of `cloud` in `clouds.yaml` does, and then the environment.",
    );
    NestedBlock::new(NAME, Nesting::Single, block)
}

/// What is wrong with the block, as far as its values are known.
pub fn validate(config: &Value) -> Diagnostics {
    settings(config, CancellationToken::new()).err().map(Diagnostics::from).unwrap_or_default()
}

/// The OpenStack, in use.
pub fn open(cx: &Context, config: &Value) -> Result<OpenStack, Diagnostics> {
    let Some(settings) = settings(config, cx.cancelled.clone())? else {
        return Err(BLOCK.unknown(config.get(NAME), "auth_url").into());
    };
    OpenStack::open(settings).map_err(|failure| {
        Diagnostic::error("The endpoint cannot be used", failure.to_string()).at(BLOCK.at("auth_url")).into()
    })
}

/// What is set, checked; none while something that it takes is not known.
fn settings(config: &Value, cancelled: CancellationToken) -> Result<Option<Settings>, Diagnostic> {
    let block = config.get(NAME);
    let is_unknown = |name: &str| block.get(name).is_unknown();
    if is_unknown("cloud") {
        return Ok(None);
    }
    let environment = Given::of_the_environment(&SETTINGS).map_err(|wrong| BLOCK.of_variable(&wrong))?;
    let given = together(BLOCK.given(block), environment, &Places::usual());
    let checked = given.and_then(|given| check(&given, data_folder().join(NOTES), cancelled, &is_unknown));
    checked.map_err(|wrong| BLOCK.of_wrong(&wrong))
}
