//! A trace as a capture file, chunk by chunk: no more of it is held than two of them.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use super::{Shared, read};
use crate::engine::traces::Head;

/// Answers with the packets of a trace.
pub fn of(shared: &Arc<Shared>, trace: Head) -> Response {
    let disposition = format!("attachment; filename=\"{}.pcap\"", trace.id.definition_name);
    let (sender, parts) = mpsc::channel::<io::Result<Bytes>>(1);
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        let mut done = 0;
        if sender.send(Ok(trace.file_header().into())).await.is_err() {
            return;
        }
        loop {
            let of = trace.clone();
            let part = read(&shared, move |engine, _| engine.packets_as_pcap(&of, done)).await;
            let sent = match part {
                Ok(None) => return,
                Ok(Some((part, last))) => {
                    done = last;
                    sender.send(Ok(part.into())).await
                }
                // What has been sent cannot be taken back: the connection ends.
                Err(_) => {
                    let _ = sender.send(Err(io::Error::other("the trace cannot be read"))).await;
                    return;
                }
            };
            // Nobody reads any further.
            if sent.is_err() {
                return;
            }
        }
    });
    let headers = [(header::CONTENT_TYPE, "application/pcap".to_owned()), (header::CONTENT_DISPOSITION, disposition)];
    (headers, Body::from_stream(ReceiverStream::new(parts))).into_response()
}
