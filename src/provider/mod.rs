//! The Terraform face of the model: the provider block, and a resource and a data
//! source for every kind of object.
//!
//! | module | what it holds |
//! |---|---|
//! | [`face`], [`resources`] | what a kind of object has in Terraform beyond the model's fields, one file each |
//! | [`schema`], [`convert`] | schemas and values, made of the model's declarations |
//! | `resource`, `data_source` | what each operation does, the same for every kind |
//! | [`query`] | data sources that ask how things run |
//! | `merge` | two people changed one object |
//! | `run` | what one run of Terraform is about to do |
//! | `notes` | what a plan tells its apply beside the plan |
//! | `claims` | which objects Terraform may not know of, because a run was killed |
//! | `terraform` | the Terraform that started this process, and where it keeps its state |
//! | [`identify`] | import ids and parent paths |
//! | `messages` | from problems and refusals to diagnostics |

pub mod face;
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
mod terraform;

use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;

use crate::backend::Embedded;
use crate::engine::prefix_filter::PrefixMatch;
use crate::tf_provider::{
    Attribute, Block, Context, DataSource, Diagnostic, Diagnostics, NestedBlock, Nesting, Path, Provider, Resource,
    Schema, Type, Value,
};
use shared::Shared;

/// The provider's address in the registry.
pub const ADDRESS: &str = "registry.terraform.io/terraform-provider-vpn/vpn";

/// The engine file where the user names none.
pub const DEFAULT_ENGINE_FILE: &str = "vpn-engine.db";

/// The environment variable that names the engine file.
pub const ENGINE_FILE_VARIABLE: &str = "VPN_EMBEDDED_PATH";

/// The environment variable that says how the bounds of prefix lists are read.
pub const PREFIX_MATCH_VARIABLE: &str = "VPN_EMBEDDED_PREFIX_MATCH";

/// The provider.
#[derive(Default)]
pub struct VpnProvider {
    shared: Arc<Shared>,
}

#[async_trait]
impl Provider for VpnProvider {
    fn schema(&self) -> Schema {
        let path = Attribute::optional(
            "path",
            Type::String,
            format!(
                "The engine's file; created when there is none. Several Terraform processes can share it. It holds keys \
                 and passwords, and only its owner can read it. A `~` at the beginning is refused, because Terraform leaves it \
                 as it is: write `pathexpand(\"~/vpn-engine.db\")`. Default: the environment variable \
                 `{ENGINE_FILE_VARIABLE}`, or `{DEFAULT_ENGINE_FILE}` in the working directory."
            ),
        );
        let prefix_match = Attribute::optional("prefix_match", Type::String, prefix_match_doc());
        let embedded = Block::new("The embedded engine: everything works on this machine, with no infrastructure.")
            .with(path)
            .with(prefix_match);
        let block = Block::new(
            "Declares IPSec VPNs as NSX-T and VMware Cloud on AWS have them: profiles, route-based and policy-based \
             sessions, BGP neighbors, prefix lists, segments and their ports.\n\nThe objects live on an embedded engine, \
             in one file on this machine. It keeps and checks them as the API does, so that a VPN can be planned, \
             applied, changed, imported and destroyed with no infrastructure at all. Values and combinations that \
             cannot work are refused by `terraform plan`, which names the attribute.",
        )
        .with_block(NestedBlock::new("embedded", Nesting::Single, embedded));
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

    async fn validate(&self, _cx: &Context, config: &Value) -> Diagnostics {
        if let Err(diagnostic) = prefix_match(config) {
            return diagnostic.into();
        }
        match config.get("embedded").get("path").as_str() {
            Some("") => Diagnostic::error("The engine's file has no name", "Give a path, or leave `path` out.")
                .at(engine_path())
                .into(),
            Some(path) if begins_with_a_tilde(path.as_ref()) => tilde_in_configuration(path).into(),
            _ => Diagnostics::none(),
        }
    }

    async fn configure(&self, _cx: &Context, config: &Value) -> Diagnostics {
        let path = config.get("embedded").get("path");
        if path.is_unknown() {
            let detail = "The path of the engine's file is known only after apply. Give it a value that is known while \
                          planning.";
            return Diagnostic::error("The engine's file is not known yet", detail).at(engine_path()).into();
        }
        let set = std::env::var_os(ENGINE_FILE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
        let file = match (path.as_str(), set) {
            (Some(path), _) if begins_with_a_tilde(path.as_ref()) => return tilde_in_configuration(path).into(),
            (Some(path), _) => PathBuf::from(path),
            (None, Some(path)) if begins_with_a_tilde(&path) => return tilde_in_variable(&path).into(),
            (None, Some(path)) => path,
            (None, None) => PathBuf::from(DEFAULT_ENGINE_FILE),
        };
        let mode = match prefix_match(config) {
            Ok(mode) => mode,
            Err(diagnostic) => return diagnostic.into(),
        };
        let opened = tokio::task::spawn_blocking(move || Embedded::open(&file, mode)).await;
        match opened {
            Ok(Ok(engine)) => match self.shared.connect(Arc::new(engine)).await {
                Ok(()) => Diagnostics::none(),
                Err(error) => {
                    Diagnostic::error("The engine's file cannot be used", error.to_string()).at(engine_path()).into()
                }
            },
            Ok(Err(error)) => Diagnostic::error("The engine's file cannot be used", messages::of_store(&error))
                .at(engine_path())
                .into(),
            Err(_) => Diagnostic::error("The engine's file cannot be used", "Opening it ended early.").into(),
        }
    }

    async fn dismissed(&self, was_stopped: bool) {
        if let Ok(connection) = self.shared.connection() {
            connection.farewell(was_stopped).await;
        }
    }
}

/// How the bounds of prefix lists are read: as the provider block says, or the
/// environment, or as routers do.
fn prefix_match(config: &Value) -> Result<PrefixMatch, Diagnostic> {
    let given = config.get("embedded").get("prefix_match");
    let at = Path::attribute("embedded").child("prefix_match");
    let set = std::env::var(PREFIX_MATCH_VARIABLE).ok().filter(|word| !word.is_empty());
    let (word, from) = match (given.as_str(), set) {
        _ if given.is_unknown() => return Ok(PrefixMatch::default()),
        (Some(word), _) => (word.to_owned(), "prefix_match"),
        (None, Some(word)) => (word, PREFIX_MATCH_VARIABLE),
        (None, None) => return Ok(PrefixMatch::default()),
    };
    PrefixMatch::parse(&word).ok_or_else(|| {
        let detail = format!("It is {}.", PrefixMatch::WORDS.list());
        Diagnostic::error(format!("{from} cannot be {word:?}"), detail).at(at)
    })
}

fn prefix_match_doc() -> String {
    let words = PrefixMatch::WORDS.words.iter().map(|word| format!("\n- `{}`: {}", word.name, word.doc.trim()));
    format!(
        "How `ge` and `le` of prefix lists are read. Routers and live NSX read them as lengths of masks; the tech reference \
         of VMware Cloud on AWS words them the other way round. Default: the environment variable \
         `{PREFIX_MATCH_VARIABLE}`, or `mask_length`.\n{}",
        words.collect::<String>()
    )
}

fn engine_path() -> Path {
    Path::attribute("embedded").child("path")
}

/// Whether somebody meant a home folder, which only a shell would put in.
fn begins_with_a_tilde(path: &FilePath) -> bool {
    path.as_os_str().as_encoded_bytes().starts_with(b"~")
}

fn tilde_in_configuration(path: &str) -> Diagnostic {
    let detail = format!(
        "{path} begins with ~, which Terraform does not expand. Write pathexpand({path:?}); for a file of that very name, \
         put ./ before it."
    );
    Diagnostic::error("The engine's file cannot be used", detail).at(engine_path())
}

fn tilde_in_variable(path: &FilePath) -> Diagnostic {
    let detail = format!(
        "The environment variable {ENGINE_FILE_VARIABLE} is {}, and ~ is not expanded in it. Use $HOME, or leave out the \
         quotes, so that the shell expands it; for a file of that very name, put ./ before it.",
        path.display()
    );
    Diagnostic::error("The engine's file cannot be used", detail)
}
