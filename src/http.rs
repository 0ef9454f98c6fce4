//! The HTTP surface: thin handlers over the use cases.
