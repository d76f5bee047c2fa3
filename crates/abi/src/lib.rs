//! The border between the addon and its JavaScript: what both have to know alike, written down
//! once.
//!
//! The addon uses these constants. `cargo run -p didelphis-abi --bin generate` (`npm run
//! generate`) writes `lib/native/abi.js` and `metrics.js` beside it, which JavaScript uses, and the table of options in
//! `docs/reference.md`. `tests/current.rs` fails while either is out of date, and when
//! `index.d.ts` knows other options or defaults.
//!
//! - [`codes`]: what the raw functions take and return.
//! - [`layout`]: what lies where in the memory that both sides see.
//! - [`counters`]: what is counted, and the quantiles of latencies.
//! - [`metrics`]: what is told to those who collect metrics.
//! - [`options`]: the options of a breaker, for whoever explains or checks them.
//! - [`fingerprint`]: one number for all of it, by which a binary of another version is found out
//!   when it is loaded.
//! - [`render`]: the texts that are made of it.
//!
//! Decides nothing, and depends on nothing.

#![forbid(unsafe_code)]

pub mod codes;
pub mod counters;
pub mod fingerprint;
pub mod layout;
pub mod metrics;
pub mod options;
pub mod render;

/// A number with a name that both sides know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Constant {
    /// What it is called in JavaScript.
    pub name: &'static str,
    /// The number.
    pub value: i32,
    /// What it means.
    pub doc: &'static str,
}

/// Constants that belong together, as a module: each by its name, and all of them as a table for
/// whoever writes them down. In JavaScript they stand in one object with those of other modules,
/// each with the prefix of its module before its name.
macro_rules! constants {
    (
        $(#[doc = $about:literal])*
        $module:ident: $kind:ty, $prefix:literal {
            $($(#[doc = $doc:literal])* $name:ident = $value:expr;)*
        }
    ) => {
        $(#[doc = $about])*
        pub mod $module {
            use $crate::Constant;
            #[allow(unused_imports)]
            use super::*;

            $($(#[doc = $doc])* pub const $name: $kind = $value;)*

            /// All of them, as JavaScript knows them.
            pub const ALL: &[Constant] = &[
                $(Constant {
                    name: concat!($prefix, stringify!($name)),
                    value: $name as i32,
                    doc: concat!($($doc),*),
                },)*
            ];
        }
    };
}
pub(crate) use constants;
