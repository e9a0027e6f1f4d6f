//! The unix socket and the directory around it, both gone at the end.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;
use uuid::Uuid;

use super::ServeError;

/// Where the socket goes when it cannot lie where temporary files go, because that
/// does not exist or has a longer path than a socket may have. Terraform would not
/// show its user why the provider does not start.
const FALLBACK: &str = "/tmp";

/// A socket on which this process listens. Dropping it removes it.
///
/// It lies in a directory of its own, which nobody else may enter: so there is no
/// moment at which a stranger could connect, whatever the umask.
#[derive(Debug)]
pub(super) struct Socket {
    directory: PathBuf,
    path: PathBuf,
}

impl Socket {
    /// Listens on a new socket in `parent`, or where temporary files go. Members
    /// of `group` may connect too.
    pub fn listen(parent: Option<&Path>, group: Option<&str>) -> Result<(Self, UnixListener), ServeError> {
        let group =
            group.map(|name| group_id(name).ok_or_else(|| ServeError::SocketGroup(name.to_owned()))).transpose()?;
        match parent {
            Some(parent) => Self::listen_in(parent, group),
            None => Self::listen_in(&std::env::temp_dir(), group)
                .or_else(|error| Self::listen_in(Path::new(FALLBACK), group).map_err(|_| error)),
        }
    }

    fn listen_in(parent: &Path, group: Option<u32>) -> Result<(Self, UnixListener), ServeError> {
        let random = Uuid::new_v4().simple().to_string();
        let directory = parent.join(format!("plugin-{}", &random[..16]));
        let path = directory.join("sock");
        let failed = |source| ServeError::Socket { path: path.clone(), source };
        DirBuilder::new().mode(0o700).create(&directory).map_err(failed)?;
        // From here on, dropping it removes what there is.
        let socket = Self { directory, path: path.clone() };
        let listener = UnixListener::bind(&path).map_err(failed)?;
        socket.admit(group).map_err(failed)?;
        Ok((socket, listener))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn admit(&self, group: Option<u32>) -> io::Result<()> {
        let Some(group) = group else {
            return fs::set_permissions(&self.path, Permissions::from_mode(0o600));
        };
        for (path, mode) in [(&self.path, 0o660), (&self.directory, 0o710)] {
            chown(path, None, Some(group))?;
            fs::set_permissions(path, Permissions::from_mode(mode))?;
        }
        Ok(())
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Nothing depends on it: what stays behind is an empty name.
        let _ = fs::remove_file(&self.path);
        let _ = fs::remove_dir(&self.directory);
    }
}

/// The number of a group given by name or number.
fn group_id(group: &str) -> Option<u32> {
    group.parse().ok().or_else(|| find_group(&fs::read_to_string("/etc/group").ok()?, group))
}

fn find_group(table: &str, name: &str) -> Option<u32> {
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == name).then(|| fields.nth(1)?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("there").permissions().mode() & 0o777
    }

    #[tokio::test]
    async fn it_is_private_and_gone_afterwards() {
        let parent = tempfile::tempdir().expect("a directory");
        let (socket, _listener) = Socket::listen(Some(parent.path()), None).expect("listens");
        assert_eq!(mode(socket.path()), 0o600);
        assert_eq!(mode(&socket.directory), 0o700);
        assert!(socket.path().starts_with(parent.path()));
        drop(socket);
        assert_eq!(fs::read_dir(parent.path()).expect("still there").count(), 0);
    }

    #[tokio::test]
    async fn a_place_that_does_not_exist_is_named() {
        let error = Socket::listen(Some(Path::new("/nonexistent/place")), None).expect_err("refused");
        assert!(error.to_string().contains("/nonexistent/place"), "{error}");
    }

    #[tokio::test]
    async fn a_path_too_long_for_a_socket_leaves_nothing_behind() {
        let parent = tempfile::tempdir().expect("a directory");
        let deep = parent.path().join("x".repeat(120));
        fs::create_dir(&deep).expect("made");
        Socket::listen(Some(&deep), None).expect_err("refused");
        assert_eq!(fs::read_dir(&deep).expect("still there").count(), 0);
    }

    #[test]
    fn groups_are_found_by_name_and_number() {
        let table = "root:x:0:\nwheel:x:10:ann,bob\nbroken\n";
        assert_eq!(find_group(table, "wheel"), Some(10));
        assert_eq!(find_group(table, "ann"), None);
        assert_eq!(group_id("4321"), Some(4321));
    }
}
