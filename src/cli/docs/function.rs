//! The page of a function.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::page::{code, example_usage, front_matter};
use super::reference::type_name;
use super::{Error, Pages};
use crate::model::field::{Field, Record, Shape};
use crate::model::{Presence, kind_of_record};
use crate::provider::functions::{DECLARATIONS, Declaration, argument_type};
use crate::provider::resources::FACES;
use crate::provider::schema::describe;
use crate::tf_provider::Type;

/// The folder of the pages and of the examples.
pub const FOLDER: &str = "functions";

/// The page of every function.
pub fn pages(examples: &Path) -> Result<Pages, Error> {
    DECLARATIONS.iter().map(|function| Ok((page_of(function), page(function, examples)?))).collect()
}

/// The section of the provider's page that lists them.
pub fn list() -> String {
    let mut text = "\n### Functions\n\nTerraform 1.8 and later, and OpenTofu 1.7 and later, call them as \
                    `provider::vpn::NAME(…)`. They give what the engine computes, and need no configured provider.\n\n"
        .to_owned();
    for function in DECLARATIONS {
        let _ = writeln!(text, "- [`{}`]({}): {}.", function.name, page_of(function).display(), function.summary);
    }
    text
}

/// Where the page of a function lies.
fn page_of(function: &Declaration) -> PathBuf {
    Path::new(FOLDER).join(format!("{}.md", function.name))
}

fn page(function: &Declaration, examples: &Path) -> Result<String, Error> {
    let mut page = front_matter(&format!("{} function - vpn", function.name), "", function.summary);
    let _ = write!(page, "# function: {}\n\n{}\n\n", function.name, function.doc);
    page += &example_usage(&examples.join(FOLDER).join(function.name))?;
    let _ = write!(page, "## Signature\n\n{}", code("text", &signature(function)));
    page += "## Arguments\n\n";
    for field in function.arguments.fields {
        let optional = if field.presence == Presence::Required { "" } else { "Variadic, Nullable, " };
        let ty = type_name(&argument_type(field));
        let once = if optional.is_empty() { "" } else { " It can be left out, and is given once at most." };
        let text = indented(&(first_paragraph(&describe(field, true)) + once), &describe(field, true));
        let _ = writeln!(page, "1. `{}` ({optional}{ty}) {text}", field.name);
        page += &attributes(&field.shape, true, 1);
    }
    if function.answer.record().is_some() {
        let what = match function.answer {
            Shape::Record(_) => "An object",
            _ => "A list of objects",
        };
        let _ = write!(page, "\n## Answer\n\n{what} with the attributes\n\n{}", attributes(&function.answer, false, 0));
    }
    Ok(page)
}

/// `tunnel_pair(network string) object`, as the registry writes it.
fn signature(function: &Declaration) -> String {
    let argument = |field: &Field| format!("{} {}", field.name, word(&argument_type(field)));
    let required = function.required().map(argument);
    let optional = function.optional().map(|field| format!("{}...", argument(field)));
    let arguments: Vec<_> = required.chain(optional).collect();
    format!("{}({}) {}", function.name, arguments.join(", "), word(&function.returns()))
}

/// A type in the words of a signature.
fn word(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool".to_owned(),
        Type::Number => "number".to_owned(),
        Type::String => "string".to_owned(),
        Type::Dynamic => "dynamic".to_owned(),
        Type::List(element) => format!("list of {}", word(element)),
        Type::Set(element) => format!("set of {}", word(element)),
        Type::Map(element) => format!("map of {}", word(element)),
        Type::Object(_) => "object".to_owned(),
        Type::Tuple(_) => "tuple".to_owned(),
    }
}

/// The attributes of the objects that a shape holds, as a list at this depth. Those of a whole
/// resource stand on its page.
fn attributes(shape: &Shape, as_input: bool, depth: usize) -> String {
    let Some(record) = shape.record() else { return String::new() };
    let indent = "   ".repeat(depth);
    if let Some(page) = resource_page(record) {
        return format!("{indent}- its attributes, except for the computed ones: see [`{}`](../{})\n", page.0, page.1);
    }
    let shown = record.fields.iter().filter(|field| !field.is_hidden() && field.is_configurable());
    let mut text = String::new();
    for field in shown {
        let ty = match field.shape.record() {
            Some(_) => "Object".to_owned(),
            None => type_name(&argument_type(field)),
        };
        let whether = match field.presence {
            Presence::Required if as_input => "Required, ",
            _ => "",
        };
        let described = describe(field, as_input);
        let body = indented(&first_paragraph(&described), &described).replace('\n', &format!("\n{indent}"));
        let _ = writeln!(text, "{indent}- `{}` ({whether}{ty}) {body}", field.hcl_name());
        text += &attributes(&field.shape, as_input, depth + 1);
    }
    text
}

/// The resource whose own attributes `record` declares, and its page.
fn resource_page(record: &'static Record) -> Option<(String, String)> {
    let kind = kind_of_record(record)?;
    let face = FACES.iter().find(|face| face.kind == kind)?;
    Some((face.type_name(), format!("resources/{}.md", kind.name)))
}

fn first_paragraph(text: &str) -> String {
    text.split("\n\n").next().unwrap_or_default().split("\n- ").next().unwrap_or_default().trim_end().to_owned()
}

/// `first` instead of the first paragraph of `text`; what follows is indented, to belong to the
/// same element of a list.
fn indented(first: &str, text: &str) -> String {
    let rest = text.strip_prefix(&first_paragraph(text)).unwrap_or_default();
    let lines = rest.lines().filter(|line| !line.is_empty());
    lines.fold(first.to_owned(), |text, line| text + "\n   " + line)
}
