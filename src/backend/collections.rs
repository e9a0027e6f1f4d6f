//! What has been read of the collections of an endpoint, shared by all who read.
//!
//! Terraform asks for one object at a time. NSX answers a hundred requests in a second,
//! and a list holds up to a thousand objects, so lists are the way to read many; but a list
//! of ten thousand objects is no way to read one. Nobody knows beforehand which it is, so
//! pages are paid for as reads come in: a collection is listed once a second object of it
//! is wanted, and never has more of its pages been read than objects of it were asked for.
//! At worst that is twice the requests of reading each alone, and with many it is one
//! request for a thousand.
//!
//! What was read is good for a minute, and for no object that this process has written
//! since: those are read alone.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Map, Value as Json};
use tokio::time::{Instant, sleep};

use super::transport::Failure;

/// What was read is good for so long.
const GOOD_FOR: Duration = Duration::from_mins(1);

/// Who reads first waits so long for others who want of the same collection.
const GATHER: Duration = Duration::from_millis(10);

/// An object as the API answered it.
pub type Raw = Arc<Map<String, Json>>;

/// A page of a list.
pub struct Page {
    /// The objects.
    pub results: Vec<Map<String, Json>>,
    /// How many there are in all, as the first page says.
    pub total: Option<usize>,
    /// Where the next one begins.
    pub cursor: Option<String>,
}

/// An object that was read.
#[derive(Clone, Debug)]
pub struct Known {
    /// As the API answered it.
    pub raw: Raw,
    /// Whether it was read with its secrets.
    pub with_secrets: bool,
}

/// What a look into a collection found.
#[derive(Debug)]
pub enum Found {
    /// The object.
    Known(Known),
    /// There is none.
    Absent,
    /// It has to be read alone.
    Alone,
}

/// The collections of an endpoint.
#[derive(Default)]
pub struct Collections {
    all: Mutex<HashMap<String, Arc<Collection>>>,
}

/// One collection.
#[derive(Default)]
pub struct Collection {
    read: tokio::sync::Mutex<Read>,
}

#[derive(Default)]
struct Read {
    since: Option<Instant>,
    known: HashMap<String, Known>,
    /// Objects that this process has written: what a list says of them may be older.
    written: HashSet<String>,
    /// Which were asked for.
    asked: HashSet<String>,
    pages: usize,
    cursor: Option<String>,
    is_whole: bool,
    /// How many objects the pages held, and how many there should be.
    listed: usize,
    total: Option<usize>,
}

impl Read {
    /// Forgets what is too old.
    fn refresh(&mut self) {
        if self.since.is_some_and(|since| since.elapsed() > GOOD_FOR) {
            *self = Self::default();
        }
    }

    fn find(&self, id: &str) -> Option<Found> {
        if let Some(known) = self.known.get(id) {
            return Some(Found::Known(known.clone()));
        }
        if self.written.contains(id) {
            return Some(Found::Alone);
        }
        // A list that somebody wrote to meanwhile may have left one out.
        let is_consistent = self.total.is_none_or(|total| total == self.listed);
        self.is_whole.then_some(if is_consistent { Found::Absent } else { Found::Alone })
    }

    async fn next_page<F>(&mut self, page: &impl Fn(Option<String>) -> F) -> Result<(), Failure>
    where
        F: Future<Output = Result<Page, Failure>>,
    {
        let next = page(self.cursor.take()).await;
        let next = match next {
            Ok(next) => next,
            Err(failure) => {
                *self = Self { asked: std::mem::take(&mut self.asked), ..Self::default() };
                return Err(failure);
            }
        };
        self.since.get_or_insert_with(Instant::now);
        self.pages += 1;
        self.listed += next.results.len();
        self.total = self.total.or(next.total);
        self.is_whole = next.cursor.is_none();
        self.cursor = next.cursor;
        for raw in next.results {
            let Some(id) = raw.get("id").and_then(Json::as_str).map(str::to_owned) else { continue };
            if !self.written.contains(&id) && !self.known.contains_key(&id) {
                self.known.insert(id, Known { raw: Arc::new(raw), with_secrets: false });
            }
        }
        Ok(())
    }
}

impl Collections {
    /// The collection at `path`.
    pub fn at(&self, path: &str) -> Arc<Collection> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(all.entry(path.to_owned()).or_default())
    }
}

impl Collection {
    /// Looks for the object `id`, reading pages of the list by `page` if that is worth it.
    /// Others who look meanwhile wait, and share them.
    pub async fn look<F>(&self, id: &str, page: impl Fn(Option<String>) -> F) -> Result<Found, Failure>
    where
        F: Future<Output = Result<Page, Failure>>,
    {
        let is_first = {
            let mut read = self.read.lock().await;
            read.refresh();
            if let Some(found) = read.find(id) {
                return Ok(found);
            }
            read.asked.insert(id.to_owned());
            read.asked.len() == 1
        };
        if is_first {
            sleep(GATHER).await;
        }
        let mut read = self.read.lock().await;
        loop {
            if let Some(found) = read.find(id) {
                return Ok(found);
            }
            if read.pages + 1 >= read.asked.len() {
                return Ok(Found::Alone);
            }
            read.next_page(&page).await?;
        }
    }

    /// All objects of the collection, as far as `page` shows them.
    pub async fn whole<F>(&self, page: impl Fn(Option<String>) -> F) -> Result<Vec<Known>, Failure>
    where
        F: Future<Output = Result<Page, Failure>>,
    {
        let mut read = self.read.lock().await;
        read.refresh();
        if !read.written.is_empty() {
            *read = Read { asked: std::mem::take(&mut read.asked), ..Read::default() };
        }
        while !read.is_whole {
            read.next_page(&page).await?;
        }
        let mut known: Vec<_> = read.known.iter().collect();
        known.sort_by_key(|(id, _)| *id);
        Ok(known.into_iter().map(|(_, known)| known.clone()).collect())
    }

    /// What is known of the object `id`, if anything.
    pub async fn known(&self, id: &str) -> Option<Known> {
        let mut read = self.read.lock().await;
        read.refresh();
        read.known.get(id).cloned()
    }

    /// Notes that the object `id` was read alone.
    pub async fn has_read(&self, id: &str, known: Known) {
        let mut read = self.read.lock().await;
        read.since.get_or_insert_with(Instant::now);
        read.known.insert(id.to_owned(), known);
    }

    /// Notes that this process writes, or has written, the object `id`, or that what is
    /// known of it is out of date.
    pub async fn forget(&self, id: &str) {
        let mut read = self.read.lock().await;
        read.since.get_or_insert_with(Instant::now);
        read.known.remove(id);
        read.written.insert(id.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use serde_json::json;

    use super::*;

    const PAGE: usize = 1_000;

    /// A collection of so many objects, and how many pages of it were read.
    struct Server {
        objects: usize,
        pages: AtomicUsize,
    }

    impl Server {
        fn new(objects: usize) -> Self {
            Self { objects, pages: AtomicUsize::new(0) }
        }

        async fn page(&self, cursor: Option<String>) -> Result<Page, Failure> {
            self.pages.fetch_add(1, Ordering::Relaxed);
            sleep(Duration::from_millis(50)).await;
            let from: usize = cursor.map_or(0, |cursor| cursor.parse().unwrap());
            let to = (from + PAGE).min(self.objects);
            let results = (from..to).map(|n| json!({ "id": n.to_string() }).as_object().unwrap().clone()).collect();
            let cursor = (to < self.objects).then(|| to.to_string());
            Ok(Page { results, total: (from == 0).then_some(self.objects), cursor })
        }
    }

    #[tokio::test(start_paused = true)]
    async fn one_object_of_many_is_read_alone() {
        let (server, collection) = (Server::new(10_000), Collection::default());
        assert!(matches!(collection.look("7", |cursor| server.page(cursor)).await.unwrap(), Found::Alone));
        assert_eq!(server.pages.load(Ordering::Relaxed), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn many_objects_are_read_by_pages_each_once() {
        let (server, collection) = (Arc::new(Server::new(3_000)), Arc::new(Collection::default()));
        let gate = Arc::new(tokio::sync::Semaphore::new(10));
        let reads: Vec<_> = (0..3_000)
            .map(|id| {
                let (server, collection, gate) = (Arc::clone(&server), Arc::clone(&collection), Arc::clone(&gate));
                tokio::spawn(async move {
                    let _turn = gate.acquire().await.unwrap();
                    let found = collection.look(&id.to_string(), |cursor| server.page(cursor)).await.unwrap();
                    matches!(found, Found::Known(_))
                })
            })
            .collect();
        let mut alone = 0;
        for read in reads {
            alone += usize::from(!read.await.unwrap());
        }
        assert_eq!(server.pages.load(Ordering::Relaxed), 3);
        assert_eq!(alone, 0);
        let absent = collection.look("nobody", |cursor| server.page(cursor)).await.unwrap();
        assert!(matches!(absent, Found::Absent), "a whole list says what there is not");
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_pages_are_read_than_objects_were_asked_for() {
        let (server, collection) = (Server::new(100_000), Collection::default());
        for id in ["99000", "99001", "99002"] {
            assert!(matches!(collection.look(id, |cursor| server.page(cursor)).await.unwrap(), Found::Alone));
        }
        assert_eq!(server.pages.load(Ordering::Relaxed), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_written_or_is_old_is_read_again() {
        let (server, collection) = (Server::new(10), Collection::default());
        let look = |id: &'static str| collection.look(id, |cursor| server.page(cursor));
        look("1").await.unwrap();
        assert!(matches!(look("2").await.unwrap(), Found::Known(_)));
        collection.forget("2").await;
        assert!(matches!(look("2").await.unwrap(), Found::Alone));
        assert!(matches!(look("3").await.unwrap(), Found::Known(_)));
        sleep(GOOD_FOR * 2).await;
        assert!(matches!(look("3").await.unwrap(), Found::Alone));
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_that_does_not_hold_what_it_counts_denies_nothing() {
        let collection = Collection::default();
        let page = async |_| Ok(Page { results: Vec::new(), total: Some(1), cursor: None });
        collection.look("a", page).await.unwrap();
        assert!(matches!(collection.look("b", page).await.unwrap(), Found::Alone));
    }
}
