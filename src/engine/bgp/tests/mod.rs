//! BGP.
