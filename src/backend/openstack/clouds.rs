//! `clouds.yaml`: how OpenStack's own tools are told of clouds.
//!
//! `secure.yaml` beside it, or in any of the same places, is laid over it, so that secrets can be
//! kept in a file of their own. `clouds-public.yaml` holds what a provider says of its cloud; a
//! cloud names its entry as `profile`.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

/// Why a cloud is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// There is no file.
    #[error("there is no clouds.yaml. It is looked for in {0}")]
    NoFile(String),
    /// A file cannot be read.
    #[error("{file} cannot be read: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system or the parser says, without the file's content.
        why: String,
    },
    /// The file has no such cloud.
    #[error("{file} has no cloud {name:?}. It has {}", listed(.others))]
    NoSuchCloud {
        /// The file.
        file: String,
        /// The cloud.
        name: String,
        /// The clouds it has.
        others: Vec<String>,
    },
    /// No public file has the profile that the cloud names.
    #[error("the cloud's profile {0:?} is in no clouds-public.yaml")]
    NoSuchProfile(String),
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// Where the files are looked for.
#[derive(Clone, Debug)]
pub struct Places {
    /// A file that is looked at first.
    pub file: Option<PathBuf>,
    /// Folders, in this order.
    pub folders: Vec<PathBuf>,
}

impl Places {
    /// The places that OpenStack's tools look at.
    pub fn usual() -> Self {
        let home = env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
        let config = env::var_os("XDG_CONFIG_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let config = config.or_else(|| home.map(|home| home.join(".config")));
        let folders = [Some(PathBuf::from(".")), config.map(|folder| folder.join("openstack"))];
        let folders = folders.into_iter().flatten().chain([PathBuf::from("/etc/openstack")]).collect();
        let file = env::var_os("OS_CLIENT_CONFIG_FILE").filter(|file| !file.is_empty()).map(PathBuf::from);
        Self { file, folders }
    }

    /// What is said of the cloud `name`: its profile, then its entry, then its secrets, laid one
    /// over the other.
    ///
    /// # Errors
    /// When there is no such cloud, or a file cannot be read.
    pub fn cloud(&self, name: &str) -> Result<Map<String, Json>, CloudError> {
        let Some((file, clouds)) = self.read("clouds", self.file.as_deref())? else {
            let first = self.file.iter().cloned();
            let all: Vec<_> = first.chain(self.folders.iter().map(|folder| folder.join("clouds.yaml"))).collect();
            return Err(CloudError::NoFile(listed(
                &all.iter().map(|file| file.display().to_string()).collect::<Vec<_>>(),
            )));
        };
        let Some(Json::Object(entry)) = clouds.get("clouds").and_then(|clouds| clouds.get(name)) else {
            let others = clouds.get("clouds").and_then(Json::as_object);
            let others = others.into_iter().flat_map(|clouds| clouds.keys().cloned()).collect();
            return Err(CloudError::NoSuchCloud { file: file.display().to_string(), name: name.to_owned(), others });
        };
        let mut cloud = match ["profile", "cloud"].iter().find_map(|key| entry.get(*key)?.as_str()) {
            Some(profile) => self.profile(profile)?,
            None => Map::new(),
        };
        lay_over(&mut cloud, entry);
        if let Some((_, secure)) = self.read("secure", None)?
            && let Some(Json::Object(secrets)) = secure.get("clouds").and_then(|clouds| clouds.get(name))
        {
            lay_over(&mut cloud, secrets);
        }
        Ok(cloud)
    }

    fn profile(&self, name: &str) -> Result<Map<String, Json>, CloudError> {
        let public = self.read("clouds-public", None)?;
        let entry = public.as_ref().and_then(|(_, public)| public.get("public-clouds")?.get(name)?.as_object());
        entry.cloned().ok_or_else(|| CloudError::NoSuchProfile(name.to_owned()))
    }

    /// The first of the files of this name that there is.
    fn read(&self, name: &str, first: Option<&Path>) -> Result<Option<(PathBuf, Json)>, CloudError> {
        let in_folders =
            self.folders.iter().flat_map(|folder| ["yaml", "yml"].map(|end| folder.join(format!("{name}.{end}"))));
        for file in first.map(Path::to_path_buf).into_iter().chain(in_folders) {
            let failed = |why: String| CloudError::Unreadable { file: file.display().to_string(), why };
            match fs::read_to_string(&file) {
                Ok(text) => {
                    let json = serde_saphyr::from_str(&text).map_err(|error| failed(without_content(&error)))?;
                    return Ok(Some((file, json)));
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error.to_string())),
            }
        }
        Ok(None)
    }
}

/// Where a file is wrong. What stands there may be a secret.
fn without_content(error: &serde_saphyr::Error) -> String {
    match error.location() {
        Some(at) => format!("it is no YAML; see line {}", at.line()),
        None => "it is no YAML".to_owned(),
    }
}

/// Puts what `over` says in place of what `under` says, key by key.
fn lay_over(under: &mut Map<String, Json>, over: &Map<String, Json>) {
    for (key, value) in over {
        match (under.get_mut(key), value) {
            (Some(Json::Object(below)), Json::Object(above)) => lay_over(below, above),
            _ => drop(under.insert(key.clone(), value.clone())),
        }
    }
}

/// What `cloud` says for the region `region`: a cloud can have settings of its own for each.
pub fn in_region(mut cloud: Map<String, Json>, region: Option<&str>) -> Map<String, Json> {
    let Some(Json::Array(regions)) = cloud.remove("regions") else { return cloud };
    let name = |entry: &Json| entry.as_str().or_else(|| entry.get("name")?.as_str()).map(str::to_owned);
    let wanted = region.map(str::to_owned).or_else(|| cloud.get("region_name")?.as_str().map(str::to_owned));
    let chosen = match &wanted {
        Some(wanted) => regions.iter().find(|entry| name(entry).as_ref() == Some(wanted)),
        None => regions.first(),
    };
    if let Some(entry) = chosen {
        if let Some(Json::Object(values)) = entry.get("values") {
            lay_over(&mut cloud, values);
        }
        if let (None, Some(name)) = (wanted, name(entry)) {
            cloud.insert("region_name".to_owned(), name.into());
        }
    }
    cloud
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tempfile::TempDir;

    use super::*;

    fn places(files: &[(&str, &str)]) -> (TempDir, Places) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            fs::write(folder.path().join(name), text).unwrap();
        }
        let places = Places { file: None, folders: vec![folder.path().join("none"), folder.path().to_owned()] };
        (folder, places)
    }

    const LAB: &str = "clouds:\n  lab:\n    auth:\n      auth_url: http://lab/identity\n      username: ops\n    region_name: one\n  other: {}\n";

    #[test]
    fn secrets_and_what_the_provider_says_come_from_files_of_their_own() {
        let (_folder, places) = places(&[
            ("clouds.yaml", "clouds:\n  mine:\n    profile: big\n    auth: {username: ops, project_name: net}\n"),
            ("secure.yaml", "clouds:\n  mine:\n    auth: {password: hunter2}\n"),
            ("clouds-public.yaml", "public-clouds:\n  big:\n    auth: {auth_url: https://big/v3, username: nobody}\n"),
        ]);
        let cloud = places.cloud("mine").unwrap();
        let auth =
            json!({ "auth_url": "https://big/v3", "username": "ops", "project_name": "net", "password": "hunter2" });
        assert_eq!(cloud["auth"], auth);
    }

    #[test]
    fn a_cloud_that_there_is_not_is_named_with_those_there_are() {
        let (_folder, places) = places(&[("clouds.yaml", LAB)]);
        let said = places.cloud("lap").unwrap_err().to_string();
        assert!(said.contains("no cloud \"lap\"") && said.ends_with("It has lab, other"), "{said}");
    }

    #[test]
    fn without_a_file_it_is_said_where_one_was_looked_for() {
        let (folder, places) = places(&[]);
        let said = places.cloud("lab").unwrap_err().to_string();
        assert!(said.contains(&folder.path().join("clouds.yaml").display().to_string()), "{said}");
    }

    #[test]
    fn what_is_no_yaml_is_said_without_what_stands_there() {
        let (_folder, places) = places(&[("clouds.yaml", "clouds:\n  a: {password: hunter2\n  b: ]\n")]);
        let said = places.cloud("a").unwrap_err().to_string();
        assert!(said.contains("no YAML") && !said.contains("hunter2"), "{said}");
    }

    #[test]
    fn a_region_has_settings_of_its_own() {
        let cloud = json!({
            "auth": { "username": "ops" },
            "regions": ["plain", { "name": "two", "values": { "auth": { "auth_url": "https://two" } } }],
        });
        let of = |region| in_region(cloud.as_object().unwrap().clone(), region);
        assert_eq!(of(Some("two"))["auth"], json!({ "username": "ops", "auth_url": "https://two" }));
        assert_eq!(of(None)["region_name"], "plain");
    }
}
