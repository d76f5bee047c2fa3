//! The function that held the loop in a long stall, as JavaScript has found it out. Handed to the
//! loop's clock, where other threads see it.

use napi_derive::napi;

use crate::runtime::loop_clock;

/// See the [module](self).
#[napi(object)]
pub struct HeldBy {
    pub function: String,
    pub url: String,
    /// Where it begins there, from 1 on; zero where nobody knows.
    pub line: u32,
    pub column: u32,
    /// In what share of the samples it was on the stack.
    pub share: f64,
}

impl From<HeldBy> for loop_clock::HeldBy {
    fn from(HeldBy { function, url, line, column, share }: HeldBy) -> Self {
        loop_clock::HeldBy { function, url, line, column, share }
    }
}
