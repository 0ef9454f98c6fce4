//! Stand-ins of both platforms on loopback.
