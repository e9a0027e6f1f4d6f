//! Tests of the backend against a server of a few lines.
