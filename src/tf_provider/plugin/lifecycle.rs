//! Signals, a parent that is gone, panics.

use std::io;
use std::os::unix::process::parent_id;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How often to look whether the parent is still there.
const PARENT_CHECK: Duration = Duration::from_secs(2);

/// SIGTERM shuts down. So does SIGINT when `interruptible`; otherwise it is
/// ignored, because Ctrl-C reaches the whole process group and it is Terraform's
/// to say what is to be done: it sends Stop, and waits for the state.
pub(super) fn watch_signals(shutdown: &CancellationToken, interruptible: bool) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let ended = shutdown.clone();
    tokio::spawn(async move {
        terminate.recv().await;
        tracing::info!("told to end by SIGTERM");
        ended.cancel();
    });
    let interrupted = shutdown.clone();
    tokio::spawn(async move {
        while interrupt.recv().await.is_some() {
            if interruptible {
                interrupted.cancel();
                return;
            }
            tracing::info!("ignored SIGINT");
        }
    });
    Ok(())
}

/// Shuts down when the process that started this one is gone: nobody else would
/// ever end it.
pub(super) fn watch_parent(shutdown: CancellationToken) {
    let parent = parent_id();
    tokio::spawn(async move {
        while parent_id() == parent {
            tokio::time::sleep(PARENT_CHECK).await;
        }
        tracing::warn!("Terraform is gone");
        shutdown.cancel();
    });
}

/// Logs where a panic happened and not what it says: that may hold a secret.
pub(super) fn quiet_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!(place, "the provider panicked");
    }));
}
