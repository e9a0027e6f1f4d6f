//! Keeping the mirror up to date: reading all of an engine, and following its changes.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{sleep, timeout};

use super::Replica;
use super::client::PATIENCE;
use super::error::EtcdError;
use super::mirror::{Parts, State};
use super::wire::{RangeRequest, WatchCreateRequest};

/// About so many bytes are read at once.
const PAGE: usize = 2 << 20;
/// No more keys are read at once.
const MOST_KEYS: usize = 4_096;
/// How long to wait before etcd is looked for again.
const PAUSE: Duration = Duration::from_millis(250);
/// How long to wait before what cannot be read is read again: somebody has to mend it first.
const REPAIR: Duration = Duration::from_secs(1);
/// A change that was not told of for so long is asked for on another connection.
const SILENCE: Duration = Duration::from_secs(1);

/// What is followed: the parts that nobody has taken, and the newest revision that was told
/// of.
pub(super) struct Position {
    pub parts: Parts,
    pub revision: i64,
}

/// Why a watch has ended.
enum End {
    /// It goes on from where it was.
    Broken,
    /// What has happened since is not known any more.
    Lost,
}

impl Replica {
    /// Reads all of the engine, as of one revision.
    pub async fn load(&self) -> Result<(Position, State), EtcdError> {
        loop {
            match self.load_once().await {
                // It has taken so long that etcd has forgotten the revision.
                Err(EtcdError::Refused { cause, .. }) if cause.contains("has been compacted") => {}
                loaded => return loaded,
            }
        }
    }

    async fn load_once(&self) -> Result<(Position, State), EtcdError> {
        let (mut key, range_end) = self.mirror.keys.all();
        let (mut found, mut revision, mut cluster, mut limit) = (VecDeque::new(), 0, 0, 64_usize);
        loop {
            let request = RangeRequest {
                key,
                range_end: range_end.clone(),
                limit: i64::try_from(limit).unwrap_or(i64::MAX),
                revision,
                keys_only: false,
            };
            let page = self.client.probe(request).await?;
            if revision == 0 {
                let header = page.header.unwrap_or_default();
                (revision, cluster) = (header.revision, header.cluster_id);
            }
            let size: usize = page.kvs.iter().map(|pair| pair.key.len() + pair.value.len()).sum();
            limit = (page.kvs.len() * PAGE / size.max(1)).clamp(1, MOST_KEYS);
            found.extend(page.kvs);
            match found.back() {
                Some(last) if page.more => key = [last.key.as_slice(), b"\0"].concat(),
                _ => break,
            }
        }
        let (parts, state) = Parts::load(&self.mirror, found.into())?;
        Ok((Position { parts, revision }, State { cluster, ..state }))
    }

    /// Follows the changes after `position`, for ever.
    pub async fn follow(&self, mut position: Position) {
        loop {
            match self.watch(&mut position).await {
                End::Broken => {}
                End::Lost => position = self.load_again().await,
            }
            // Whoever asks for something meanwhile is told at once that etcd cannot be reached.
            let head = RangeRequest { key: self.mirror.keys.head(), keys_only: true, ..RangeRequest::default() };
            while let Err(error) = self.client.probe(head.clone()).await {
                tracing::warn!(%error, "the changes in etcd cannot be followed");
                sleep(PAUSE).await;
            }
        }
    }

    async fn watch(&self, position: &mut Position) -> End {
        let (key, range_end) = self.mirror.keys.all();
        let wanted = WatchCreateRequest {
            key,
            range_end,
            start_revision: position.revision + 1,
            progress_notify: false,
            fragment: true,
        };
        let Ok(mut watching) = self.client.watch(wanted).await else { return End::Broken };
        let mut events = Vec::new();
        loop {
            let answer = tokio::select! {
                answer = watching.answers.message() => answer,
                () = self.client.trouble.notified() => return End::Broken,
                () = self.lost.notified() => return End::Lost,
            };
            let Ok(Some(answer)) = answer else { return End::Broken };
            if answer.canceled {
                return if answer.compact_revision > 0 { End::Lost } else { End::Broken };
            }
            events.extend(answer.events);
            if answer.fragment {
                continue;
            }
            let Some(last) = events.last().and_then(|event| event.kv.as_ref()) else { continue };
            position.revision = last.mod_revision;
            let mut is_sound = true;
            self.mirror.state.send_modify(|state| {
                if let Err(error) = position.parts.apply(&self.mirror, state, std::mem::take(&mut events)) {
                    tracing::error!(%error, "what is told of the engine does not fit");
                    is_sound = false;
                }
            });
            if !is_sound {
                return End::Lost;
            }
        }
    }

    /// Reads all of the engine anew, however long it takes to reach it.
    async fn load_again(&self) -> Position {
        loop {
            let error = match self.load().await {
                Ok((position, state)) => {
                    self.mirror.state.send_modify(|old| *old = State { loads: old.loads + 1, ..state });
                    return position;
                }
                Err(error) => error,
            };
            tracing::error!(%error, "the engine cannot be read anew");
            if error.is_temporary() {
                sleep(PAUSE).await;
                continue;
            }
            self.mirror.state.send_modify(|state| {
                state.loads += 1;
                state.trouble = Some(error);
            });
            sleep(REPAIR).await;
        }
    }

    /// The state with every commit that was there when this was called, of whomever.
    pub async fn fresh(&self) -> Result<State, EtcdError> {
        let (before, cluster, loads) = {
            let state = self.mirror.state.borrow();
            (state.revision, state.cluster, state.loads)
        };
        let head = RangeRequest { key: self.mirror.keys.head(), keys_only: true, ..RangeRequest::default() };
        let answer = self.client.range(head).await?;
        let revision = answer.kvs.first().map_or(0, |head| head.mod_revision);
        if revision < before || answer.header.unwrap_or_default().cluster_id != cluster {
            tracing::warn!(store = %self.mirror.store, "etcd has gone back to what was there before");
            return self.anew(loads).await;
        }
        self.catch_up(revision).await
    }

    /// The state, once it holds the commit of `revision`.
    pub async fn catch_up(&self, revision: i64) -> Result<State, EtcdError> {
        self.wait(|state| state.revision >= revision).await
    }

    /// The state, once it was read anew after `loads` times.
    pub async fn anew(&self, loads: u64) -> Result<State, EtcdError> {
        if self.mirror.state.borrow().loads == loads {
            self.lost.notify_one();
        }
        self.wait(|state| state.loads > loads).await
    }

    async fn wait(&self, is_there: impl Fn(&State) -> bool) -> Result<State, EtcdError> {
        let mut states = self.mirror.state.subscribe();
        let is_there = |state: &State| state.trouble.is_some() || is_there(state);
        for patience in [SILENCE, PATIENCE] {
            if let Ok(Ok(state)) = timeout(patience, states.wait_for(is_there)).await {
                return match &state.trouble {
                    Some(error) => Err(error.clone()),
                    None => Ok(state.clone()),
                };
            }
            self.client.turn_away();
        }
        Err(self.client.unreachable("it does not tell of its changes"))
    }
}
