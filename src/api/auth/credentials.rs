//! The users, tokens and applications there are.

use std::collections::HashMap;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::{hmac, rand};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::projects::{DEFAULT_NAME, Projects};
use super::{Identity, Role, users_file};
use crate::engine::taps::DEFAULT_PROJECT;

/// Who may log in, and how: the form of the users' file.
#[derive(Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// Users with passwords.
    #[serde(default)]
    pub users: Vec<User>,
    /// Tokens that the cloud exchanges for access tokens.
    #[serde(default)]
    pub refresh_tokens: Vec<RefreshToken>,
    /// Applications of the cloud, which are OpenStack's application credentials as well.
    #[serde(default)]
    pub applications: Vec<Application>,
    /// Projects, in OpenStack's APIs, besides those that users name.
    #[serde(default)]
    pub projects: Vec<NamedProject>,
    /// Clients that are known by their certificates.
    #[serde(default)]
    pub principal_identities: Vec<PrincipalIdentity>,
}

/// A project, in OpenStack's APIs.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedProject {
    /// The name.
    pub name: String,
    /// The id. Unset, one that is made of the name.
    pub id: Option<String>,
}

/// A user.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct User {
    /// The name.
    pub name: String,
    /// The password.
    pub password: String,
    /// What the user may do.
    pub role: Role,
    /// The names of the projects the user is of, in OpenStack's APIs; the first one is
    /// meant where a client names none. Unset, the project `admin`.
    #[serde(default)]
    pub projects: Vec<String>,
}

/// A token that stands for a user of the cloud.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefreshToken {
    /// The token.
    pub token: String,
    /// The name that is kept with what is changed.
    pub user: String,
    /// What its holder may do.
    pub role: Role,
}

/// An application of the cloud (OAuth 2.0 client credentials).
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// Its id.
    pub id: String,
    /// Its secret.
    pub secret: String,
    /// What it may do.
    pub role: Role,
    /// The name of the project it is for, in OpenStack's APIs. Unset, the project `admin`.
    pub project: Option<String>,
    /// The user it is of, in OpenStack's APIs. Unset, it is one by itself.
    pub user: Option<String>,
    /// Its name, by which it is told from others of its user. Unset, its id.
    pub name: Option<String>,
}

/// Somebody who is known by a certificate, as NSX has them.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalIdentity {
    /// The name that is kept with what is changed.
    pub name: String,
    /// The SHA-256 fingerprint of the certificate in hexadecimal, as `openssl x509
    /// -fingerprint -sha256` shows it, or without colons.
    pub certificate_sha256: String,
    /// What it may do.
    pub role: Role,
}

impl PrincipalIdentity {
    /// The fingerprint in its one spelling, if it is one.
    fn fingerprint(&self) -> Option<String> {
        let digits: Vec<char> = self.certificate_sha256.chars().filter(|c| *c != ':').collect();
        let is_one = digits.len() == 64 && digits.iter().all(char::is_ascii_hexdigit);
        let bytes = || digits.chunks(2).map(|byte| byte.iter().collect::<String>().to_ascii_uppercase());
        is_one.then(|| bytes().collect::<Vec<_>>().join(":"))
    }
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// Others than its owner may read or write the file.
    #[error("{0} holds secrets, and others than its owner may use it: run chmod 600")]
    Open(PathBuf),
    /// It is not in the form of a users' file. The place is named, and not what stands
    /// there.
    #[error("{path} is no file of users: line {line}, column {column}{place}: {why}")]
    Form {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
        /// The column.
        column: usize,
        /// The field, and whose it is: `, users[1].role of "alice"`; empty where that is not known.
        place: String,
        /// What is wrong there.
        why: String,
    },
    /// Two entries have one name.
    #[error("{0:?} occurs twice among the users")]
    Twice(String),
    /// A name or a secret is empty, or a name holds a colon.
    #[error("among the users {0}")]
    Unusable(String),
    /// What should be a fingerprint is none.
    #[error(
        "the certificate_sha256 of {0:?} among the users is no fingerprint: give 64 hexadecimal digits, as openssl x509 -in \
         FILE -noout -fingerprint -sha256 shows them"
    )]
    Fingerprint(String),
}

/// Shows how many there are, and nothing secret.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (users, tokens, applications) = (self.users.len(), self.refresh_tokens.len(), self.applications.len());
        let identities = self.principal_identities.len();
        write!(
            f,
            "{users} users, {tokens} refresh tokens, {applications} applications, {identities} principal identities"
        )
    }
}

impl Credentials {
    /// Reads the file at `path`, which only its owner may use.
    pub fn read(path: &Path) -> Result<Self, CredentialsError> {
        let failed = |source| CredentialsError::File { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(failed)?;
        // What systemd hands over is for the service alone, by an access control list that
        // the mode shows as a group's (systemd.exec(5), LoadCredential).
        let is_handed_over = std::env::var_os("CREDENTIALS_DIRECTORY").is_some_and(|folder| path.starts_with(folder));
        if !is_handed_over && file.metadata().map_err(failed)?.mode() & 0o077 != 0 {
            return Err(CredentialsError::Open(path.to_owned()));
        }
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(failed)?;
        users_file::read(&text, path)
    }

    /// Whether nobody could log in.
    pub fn is_empty(&self) -> bool {
        self.users.is_empty()
            && self.refresh_tokens.is_empty()
            && self.applications.is_empty()
            && self.principal_identities.is_empty()
    }

    /// Each name is one, and nothing is empty.
    pub fn check(&self) -> Result<(), CredentialsError> {
        let mut names = std::collections::BTreeSet::new();
        let users = self.users.iter().zip(0..).map(|(it, at)| (format!("users[{at}]"), &it.name, &it.password));
        let applications = self.applications.iter().zip(0..);
        let applications = applications.map(|(it, at)| (format!("applications[{at}]"), &it.id, &it.secret));
        for (place, name, secret) in users.chain(applications) {
            is_given(&place, name)?;
            if name.contains(':') {
                return Err(CredentialsError::Unusable(format!("{name:?} holds a colon ({place})")));
            }
            if secret.is_empty() {
                return Err(CredentialsError::Unusable(format!("{name:?} has an empty secret ({place})")));
            }
            if !names.insert(name) {
                return Err(CredentialsError::Twice(name.clone()));
            }
        }
        let mut known = std::collections::BTreeSet::new();
        for (project, at) in self.projects.iter().zip(0..) {
            is_given(&format!("projects[{at}]"), &project.name)?;
            if project.id.as_deref() == Some("") {
                return Err(CredentialsError::Unusable(format!("the project {:?} has an empty id", project.name)));
            }
            let is_default_by_another_id = project.name == DEFAULT_NAME && project.id.is_some();
            if is_default_by_another_id || !known.insert(&project.name) {
                return Err(CredentialsError::Twice(project.name.clone()));
            }
        }
        let mut fingerprints = std::collections::BTreeSet::new();
        for (identity, at) in self.principal_identities.iter().zip(0..) {
            is_given(&format!("principal_identities[{at}]"), &identity.name)?;
            let fingerprint = identity.fingerprint();
            let fingerprint = fingerprint.ok_or_else(|| CredentialsError::Fingerprint(identity.name.clone()))?;
            if !fingerprints.insert(fingerprint) {
                return Err(CredentialsError::Twice(identity.certificate_sha256.clone()));
            }
        }
        for (token, at) in self.refresh_tokens.iter().zip(0..) {
            is_given(&format!("refresh_tokens[{at}]"), &token.user)?;
            if token.token.is_empty() {
                return Err(CredentialsError::Unusable(format!("the refresh token of {:?} is empty", token.user)));
            }
        }
        Ok(())
    }
}

/// That what is at `place` in the file has a name.
fn is_given(place: &str, name: &str) -> Result<(), CredentialsError> {
    if name.is_empty() { Err(CredentialsError::Unusable(format!("{place} has an empty name"))) } else { Ok(()) }
}

/// Random bytes for a key or a token.
pub(super) fn random() -> [u8; 32] {
    let mut bytes = [0; 32];
    // AWS-LC ends the process rather than give no random bytes; the result is for form.
    let _ = rand::fill(&mut bytes);
    bytes
}

/// The keyed digest of a secret.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    /// The digest of `secret` under `key`.
    pub fn of(key: &hmac::Key, secret: &str) -> Self {
        let mut digest = [0; 32];
        digest.copy_from_slice(hmac::sign(key, secret.as_bytes()).as_ref());
        Self(digest)
    }

    /// Whether both are the same, in constant time.
    pub fn is(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

/// A new key for digests.
pub(super) fn new_key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &random())
}

/// What is known of somebody: the digest of their secret, and who they are.
struct Entry {
    secret: Digest,
    identity: Identity,
    /// The ids of the projects they are of.
    projects: Vec<Arc<str>>,
}

/// The credentials, ready to be compared with.
pub(super) struct Directory {
    key: hmac::Key,
    users: HashMap<String, Entry>,
    applications: HashMap<String, Entry>,
    /// The ids of applications, by their users and names.
    application_names: HashMap<(String, String), String>,
    refresh_tokens: HashMap<Digest, Identity>,
    /// By the fingerprints of their certificates, which are no secrets.
    principals: HashMap<String, Identity>,
    nobody: Digest,
}

impl Directory {
    /// The directory of `credentials`.
    pub fn of(credentials: &Credentials) -> Self {
        let key = new_key();
        let known = Projects::of(credentials);
        let entry = |name: &str, secret: &str, role, named: &[String]| {
            let projects = named.iter().filter_map(|name| known.find(name)).map(|it| it.id.as_str().into());
            let mut projects: Vec<Arc<str>> = projects.collect();
            if projects.is_empty() {
                projects.push(DEFAULT_PROJECT.into());
            }
            let identity = Identity { name: name.into(), role, project: projects.first().cloned() };
            (name.to_owned(), Entry { secret: Digest::of(&key, secret), identity, projects })
        };
        let users = credentials.users.iter().map(|it| entry(&it.name, &it.password, it.role, &it.projects)).collect();
        let application = |it: &Application| entry(&it.id, &it.secret, it.role, it.project.as_slice());
        let applications = credentials.applications.iter().map(application).collect();
        let named = |it: &Application| {
            let name = it.name.as_ref().unwrap_or(&it.id).clone();
            ((it.user.as_ref().unwrap_or(&it.id).clone(), name), it.id.clone())
        };
        let application_names = credentials.applications.iter().map(named).collect();
        let token = |it: &RefreshToken| (Digest::of(&key, &it.token), Identity::new(&it.user, it.role));
        let refresh_tokens = credentials.refresh_tokens.iter().map(token).collect();
        let principal = |it: &PrincipalIdentity| Some((it.fingerprint()?, Identity::new(&it.name, it.role)));
        let principals = credentials.principal_identities.iter().filter_map(principal).collect();
        let nobody = Digest(random());
        Self { key, users, applications, application_names, refresh_tokens, principals, nobody }
    }

    /// The user of this name and password.
    pub fn user(&self, name: &str, password: &str) -> Option<Identity> {
        self.entry(&self.users, name, password)
    }

    /// The application of this id and secret.
    pub fn application(&self, id: &str, secret: &str) -> Option<Identity> {
        self.entry(&self.applications, id, secret)
    }

    /// The id of the application that `user` has under this name.
    pub fn application_of(&self, user: &str, name: &str) -> Option<&str> {
        self.application_names.get(&(user.to_owned(), name.to_owned())).map(String::as_str)
    }

    /// The projects that the user, or the application, of this name is of; none when there
    /// is nobody of this name any more.
    pub fn projects_of(&self, name: &str) -> Option<&[Arc<str>]> {
        self.users.get(name).or_else(|| self.applications.get(name)).map(|entry| entry.projects.as_slice())
    }

    /// Everybody who has a password, in the order of their names.
    pub fn everybody(&self) -> Vec<&Identity> {
        let mut all: Vec<_> = self.users.values().map(|entry| &entry.identity).collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// Whom this token stands for. It is looked for by its digest, which tells nothing.
    pub fn refresh_token(&self, token: &str) -> Option<Identity> {
        self.refresh_tokens.get(&Digest::of(&self.key, token)).cloned()
    }

    /// Who has the certificate of this fingerprint.
    pub fn principal(&self, fingerprint: &str) -> Option<Identity> {
        self.principals.get(fingerprint).cloned()
    }

    /// A name that is not known takes as long as one that is.
    fn entry(&self, among: &HashMap<String, Entry>, name: &str, secret: &str) -> Option<Identity> {
        let given = Digest::of(&self.key, secret);
        let found = among.get(name);
        let right = found.map_or(&self.nobody, |entry| &entry.secret).is(&given);
        found.filter(|_| right).map(|entry| entry.identity.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn credentials() -> Credentials {
        serde_json::from_str(
            r#"{"users": [{"name": "admin", "password": "right", "role": "admin"}],
                "refresh_tokens": [{"token": "T", "user": "cloud", "role": "auditor"}],
                "applications": [{"id": "app", "secret": "S", "role": "admin"}]}"#,
        )
        .unwrap()
    }

    #[test]
    fn who_has_the_secret_is_known() {
        let directory = Directory::of(&credentials());
        assert_eq!(&*directory.user("admin", "right").unwrap().name, "admin");
        assert_eq!(directory.refresh_token("T").unwrap().role, Role::Auditor);
        assert_eq!(&*directory.application("app", "S").unwrap().name, "app");
        assert!(directory.user("admin", "wrong").is_none() && directory.user("nobody", "right").is_none());
        assert!(directory.application("admin", "right").is_none() && directory.refresh_token("S").is_none());
    }

    #[test]
    fn a_file_that_others_may_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.json");
        std::fs::write(&path, r#"{"users": [{"name": "a", "password": "hush", "role": "admin"}]}"#).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        assert!(matches!(Credentials::read(&path), Err(CredentialsError::Open(_))));
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
        let read = Credentials::read(&path).unwrap();
        assert_eq!(read.users.len(), 1);
        assert!(!format!("{read:?}").contains("hush"));
    }

    #[test]
    fn names_are_told_apart() {
        let mut twice = credentials();
        twice.users.push(twice.users[0].clone());
        assert!(matches!(twice.check(), Err(CredentialsError::Twice(_))));
        let mut empty = credentials();
        empty.users[0].password.clear();
        let said = empty.check().unwrap_err().to_string();
        assert_eq!(said, r#"among the users "admin" has an empty secret (users[0])"#);
        credentials().check().unwrap();
    }

    #[test]
    fn a_fingerprint_has_one_spelling() {
        let of = |text: &str| {
            let mut credentials = credentials();
            let identity = |name: &str| PrincipalIdentity {
                name: name.to_owned(),
                certificate_sha256: text.to_owned(),
                role: Role::Auditor,
            };
            credentials.principal_identities = vec![identity("pipeline")];
            credentials
        };
        let spelled = ["ab"; 32].join(":");
        for text in [spelled.as_str(), &"aB".repeat(32)] {
            let credentials = of(text);
            credentials.check().unwrap();
            let known = Directory::of(&credentials).principal(&["AB"; 32].join(":")).unwrap();
            assert_eq!((&*known.name, known.role), ("pipeline", Role::Auditor));
        }
        assert!(matches!(of("ab:cd").check(), Err(CredentialsError::Fingerprint(_))));
        let mut twice = of(&spelled);
        twice.principal_identities.push(twice.principal_identities[0].clone());
        assert!(matches!(twice.check(), Err(CredentialsError::Twice(_))));
    }
}
