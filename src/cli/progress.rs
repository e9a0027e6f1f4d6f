//! How far a command is with a file, on a terminal only, and whether the user wants it to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How often the bar is drawn, in a second.
const DRAWN_PER_SECOND: u8 = 10;
/// The exit code after a second interrupt: 128 and the number of SIGINT.
const INTERRUPTED: i32 = 130;

/// A bar on stderr, and an ear for Ctrl-C.
pub struct Progress {
    bar: ProgressBar,
    is_interrupted: Arc<AtomicBool>,
}

impl Progress {
    /// A bar for a file of `size` bytes, if that is known, and what [`interrupt`] has
    /// returned. Nothing is drawn unless stderr is a terminal.
    pub fn start(size: Option<u64>, is_interrupted: Arc<AtomicBool>) -> Self {
        let target = ProgressDrawTarget::stderr_with_hz(DRAWN_PER_SECOND);
        let bar = ProgressBar::with_draw_target(size, target);
        let template = match size {
            Some(_) => "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
            None => "{spinner} {bytes}, {bytes_per_sec}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, is_interrupted }
    }

    /// Shows that so many bytes have been read.
    pub fn at(&self, position: u64) {
        self.bar.set_position(position);
    }

    /// Whether the user wants to end. It costs so little that it can be asked for each
    /// packet.
    pub fn is_interrupted(&self) -> bool {
        self.is_interrupted.load(Ordering::Relaxed)
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

/// Hears Ctrl-C from now on, and whether there was one. A second one ends the program.
/// Where signals cannot be heard, Ctrl-C ends the program as ever.
pub fn interrupt() -> Arc<AtomicBool> {
    let noted = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&noted);
    std::thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return };
        let heard = || runtime.block_on(async { tokio::signal::ctrl_c().await }).is_ok();
        if heard() {
            note.store(true, Ordering::Relaxed);
            // The reader may be waiting for a disk.
            if heard() {
                std::process::exit(INTERRUPTED);
            }
        }
        runtime.shutdown_timeout(Duration::ZERO);
    });
    noted
}
