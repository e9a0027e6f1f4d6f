//! The block `nsx`: a live endpoint.
//!
//! Attributes and environment variables carry the names of the provider that NSX users
//! know, and mean the same.

use tokio_util::sync::CancellationToken;

use crate::backend::Nsx;
use crate::backend::nsx::settings::{Given, SETTINGS, Setting, Settings, Takes, Wrong};
use crate::provider::terraform::data_folder;
use crate::tf_provider::{Attribute, Block, Context, Diagnostic, Diagnostics, NestedBlock, Nesting, Path, Type, Value};

/// The block's name.
pub const NAME: &str = "nsx";

/// Where notes lie below Terraform's data folder.
const NOTES: &str = "vpn";

/// The block.
pub fn block() -> NestedBlock {
    let block = Block::new(
        "A live NSX, on premises or of VMware Cloud on AWS. Profiles, prefix lists, BGP neighbors, VPN sessions, local \
         endpoints, segments and ports live there. Simulated peers and flows do as well, if the endpoint is an engine that \
         `serve` has put there; beside a real NSX they need a block `embedded`.",
    );
    let block = SETTINGS.iter().fold(block, |block, setting| block.with(attribute(setting)));
    NestedBlock::new(NAME, Nesting::Single, block)
}

fn attribute(setting: &Setting) -> Attribute {
    let ty = match setting.takes {
        Takes::Text | Takes::Credential | Takes::Secret => Type::String,
        Takes::Flag => Type::Bool,
        Takes::Number => Type::Number,
        Takes::Numbers => Type::list(Type::Number),
    };
    let doc = match setting.variable {
        Some(variable) => format!("{} Environment variable: `{variable}`.", setting.doc),
        None => setting.doc.to_owned(),
    };
    let attribute = Attribute::optional(setting.name, ty, doc);
    if setting.takes == Takes::Secret { attribute.sensitive() } else { attribute }
}

/// What is wrong with the block, as far as its values are known.
pub fn validate(config: &Value) -> Diagnostics {
    settings(config, CancellationToken::new()).err().map(Diagnostics::from).unwrap_or_default()
}

/// The endpoint, in use.
pub fn open(cx: &Context, config: &Value) -> Result<Nsx, Diagnostics> {
    let Some(settings) = settings(config, cx.cancelled.clone())? else {
        let block = config.get(NAME);
        let unknown = SETTINGS.iter().find(|setting| block.get(setting.name).is_unknown());
        let name = unknown.map_or("host", |setting| setting.name);
        let detail = format!(
            "{name} is known only after apply. Give it a value that is known while planning: apply what it comes from \
             first, in a configuration of its own or with -target."
        );
        return Err(Diagnostic::error("The endpoint is not known yet", detail).at(at(name)).into());
    };
    Nsx::open(settings)
        .map_err(|failure| Diagnostic::error("The endpoint cannot be used", failure.to_string()).at(at("host")).into())
}

/// What is set, checked; none while something that it takes is not known.
fn settings(config: &Value, cancelled: CancellationToken) -> Result<Option<Settings>, Diagnostic> {
    let block = config.get(NAME);
    let environment = Given::of_the_environment().map_err(|wrong| of_variable(&wrong))?;
    let given = in_block(block).or(environment);
    let is_unknown = |name: &str| block.get(name).is_unknown();
    given.check(data_folder().join(NOTES), cancelled, &is_unknown).map_err(|wrong| of_wrong(&wrong))
}

fn of_wrong(wrong: &Wrong) -> Diagnostic {
    // Terraform prints the line it is pointed at.
    let is_secret = SETTINGS.iter().any(|setting| setting.name == wrong.attribute && setting.takes == Takes::Secret);
    let diagnostic = Diagnostic::error(wrong.what.clone(), wrong.hint.clone());
    diagnostic.at(if is_secret { Path::attribute(NAME) } else { at(wrong.attribute) })
}

/// The block need not say anything of what a variable says.
fn of_variable(wrong: &Wrong) -> Diagnostic {
    Diagnostic::error(wrong.what.clone(), wrong.hint.clone()).at(Path::attribute(NAME))
}

fn at(attribute: &str) -> Path {
    Path::attribute(NAME).child(attribute)
}

fn in_block(block: &Value) -> Given {
    let mut given = Given::default();
    for Setting { name, takes, .. } in &SETTINGS {
        let value = block.get(name);
        match takes {
            Takes::Text | Takes::Credential | Takes::Secret => {
                given.texts.extend(value.as_str().map(|text| (*name, text.to_owned())));
            }
            Takes::Flag => given.flags.extend(value.as_bool().map(|flag| (*name, flag))),
            // What is no whole number, or too large, is out of any range.
            Takes::Number => given.numbers.extend(value.as_number().map(|n| (*name, n.as_i64().unwrap_or(i64::MIN)))),
            Takes::Numbers if value.is_null() || value.is_unknown() => {}
            Takes::Numbers => {
                let numbers = value.elements().map(|number| number.as_i64().unwrap_or(i64::MIN));
                given.retry_on_status_codes = Some(numbers.collect());
            }
        }
    }
    given
}
