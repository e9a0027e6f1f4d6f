//! `vpn_live_trace`.

use super::TRACES;
use crate::model::LIVE_TRACE;
use crate::provider::face::Face;

/// Live traces.
pub static FACE: Face = Face { kind: &LIVE_TRACE, parent: None, subcategory: TRACES };
