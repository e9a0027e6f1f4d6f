//! What stands on which page.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::examples::{self, Import};
use super::reference::{self, Fields};
use super::{Error, Pages, function};
use crate::model::field::{Field, Shape};
use crate::model::reference::secrets;
use crate::model::result::Query;
use crate::provider::face::Face;
use crate::provider::{VpnProvider, identify, query, resources, schema};
use crate::tf_provider::{Provider, Schema};

/// The two kinds of things that have a page.
#[derive(Clone, Copy)]
enum Sort {
    Resource,
    DataSource,
}

impl Sort {
    /// Its name in a heading.
    fn title(self) -> &'static str {
        match self {
            Self::Resource => "Resource",
            Self::DataSource => "Data Source",
        }
    }

    /// The folder of its pages and of its examples.
    fn folder(self) -> &'static str {
        match self {
            Self::Resource => "resources",
            Self::DataSource => "data-sources",
        }
    }

    /// Where its page lies.
    fn page(self, face: &Face) -> PathBuf {
        Path::new(self.folder()).join(format!("{}.md", face.kind.name))
    }
}

/// Every page there is.
pub fn all(examples: &Path) -> Result<Pages, Error> {
    let provider = VpnProvider::default();
    let resources = provider.resources().into_iter().map(|it| (Sort::Resource, it.type_name().to_owned(), it.schema()));
    let sources =
        provider.data_sources().into_iter().map(|it| (Sort::DataSource, it.type_name().to_owned(), it.schema()));
    let mut pages = Pages::from([("index.md".into(), index(&provider.schema(), examples)?)]);
    for (sort, name, schema) in resources.chain(sources) {
        if let Some(face) = resources::FACES.into_iter().find(|face| face.type_name() == name) {
            pages.insert(sort.page(face), object(sort, face, &schema, examples)?);
        } else if let Some(asked) = query::queries().into_iter().find(|it| query::type_name(it) == name) {
            pages.insert(query_page(asked), answer(asked, &schema, examples)?);
        }
    }
    pages.extend(function::pages(examples)?);
    Ok(pages)
}

/// The page of the provider.
fn index(schema: &Schema, examples: &Path) -> Result<String, Error> {
    let description = &schema.block.description;
    let mut page = front_matter("vpn Provider", "", description);
    let _ = write!(page, "# vpn Provider\n\n{description}\n\n## Example Usage\n\n");
    let example = examples.join("provider").join("provider.tf");
    page += &code("terraform", &examples::required(&example)?);
    page += &reference::of(schema, &Fields::none());
    page += "\n## Resources, Data Sources and Functions\n";
    let mut heading = "";
    let mut faces = resources::FACES;
    faces.sort_by_key(|face| face.subcategory);
    for face in faces {
        if face.subcategory != heading {
            heading = face.subcategory;
            let _ = write!(page, "\n### {heading}\n\n");
        }
        let [resource, source] = [Sort::Resource, Sort::DataSource].map(|sort| sort.page(face).display().to_string());
        let summary = first_sentence(face.kind.record.doc);
        let _ = writeln!(page, "- [`{}`]({resource}) ([data source]({source})): {summary}", face.type_name());
    }
    let _ = write!(page, "\n### {RUNNING}\n\n");
    for asked in query::queries() {
        let (name, page_of) = (query::type_name(asked), query_page(asked));
        let _ = writeln!(page, "- [`{name}`]({}): {}", page_of.display(), first_sentence(asked.output.doc));
    }
    page += &function::list();
    Ok(page)
}

/// The heading of what asks how things run.
const RUNNING: &str = "Status and traces";

/// Where the page of a query lies.
fn query_page(query: &Query) -> PathBuf {
    Path::new(Sort::DataSource.folder()).join(format!("{}.md", query.name))
}

/// The page of a data source that asks how something runs.
fn answer(asked: &'static Query, schema: &Schema, examples: &Path) -> Result<String, Error> {
    let (name, title) = (query::type_name(asked), Sort::DataSource.title());
    let description = &schema.block.description;
    let mut page = front_matter(&format!("{name} {title} - vpn"), RUNNING, &first_sentence(description));
    let _ = write!(page, "# {name} ({title})\n\n{description}\n\n{FORESIGHT}\n\n");
    page += &example_usage(&examples.join(Sort::DataSource.folder()).join(&name))?;
    page += &reference::of(schema, &Fields::of_query(asked, schema::result_name));
    Ok(page)
}

/// What is to be known of every data source that asks.
const FORESIGHT: &str = "When Terraform reads it while planning, the answer is what it will be once everything that the \
                         plan creates, changes and deletes has been applied and has come to rest, as far as that is known \
                         by then. Where it refers to an attribute of a resource that is about to change, Terraform reads \
                         it in the middle of the apply instead, right after that resource: name what else the answer \
                         depends on (the peer, the session, the neighbor) in `depends_on`, so that it is read after all \
                         of them.";

/// The page of a resource or of a data source.
fn object(sort: Sort, face: &'static Face, schema: &Schema, examples: &Path) -> Result<String, Error> {
    let name = face.type_name();
    let description = match sort {
        Sort::Resource => schema.block.description.clone(),
        Sort::DataSource => format!("Finds an existing {} by its id, path or display name.", face.kind.title),
    };
    let mut page = front_matter(&format!("{name} {} - vpn", sort.title()), face.subcategory, &description);
    let _ = write!(page, "# {name} ({})\n\n{description}\n\n", sort.title());
    if matches!(sort, Sort::DataSource) {
        let [resource, title] =
            [format!("../{}", Sort::Resource.page(face).display()), schema.block.description.clone()];
        let _ = write!(page, "{title} To create one, use the resource [`{name}`]({resource}).\n\n");
    }
    let folder = examples.join(sort.folder()).join(&name);
    page += &example_usage(&folder)?;
    page += &reference::of(schema, &Fields::of(face, schema::result_name));
    if matches!(sort, Sort::Resource) {
        page += &import(face, &examples::required(&folder.join("import.sh"))?);
    }
    Ok(page)
}

/// The section with the examples in a folder.
pub(super) fn example_usage(folder: &Path) -> Result<String, Error> {
    let configurations = examples::configurations(folder)?;
    if configurations.is_empty() {
        return Err(Error::NoExample(folder.to_owned()));
    }
    let listings = configurations.iter().map(|example| Ok(code("terraform", &examples::required(example)?)));
    let listings: Result<String, Error> = listings.collect();
    Ok(format!("## Example Usage\n\n{}", listings?))
}

/// The section that tells how to import an object.
fn import(face: &Face, script: &str) -> String {
    let mut text = "\n## Import\n\nAn existing object is taken into Terraform's state by\n\n".to_owned();
    for (what, form) in identify::forms(face) {
        let _ = writeln!(text, "- {what}: `{form}`");
    }
    let _ = write!(text, "\n{}", code("shell", script));
    if let Some(Import { to, id }) = examples::imports(script).first() {
        text += "Terraform 1.5 and later also import while they apply:\n\n";
        text += &code("terraform", &format!("import {{\n  to = {to}\n  id = \"{id}\"\n}}\n"));
    }
    for (way, secret) in secrets(face.kind) {
        text += &generated_without(&way.join("."), secret);
    }
    text.trim_end().to_owned() + "\n"
}

/// What to do about a secret in a configuration that Terraform wrote.
fn generated_without(name: &str, secret: &Field) -> String {
    let otherwise = match secret.shape {
        Shape::Text(0, _) => format!("an apply with `{name} = null` takes the {name} away from the object"),
        _ => format!("an object that needs `{name}` is refused by the plan without it"),
    };
    format!(
        "`terraform plan -generate-config-out=FILE` writes `{name} = null` into the configuration it makes, because \
         Terraform writes no secret there. Set `{name}` before you apply: {otherwise}.\n\n"
    )
}

/// What the registry reads before it shows the page.
pub(super) fn front_matter(title: &str, subcategory: &str, description: &str) -> String {
    let plain = description.replace('`', "");
    let lines: Vec<_> = plain.lines().map(|line| format!("  {line}").trim_end().to_owned()).collect();
    format!(
        "---\npage_title: \"{title}\"\nsubcategory: \"{subcategory}\"\ndescription: |-\n{}\n---\n\n",
        lines.join("\n")
    )
}

/// A listing.
pub(super) fn code(language: &str, text: &str) -> String {
    format!("```{language}\n{}\n```\n\n", text.trim())
}

fn first_sentence(text: &str) -> String {
    text.split_once(". ").map_or_else(|| text.to_owned(), |(first, _)| format!("{first}."))
}
