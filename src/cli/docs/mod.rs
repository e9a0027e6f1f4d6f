//! The documentation, in the layout of the Terraform Registry: a page for the
//! provider, for every resource, data source and function, and the guide of what becomes of
//! packets. With them comes the description of the API that `serve` answers, for programs.
//!
//! Everything on a page comes from the schemas, which come from the model's
//! declarations, and from the files below `examples/`, which the acceptance tests
//! run. Nothing is written by hand, so nothing can be out of date: a test compares
//! the pages with what this module makes.

pub mod examples;

mod dispositions;
mod function;
mod page;
mod reference;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;

use crate::api::openapi;

/// What the `docs` command is given.
#[derive(Args)]
pub struct Options {
    /// The folder the pages lie in.
    #[arg(long, default_value = "docs")]
    out: PathBuf,
    /// The folder the examples lie in.
    #[arg(long, default_value = "examples")]
    examples: PathBuf,
    /// Change nothing; list the pages that are out of date, and fail if there are any.
    #[arg(long)]
    check: bool,
}

/// Why the documentation could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// A resource, data source or function has no example.
    #[error("{}: there is no example to show", .0.display())]
    NoExample(PathBuf),
}

/// The pages, by their paths below the folder of the documentation.
pub type Pages = BTreeMap<PathBuf, String>;

/// The folders whose pages all come from here.
const FOLDERS: [&str; 3] = ["resources", "data-sources", function::FOLDER];

/// The description of the API.
const OPENAPI: &str = "openapi.json";

/// Writes the pages, or lists those that are out of date. `false` when there is
/// something to complain about.
pub fn run(options: &Options) -> Result<bool, Error> {
    let pages = pages(&options.examples)?;
    let stale = stale(&options.out, &pages)?;
    if options.check {
        for page in &stale {
            println!("{}", options.out.join(page).display());
        }
        if !stale.is_empty() {
            eprintln!("these pages are out of date: run `make docs`");
        }
        return Ok(stale.is_empty());
    }
    for page in &stale {
        let path = options.out.join(page);
        match pages.get(page) {
            Some(text) => write(&path, text)?,
            None => fs::remove_file(&path).map_err(failed(&path))?,
        }
        println!("{}", path.display());
    }
    Ok(true)
}

/// Every page, and the description of the API that `serve` answers.
pub fn pages(examples: &Path) -> Result<Pages, Error> {
    let mut pages = page::all(examples)?;
    pages.insert(OPENAPI.into(), openapi::text());
    pages.insert(dispositions::PAGE.into(), dispositions::page());
    Ok(pages)
}

/// The pages below `out` that are missing, differ from what they should be, or
/// should not be there.
pub fn stale(out: &Path, pages: &Pages) -> Result<BTreeSet<PathBuf>, Error> {
    let mut stale = BTreeSet::new();
    for (page, text) in pages {
        let path = out.join(page);
        match fs::read_to_string(&path) {
            Ok(found) if found == *text => {}
            Ok(_) => _ = stale.insert(page.clone()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => _ = stale.insert(page.clone()),
            Err(error) => return Err(failed(&path)(error)),
        }
    }
    for folder in FOLDERS {
        let found = examples::files(&out.join(folder), ".md")?;
        let found = found.iter().filter_map(|path| Some(Path::new(folder).join(path.file_name()?)));
        stale.extend(found.filter(|page| !pages.contains_key(page)));
    }
    Ok(stale)
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(failed(folder))?;
    }
    fs::write(path, text).map_err(failed(path))
}

/// Says which file an error is about.
fn failed(path: &Path) -> impl FnOnce(io::Error) -> Error {
    |source| Error::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_stale_when_missing_different_or_superfluous() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path();
        fs::create_dir(out.join("resources")).unwrap();
        for (name, text) in
            [("index.md", "new"), ("resources/a.md", "old"), ("resources/gone.md", ""), ("design.md", "by hand")]
        {
            fs::write(out.join(name), text).unwrap();
        }
        let pages = ["index.md", "resources/a.md", "data-sources/a.md"].map(|name| (name.into(), "new".to_owned()));
        let pages = Pages::from(pages);
        let expected = ["data-sources/a.md", "resources/a.md", "resources/gone.md"].map(PathBuf::from);
        assert_eq!(stale(out, &pages).unwrap(), expected.into());
    }

    #[test]
    fn a_missing_example_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let error = pages(folder.path()).unwrap_err().to_string();
        assert!(error.ends_with("provider.tf: there is no example to show"), "{error}");
    }
}
