//! Blocks of live systems, made of the tables of their settings.

use std::collections::BTreeMap;

use crate::backend::settings::{Given, Setting, Takes, Wrong};
use crate::tf_provider::{Attribute, Block, Diagnostic, Path, Type, Value};

/// A block of a live system.
pub struct SystemBlock {
    /// Its name.
    pub name: &'static str,
    /// Its settings.
    pub table: &'static [Setting],
}

impl SystemBlock {
    /// The block with an attribute for each setting.
    pub fn block(&self, doc: &str) -> Block {
        self.table.iter().fold(Block::new(doc), |block, setting| block.with(attribute(setting)))
    }

    /// What is set in `block`.
    pub fn given(&self, block: &Value) -> Given {
        let mut given = Given::default();
        for Setting { name, takes, .. } in self.table {
            let value = block.get(name);
            let is_set = !value.is_null() && !value.is_unknown();
            match takes {
                Takes::Text | Takes::Credential | Takes::Secret => {
                    given.texts.extend(value.as_str().map(|text| (*name, text.to_owned())));
                }
                Takes::Flag => given.flags.extend(value.as_bool().map(|flag| (*name, flag))),
                Takes::Number if is_set => drop(given.numbers.insert(name, whole(value))),
                Takes::Numbers if is_set => drop(given.lists.insert(name, value.elements().map(whole).collect())),
                Takes::Texts if is_set => drop(given.maps.insert(name, texts(value))),
                Takes::Number | Takes::Numbers | Takes::Texts => {}
            }
        }
        given
    }

    /// The attribute whose value is not known yet; `usual` if none can be told.
    pub fn unknown(&self, block: &Value, usual: &'static str) -> Diagnostic {
        let unknown = self.table.iter().find(|setting| block.get(setting.name).is_unknown());
        let name = unknown.map_or(usual, |setting| setting.name);
        let detail = format!(
            "{name} is known only after apply. Give it a value that is known while planning: apply what it comes from \
             first, in a configuration of its own or with -target."
        );
        Diagnostic::error("The endpoint is not known yet", detail).at(self.at(name))
    }

    /// A setting that is wrong.
    pub fn of_wrong(&self, wrong: &Wrong) -> Diagnostic {
        // Terraform prints the line it is pointed at.
        let is_secret =
            self.table.iter().any(|setting| setting.name == wrong.attribute && setting.takes == Takes::Secret);
        let diagnostic = Diagnostic::error(wrong.what.clone(), wrong.hint.clone());
        diagnostic.at(if is_secret { Path::attribute(self.name) } else { self.at(wrong.attribute) })
    }

    /// A variable that is wrong. The block need not say anything of what it says.
    pub fn of_variable(&self, wrong: &Wrong) -> Diagnostic {
        Diagnostic::error(wrong.what.clone(), wrong.hint.clone()).at(Path::attribute(self.name))
    }

    /// Where `attribute` stands.
    pub fn at(&self, attribute: &str) -> Path {
        Path::attribute(self.name).child(attribute)
    }
}

fn attribute(setting: &Setting) -> Attribute {
    let ty = match setting.takes {
        Takes::Text | Takes::Credential | Takes::Secret => Type::String,
        Takes::Flag => Type::Bool,
        Takes::Number => Type::Number,
        Takes::Numbers => Type::list(Type::Number),
        Takes::Texts => Type::map(Type::String),
    };
    let doc = match setting.variables {
        [] => setting.doc.to_owned(),
        [variable] => format!("{} Environment variable: `{variable}`.", setting.doc),
        several => format!("{} Environment variables: `{}`.", setting.doc, several.join("`, `")),
    };
    let attribute = Attribute::optional(setting.name, ty, doc);
    if setting.takes == Takes::Secret { attribute.sensitive() } else { attribute }
}

/// What is no whole number, or too large, is out of any range.
fn whole(value: &Value) -> i64 {
    value.as_i64().unwrap_or(i64::MIN)
}

fn texts(value: &Value) -> BTreeMap<String, String> {
    let entries = value.as_map().into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), value.as_str()?.to_owned()))).collect()
}
