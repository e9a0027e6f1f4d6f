//! The comfortable face of the store: results and errors of the caller's own
//! types, and the scans everybody needs.

use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Outcome, Store, StoreError, Transaction, View};

/// Scans over any [`View`].
pub trait ViewExt: View {
    /// Calls `each` with every entry whose key begins with `prefix`, in order,
    /// until it breaks.
    fn scan_prefix(
        &self,
        prefix: &str,
        each: &mut dyn FnMut(&str, &[u8]) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.scan(prefix, after_prefix(prefix).as_deref(), None, each)
    }

    /// Every entry whose key begins with `prefix`, in order.
    fn entries(&self, prefix: &str) -> Result<Vec<(String, Vec<u8>)>, StoreError> {
        let mut found = Vec::new();
        self.scan_prefix(prefix, &mut |key, value| {
            found.push((key.to_owned(), value.to_owned()));
            ControlFlow::Continue(())
        })?;
        Ok(found)
    }
}

impl<V: View + ?Sized> ViewExt for V {}

/// Reading and writing with the caller's own result and error types.
pub trait StoreExt: Store {
    /// Runs `read` on one consistent snapshot and returns its answer.
    fn read<T, E: From<StoreError>>(&self, read: impl FnOnce(&dyn View) -> Result<T, E>) -> Result<T, E> {
        let mut read = Some(read);
        let mut answer = None;
        self.view(&mut |view| {
            answer = read.take().map(|read| read(view));
            Ok(())
        })?;
        answer.unwrap_or_else(|| Err(StoreError::NotRun.into()))
    }

    /// Runs `write` as one transaction: `Ok` commits it, and returns once it is
    /// durable; `Err` rolls it back and is returned.
    ///
    /// The closure owns what it uses and may be run more than once.
    fn write<T, E>(&self, mut write: impl FnMut(&mut dyn Transaction) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let slot = Arc::new(Mutex::new(None));
        let answer = Arc::clone(&slot);
        self.update(Box::new(move |transaction| {
            let result = write(transaction);
            let outcome = if result.is_ok() { Outcome::Commit } else { Outcome::RollBack };
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            Ok(outcome)
        }))?;
        let result = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        result.unwrap_or_else(|| Err(StoreError::NotRun.into()))
    }
}

impl<S: Store + ?Sized> StoreExt for S {}

/// The least text above every text that begins with `prefix`; none if there is
/// no such text. Bytes of UTF-8 sort like the characters they encode, so the
/// next character is also the next in byte order.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut characters = prefix.chars();
    while let Some(last) = characters.next_back() {
        let next = (u32::from(last) + 1..=u32::from(char::MAX)).find_map(char::from_u32);
        if let Some(next) = next {
            return Some(format!("{}{next}", characters.as_str()));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_after_a_prefix() {
        assert_eq!(after_prefix("/infra/").as_deref(), Some("/infra0"));
        assert_eq!(after_prefix("a\u{7f}").as_deref(), Some("a\u{80}"));
        assert_eq!(after_prefix("a\u{d7ff}").as_deref(), Some("a\u{e000}"));
        assert_eq!(after_prefix("a\u{10ffff}").as_deref(), Some("b"));
        assert_eq!(after_prefix("\u{10ffff}"), None);
        assert_eq!(after_prefix(""), None);
    }
}
