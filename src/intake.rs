//! The use case of execute: repeated? ▶ tenant ▶ draft ▶ message ▶ batch ▶ receipt.
