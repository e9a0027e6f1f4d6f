//! Texts that have been looked at, and are to stay as they are.

use std::fs;
use std::path::Path;

/// Compares `text`, without its colours, with the file of this name below `src/cli`. With
/// `UPDATE_GOLDENS` in the environment the file is written instead: look at what `git
/// diff` says then.
pub fn golden(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli").join(file);
    let plain = anstream::adapter::strip_str(text).to_string();
    if std::env::var_os("UPDATE_GOLDENS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, plain).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(plain, expected, "{} differs; UPDATE_GOLDENS=1 writes it anew", path.display());
}
