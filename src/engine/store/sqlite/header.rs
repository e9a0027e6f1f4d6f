//! What the first hundred bytes tell, before the database library is let near
//! the file: it would create a log beside a stranger's database, or replay one
//! into it.

use std::os::unix::fs::FileExt;
use std::path::Path;

use super::fault;
use super::guard::Guard;
use crate::engine::store::StoreError;

/// "VPNE": what distinguishes an engine file from other databases.
pub(super) const APPLICATION_ID: u32 = 0x5650_4e45;
/// The format this release writes, and the newest it reads.
pub(super) const FORMAT: u32 = 1;

const LENGTH: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";

/// Refuses a file that is not a sound engine file as far as its header and its
/// length tell. `logged` says that a log lies beside it: then its newest pages
/// may still be there only, and its length tells nothing.
pub(super) fn inspect(guard: &Guard, path: &Path, logged: bool) -> Result<(), StoreError> {
    let mut bytes = [0; LENGTH];
    let looked = guard.with(|file| {
        let length = file.metadata()?.len();
        let present = usize::try_from(length).unwrap_or(LENGTH).min(LENGTH);
        file.read_exact_at(bytes.get_mut(..present).unwrap_or_default(), 0)?;
        Ok((length, present))
    });
    let (length, present) = looked.map_err(|error| fault::system(path, "read", error))?;
    Header { bytes: &bytes, present, path }.judge(length, logged)
}

struct Header<'h> {
    bytes: &'h [u8; LENGTH],
    present: usize,
    path: &'h Path,
}

impl Header<'_> {
    fn judge(&self, length: u64, logged: bool) -> Result<(), StoreError> {
        if self.present == 0 {
            return Err(self.foreign("it is empty".to_owned()));
        }
        let magic = self.present.min(MAGIC.len());
        if self.bytes.get(..magic) != MAGIC.get(..magic) {
            return Err(self.foreign("it does not begin like a database".to_owned()));
        }
        if self.present < LENGTH {
            return Err(self.damaged(format!("it ends after {length} bytes, within its header")));
        }
        match self.word(68) {
            APPLICATION_ID => {}
            0 => return Err(self.foreign("it is a database of another program".to_owned())),
            other => {
                return Err(self.foreign(format!("it is a database of another program (application id {other:#010x})")));
            }
        }
        match self.word(60) {
            FORMAT => {}
            0 => return Err(self.damaged("its format number is 0".to_owned())),
            found => return Err(future(self.path, found)),
        }
        self.layout()?;
        let page = self.page_size();
        let pages = u64::from(self.word(28));
        if !length.is_multiple_of(page) {
            return Err(self.damaged(format!("its length of {length} bytes is not a whole number of pages of {page}")));
        }
        if !logged && length / page < pages {
            return Err(self.damaged(format!("it has {} of its {pages} pages", length / page)));
        }
        Ok(())
    }

    /// The fields that have one value in every engine file.
    fn layout(&self) -> Result<(), StoreError> {
        let page = self.page_size();
        if !page.is_power_of_two() || !(512..=65536).contains(&page) {
            return Err(self.damaged(format!("its page size is {page}")));
        }
        // Journal or log, the same for readers and writers; then no reserved space and
        // the three fixed payload fractions.
        if !matches!(self.bytes.get(18..24), Some([1, 1, 0, 64, 32, 32] | [2, 2, 0, 64, 32, 32])) {
            return Err(self.damaged("its header does not describe a database this program writes".to_owned()));
        }
        let expected = [(44, 4, "schema format"), (56, 1, "text encoding")];
        for (at, value, name) in expected {
            let found = self.word(at);
            if found != value {
                return Err(self.damaged(format!("its {name} is {found} instead of {value}")));
            }
        }
        if self.bytes.get(72..92).is_some_and(|reserved| reserved.iter().any(|byte| *byte != 0)) {
            return Err(self.damaged("the reserved part of its header is not empty".to_owned()));
        }
        Ok(())
    }

    fn page_size(&self) -> u64 {
        match self.bytes.get(16..18) {
            Some([0, 1]) => 65536,
            Some([high, low]) => u64::from(u16::from_be_bytes([*high, *low])),
            _ => 0,
        }
    }

    fn word(&self, at: usize) -> u32 {
        let word = self.bytes.get(at..at + 4).and_then(|word| word.try_into().ok());
        word.map_or(0, u32::from_be_bytes)
    }

    fn foreign(&self, found: String) -> StoreError {
        StoreError::Foreign { path: self.path.to_path_buf(), found }
    }

    fn damaged(&self, detail: String) -> StoreError {
        StoreError::Damaged { path: self.path.to_path_buf(), detail }
    }
}

/// The refusal of a file of format `found`.
pub(super) fn future(path: &Path, found: u32) -> StoreError {
    StoreError::FutureVersion { path: path.to_path_buf(), found, supported: FORMAT }
}
