//! What is noted beside the objects: claims on those that a run has created, who has
//! come to know of them, and what a plan tells its apply.
//!
//! A live system has no place for that, and tags of other people's objects are not ours to
//! write. So it is kept in a file in Terraform's data folder, one for each endpoint, which
//! only its owner can read. It holds paths and unique ids, and no secret. The file is made
//! when there is something to note.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use super::{BackendError, Notes};
use crate::engine::store::{SqliteStore, Store, StoreError, StoreExt, Transaction, ViewExt};
use crate::engine::{Moment, ledger};
use crate::model::PolicyPath;

/// What the keys of claims begin with.
const CLAIMS: &str = "c/";
/// What the keys of keepers begin with.
const KEEPERS: &str = "k/";
/// What the keys of declarations begin with, of systems that do not tell them.
const DECLARED: &str = "d/";

/// Notes on the objects of one endpoint.
pub struct Ledger {
    file: PathBuf,
    store: Mutex<Option<Arc<SqliteStore>>>,
}

impl Ledger {
    /// The notes on the `system` at `endpoint`, in `folder`.
    pub fn new(folder: &Path, system: &str, endpoint: &str) -> Self {
        let name = Uuid::new_v5(&Uuid::NAMESPACE_URL, endpoint.as_bytes());
        Self { file: folder.join(format!("{system}-{name}.db")), store: Mutex::default() }
    }

    /// Runs `work` on the store where it may wait for the disk.
    async fn on_store<T: Send + 'static>(
        self: &Arc<Self>,
        absent: T,
        create: bool,
        work: impl FnOnce(&dyn Store) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, BackendError> {
        let ledger = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || match ledger.open(create)? {
            Some(store) => work(store.as_ref()),
            None => Ok(absent),
        });
        done.await.map_err(|_| BackendError::Lost)?.map_err(BackendError::Ledger)
    }

    /// The store; none when there is no file and it is not to be created.
    fn open(&self, create: bool) -> Result<Option<Arc<SqliteStore>>, StoreError> {
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        if store.is_none() && (create || self.file.exists()) {
            if let Some(folder) = self.file.parent().filter(|_| create) {
                std::fs::create_dir_all(folder).map_err(|source| StoreError::Io {
                    path: folder.to_owned(),
                    action: "create",
                    source: Arc::new(source),
                })?;
            }
            *store = Some(Arc::new(SqliteStore::open(&self.file)?));
        }
        Ok(store.clone())
    }

    async fn change(
        self: &Arc<Self>,
        create: bool,
        work: impl FnMut(&mut dyn Transaction) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), BackendError> {
        self.on_store((), create, move |store| store.write(work)).await
    }

    /// Notes what was declared of the object at `path`, where its system does not tell.
    pub async fn declare(self: &Arc<Self>, path: &PolicyPath, declared: &str) -> Result<(), BackendError> {
        let (key, declared) = (format!("{DECLARED}{path}"), declared.to_owned());
        self.change(true, move |tx| tx.put(&key, declared.as_bytes())).await
    }

    /// What was declared of the object at `path`, as far as that was noted.
    pub async fn declared(self: &Arc<Self>, path: &PolicyPath) -> Result<Option<String>, BackendError> {
        let key = format!("{DECLARED}{path}");
        let read = move |store: &dyn Store| {
            let found: Option<Vec<u8>> = store.read(|view| view.get(&key))?;
            Ok(found.and_then(|text| String::from_utf8(text).ok()))
        };
        self.on_store(None, false, read).await
    }

    /// Forgets what is noted of the object at `path`.
    pub async fn forget_object(self: &Arc<Self>, path: &PolicyPath) -> Result<(), BackendError> {
        let path = path.clone();
        let work = move |tx: &mut dyn Transaction| {
            [CLAIMS, KEEPERS, DECLARED].iter().try_for_each(|prefix| tx.delete(&format!("{prefix}{path}")).map(drop))
        };
        self.change(false, work).await
    }
}

#[async_trait]
impl Notes for Arc<Ledger> {
    async fn claims(&self) -> Result<Vec<(PolicyPath, String)>, BackendError> {
        let read = |store: &dyn Store| {
            let all = store.read(|view| view.entries(CLAIMS))?;
            let claim = |(key, claim): (String, Vec<u8>)| {
                let path = PolicyPath::parse(key.strip_prefix(CLAIMS)?).ok()?;
                Some((path, String::from_utf8(claim).ok()?))
            };
            Ok(all.into_iter().filter_map(claim).collect())
        };
        self.on_store(Vec::new(), false, read).await
    }

    async fn claim(&self, paths: Vec<PolicyPath>, claim: &str) -> Result<(), BackendError> {
        let claim = claim.to_owned();
        let work = move |tx: &mut dyn Transaction| {
            paths.iter().try_for_each(|path| tx.put(&format!("{CLAIMS}{path}"), claim.as_bytes()))
        };
        self.change(true, work).await
    }

    async fn reclaim(&self, paths: Vec<PolicyPath>, claim: &str) -> Result<(), BackendError> {
        let claim = claim.to_owned();
        let work = move |tx: &mut dyn Transaction| {
            paths.iter().try_for_each(|path| {
                let key = format!("{CLAIMS}{path}");
                if tx.get(&key)?.is_some() { tx.put(&key, claim.as_bytes()) } else { Ok(()) }
            })
        };
        self.change(false, work).await
    }

    async fn settle(&self, paths: Vec<PolicyPath>, keeper: &str) -> Result<(), BackendError> {
        let keeper = keeper.to_owned();
        let work = move |tx: &mut dyn Transaction| {
            paths.iter().try_for_each(|path| {
                tx.delete(&format!("{CLAIMS}{path}"))?;
                tx.put(&format!("{KEEPERS}{path}"), keeper.as_bytes())
            })
        };
        self.change(true, work).await
    }

    async fn keeper(&self, path: &PolicyPath) -> Result<Option<String>, BackendError> {
        let key = format!("{KEEPERS}{path}");
        let read = move |store: &dyn Store| {
            let found: Option<Vec<u8>> = store.read(|view| view.get(&key))?;
            Ok(found.and_then(|text| String::from_utf8(text).ok()))
        };
        self.on_store(None, false, read).await
    }

    async fn note(&self, name: &str, lines: Vec<String>) -> Result<(), BackendError> {
        let name = name.to_owned();
        self.on_store((), true, move |store| ledger::note(store, &name, &lines, Moment::from_clock())).await
    }

    async fn noted(&self, name: &str) -> Result<Vec<String>, BackendError> {
        let name = name.to_owned();
        self.on_store(Vec::new(), false, move |store| ledger::noted(store, &name)).await
    }

    async fn forget(&self, name: &str) -> Result<(), BackendError> {
        let name = name.to_owned();
        self.on_store((), false, move |store| ledger::forget(store, &name)).await
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use tempfile::TempDir;

    use super::*;

    fn path(id: &str) -> PolicyPath {
        PolicyPath::parse(&format!("/infra/ipsec-vpn-ike-profiles/{id}")).unwrap()
    }

    fn ledger(folder: &TempDir, host: &str) -> Arc<Ledger> {
        Arc::new(Ledger::new(&folder.path().join("vpn"), "nsx", host))
    }

    #[tokio::test]
    async fn what_one_process_notes_another_reads() {
        let folder = TempDir::new().unwrap();
        let one = ledger(&folder, "nsx.example.com");
        assert!(one.claims().await.unwrap().is_empty() && one.noted("plans/").await.unwrap().is_empty());
        assert!(!folder.path().join("vpn").exists(), "looking makes no file");
        one.claim(vec![path("a"), path("b")], "mine").await.unwrap();
        one.note("plans/1", vec!["creates /infra/x".to_owned()]).await.unwrap();

        let other = ledger(&folder, "nsx.example.com");
        assert_eq!(other.claims().await.unwrap(), [(path("a"), "mine".to_owned()), (path("b"), "mine".to_owned())]);
        assert_eq!(other.noted("plans/").await.unwrap(), ["creates /infra/x"]);
        other.reclaim(vec![path("a"), path("gone")], "ended").await.unwrap();
        other.settle(vec![path("b")], "state").await.unwrap();
        other.forget("plans/").await.unwrap();

        let third = ledger(&folder, "nsx.example.com");
        assert_eq!(third.claims().await.unwrap(), [(path("a"), "ended".to_owned())]);
        assert_eq!(third.keeper(&path("b")).await.unwrap().as_deref(), Some("state"));
        assert!(third.noted("plans/").await.unwrap().is_empty());
        third.forget_object(&path("b")).await.unwrap();
        assert_eq!(third.keeper(&path("b")).await.unwrap(), None);

        let elsewhere = ledger(&folder, "other.example.com");
        assert!(elsewhere.claims().await.unwrap().is_empty(), "one file for each endpoint");
    }

    #[tokio::test]
    async fn only_the_owner_can_read_it() {
        let folder = TempDir::new().unwrap();
        ledger(&folder, "nsx").claim(vec![path("a")], "mine").await.unwrap();
        let files: Vec<_> = std::fs::read_dir(folder.path().join("vpn")).unwrap().flatten().collect();
        assert!(!files.is_empty());
        for file in files {
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
        }
    }
}
