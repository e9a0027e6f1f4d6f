//! The Terraform face of the model: the provider block, a resource and a data
//! source for every kind of object, and functions.
//!
//! | module | what it holds |
//! |---|---|
//! | `systems` | the provider block: on which systems objects live |
//! | [`face`], [`resources`] | what a kind of object has in Terraform beyond the model's fields, one file each |
//! | [`schema`], [`convert`] | schemas and values, made of the model's declarations |
//! | `resource`, `data_source` | what each operation does, the same for every kind |
//! | [`query`] | data sources that ask how things run |
//! | [`functions`] | functions that give what the engine computes |
//! | `merge` | two people changed one object |
//! | `run` | what one run of Terraform is about to do |
//! | `notes` | what a plan tells its apply beside the plan |
//! | `claims` | which objects Terraform may not know of, because a run was killed |
//! | `terraform` | the Terraform that started this process, and where it keeps its state |
//! | [`identify`] | import ids and parent paths |
//! | `messages` | from problems and refusals to diagnostics |

pub mod face;
pub mod functions;
pub mod identify;
pub mod query;
pub mod resources;
pub mod schema;

mod claims;
mod convert;
mod data_source;
mod merge;
mod messages;
mod notes;

mod resource;
mod run;
mod shared;
mod systems;
mod terraform;

use std::sync::Arc;

use async_trait::async_trait;

pub use systems::embedded::{DEFAULT_ENGINE_FILE, ENGINE_FILE_VARIABLE, PREFIX_MATCH_VARIABLE};

use crate::tf_provider::{Block, Context, DataSource, Diagnostics, Function, Provider, Resource, Schema, Value};
use shared::Shared;

/// The provider's address in the registry.
pub const ADDRESS: &str = "registry.terraform.io/terraform-provider-vpn/vpn";

/// The provider.
#[derive(Default)]
pub struct VpnProvider {
    shared: Arc<Shared>,
}

#[async_trait]
impl Provider for VpnProvider {
    fn schema(&self) -> Schema {
        let block = Block::new(
            "Declares IPSec VPNs as NSX-T and VMware Cloud on AWS have them: profiles, route-based and policy-based \
             sessions, BGP neighbors, prefix lists, segments and their ports.\n\nThe objects live on an embedded engine, \
             in one file on this machine, or with a block `nsx` on a live NSX. The engine keeps and checks them as the API \
             does, so that a VPN can be planned, applied, changed, imported and destroyed with no infrastructure at all. Values and combinations that \
             cannot work are refused by `terraform plan`, which names the attribute.",
        );
        let block = systems::blocks().into_iter().fold(block, Block::with_block);
        Schema { version: 0, block }
    }

    fn resources(&self) -> Vec<Arc<dyn Resource>> {
        let resource =
            |face| -> Arc<dyn Resource> { Arc::new(resource::ObjectResource::new(face, self.shared.clone())) };
        resources::FACES.into_iter().map(resource).collect()
    }

    fn data_sources(&self) -> Vec<Arc<dyn DataSource>> {
        let source =
            |face| -> Arc<dyn DataSource> { Arc::new(data_source::ObjectDataSource::new(face, self.shared.clone())) };
        resources::FACES.into_iter().map(source).chain(query::sources(&self.shared)).collect()
    }

    fn functions(&self) -> Vec<Arc<dyn Function>> {
        functions::functions()
    }

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        systems::validate(config)
    }

    async fn configure(&self, cx: &Context, config: &Value) -> Diagnostics {
        let backend = match systems::open(cx, config).await {
            Ok(backend) => backend,
            Err(diagnostics) => return diagnostics,
        };
        match self.shared.connect(backend).await {
            Ok(()) => Diagnostics::none(),
            Err(error) => systems::unusable(config, &error).into(),
        }
    }

    async fn dismissed(&self, was_stopped: bool) {
        if let Ok(connection) = self.shared.connection() {
            connection.farewell(was_stopped).await;
        }
    }
}
