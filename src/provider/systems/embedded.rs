//! The block `embedded`: the engine in a file of this machine.

use std::env;
use std::path::{Path as FilePath, PathBuf};

use crate::backend::Embedded;
use crate::engine::prefix_filter::PrefixMatch;
use crate::engine::taps::Quotas;
use crate::provider::messages;
use crate::tf_provider::{Attribute, Block, Diagnostic, Diagnostics, NestedBlock, Nesting, Path, Type, Value};

/// The engine file where the user names none.
pub const DEFAULT_ENGINE_FILE: &str = "vpn-engine.db";

/// The environment variable that names the engine file.
pub const ENGINE_FILE_VARIABLE: &str = "VPN_EMBEDDED_PATH";

/// The environment variable that says how the bounds of prefix lists are read.
pub const PREFIX_MATCH_VARIABLE: &str = "VPN_EMBEDDED_PREFIX_MATCH";

/// The block's name.
pub const NAME: &str = "embedded";

/// The block.
pub fn block() -> NestedBlock {
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
    let block = Block::new("The embedded engine: everything works on this machine, with no infrastructure.")
        .with(path)
        .with(prefix_match);
    let block = QUOTAS.into_iter().fold(block, |block, (name, what, usual)| {
        let doc = format!(
            "The most {what} that a project may have, to try what happens at the limit. Neutron's own is {usual}; a \
             negative number, as here by default, is no limit. An apply that goes beyond it is refused."
        );
        block.with(Attribute::optional(name, Type::Number, doc))
    });
    NestedBlock::new(NAME, Nesting::Single, block)
}

/// The attributes of quotas, in the names of Neutron's settings: what they limit, and what they are
/// in Neutron unless they are set.
const QUOTAS: [(&str, &str, i64); 2] = [("quota_tap_service", "tap services", 1), ("quota_tap_flow", "tap flows", 10)];

/// How many taps a project may have.
fn quotas(config: &Value) -> Result<Quotas, Diagnostic> {
    let quota = |(name, ..): (&str, &str, i64)| {
        let given = config.get(NAME).get(name);
        if given.is_null() || given.is_unknown() {
            return Ok(-1);
        }
        given.as_i64().ok_or_else(|| {
            let detail = "Give a whole number; a negative one is no limit.";
            Diagnostic::error(format!("{name} is no whole number"), detail).at(Path::attribute(NAME).child(name))
        })
    };
    let [services, flows] = QUOTAS.map(quota);
    Ok(Quotas::of_settings(services?, flows?))
}

/// What is wrong with the block.
pub fn validate(config: &Value) -> Diagnostics {
    if let Err(diagnostic) = prefix_match(config).map(drop).and_then(|()| quotas(config).map(drop)) {
        return diagnostic.into();
    }
    match config.get(NAME).get("path").as_str() {
        Some("") => Diagnostic::error("The engine's file has no name", "Give a path, or leave `path` out.")
            .at(engine_path())
            .into(),
        Some(path) if begins_with_a_tilde(path.as_ref()) => tilde_in_configuration(path).into(),
        _ => Diagnostics::none(),
    }
}

/// Opens the engine's file.
pub async fn open(config: &Value) -> Result<Embedded, Diagnostics> {
    let path = config.get(NAME).get("path");
    if path.is_unknown() {
        let detail = "The path of the engine's file is known only after apply. Give it a value that is known while \
                      planning.";
        return Err(Diagnostic::error("The engine's file is not known yet", detail).at(engine_path()).into());
    }
    let set = env::var_os(ENGINE_FILE_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    let file = match (path.as_str(), set) {
        (Some(path), _) if begins_with_a_tilde(path.as_ref()) => return Err(tilde_in_configuration(path).into()),
        (Some(path), _) => PathBuf::from(path),
        (None, Some(path)) if begins_with_a_tilde(&path) => return Err(tilde_in_variable(&path).into()),
        (None, Some(path)) => path,
        (None, None) => PathBuf::from(DEFAULT_ENGINE_FILE),
    };
    let (mode, quotas) = (prefix_match(config)?, quotas(config)?);
    let failed = |detail: String| Diagnostic::error("The engine's file cannot be used", detail);
    match tokio::task::spawn_blocking(move || Embedded::open(&file, mode)).await {
        Ok(Ok(engine)) => Ok(engine.with_quotas(quotas)),
        Ok(Err(error)) => Err(failed(messages::of_store(&error)).at(engine_path()).into()),
        Err(_) => Err(failed("Opening it ended early.".to_owned()).into()),
    }
}

/// How the bounds of prefix lists are read: as the provider block says, or the
/// environment, or as routers do.
fn prefix_match(config: &Value) -> Result<PrefixMatch, Diagnostic> {
    let given = config.get(NAME).get("prefix_match");
    let at = Path::attribute(NAME).child("prefix_match");
    let set = env::var(PREFIX_MATCH_VARIABLE).ok().filter(|word| !word.is_empty());
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

/// Where the engine's file is named.
pub fn engine_path() -> Path {
    Path::attribute(NAME).child("path")
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
