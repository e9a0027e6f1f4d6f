//! What can go wrong with an engine in etcd.

use std::path::PathBuf;
use std::sync::Arc;

/// Why an engine in etcd could not be opened, read or written. `store` is its address,
/// without what must not be told.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EtcdError {
    /// No member of etcd answers, or none that knows of a leader. Nothing was written.
    #[error("{store} cannot be reached: {cause}")]
    Unreachable {
        /// The address.
        store: Arc<str>,
        /// What the last attempt met.
        cause: String,
    },
    /// A write was sent, and no answer came. It took effect whole or not at all.
    #[error("{store} did not answer, and whether the write took effect is not known: {cause}")]
    Unresolved {
        /// The address.
        store: Arc<str>,
        /// What the last attempt met.
        cause: String,
    },
    /// etcd has answered, and does not do it.
    #[error("{store} refuses: {cause}")]
    Refused {
        /// The address.
        store: Arc<str>,
        /// What it says.
        cause: String,
    },
    /// What lies there is no engine.
    #[error("{store} does not hold an engine: {found}; it was left as it is")]
    Foreign {
        /// The address.
        store: Arc<str>,
        /// What is there instead.
        found: String,
    },
    /// The engine was written by a newer release.
    #[error(
        "{store} has format {found}, but this release knows formats up to {supported}; use the release that wrote it \
         or a newer one"
    )]
    FutureVersion {
        /// The address.
        store: Arc<str>,
        /// The format found there.
        found: u32,
        /// The newest format this release understands.
        supported: u32,
    },
    /// It is an engine, but not what was written to it.
    #[error("{store} is damaged: {detail}; restore it from a backup")]
    Damaged {
        /// The address.
        store: Arc<str>,
        /// What does not fit.
        detail: String,
    },
    /// A certificate or a key cannot be used.
    #[error("{}: {cause}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        cause: String,
    },
    /// The connection to etcd could not be set up.
    #[error("cannot set up the connection to {store}: {cause}")]
    Setup {
        /// The address.
        store: Arc<str>,
        /// Why not.
        cause: String,
    },
}

impl EtcdError {
    /// Whether the same may succeed a little later.
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Unresolved { .. })
    }
}
