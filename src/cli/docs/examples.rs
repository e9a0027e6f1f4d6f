//! The examples that pages show, and that the acceptance tests run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Error, failed};

/// An object to import, as a line of an `import.sh` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Import {
    /// The resource it becomes: `vpn_segment.example`.
    pub to: String,
    /// What names it: `app`.
    pub id: String,
}

/// The text of the example at `path`, which there must be.
pub(super) fn required(path: &Path) -> Result<String, Error> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(text),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Error::NoExample(path.to_owned())),
        Err(error) => Err(failed(path)(error)),
    }
}

/// The files of a folder whose names end in `ending`, in the order of their names.
/// No folder is an empty one.
pub fn files(folder: &Path, ending: &str) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(folder)(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed(folder))?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// The Terraform files of an example. The plain one (`resource.tf`) comes first.
pub fn configurations(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut found = files(folder, ".tf")?;
    found.sort_by_key(|path| path.file_stem().is_some_and(|stem| stem.to_string_lossy().contains('_')));
    Ok(found)
}

/// The objects that an `import.sh` imports.
pub fn imports(script: &str) -> Vec<Import> {
    let command = |line: &str| {
        let mut words = line.strip_prefix("terraform import ")?.split_whitespace().rev();
        let (id, to) = (words.next()?, words.next()?);
        Some(Import { to: to.to_owned(), id: id.trim_matches(['\'', '"']).to_owned() })
    };
    script.lines().filter_map(command).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_told_from_comments() {
        let script =
            "# By id.\nterraform import vpn_segment.a app\n\nterraform import -input=false vpn_segment.b 'c'\n";
        let import = |to: &str, id: &str| Import { to: to.into(), id: id.into() };
        assert_eq!(imports(script), [import("vpn_segment.a", "app"), import("vpn_segment.b", "c")]);
    }
}
