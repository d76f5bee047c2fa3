//! The long stalls of a loop, and the functions that held it, as far as somebody on the loop has
//! found out. Kept by the loop clock for other threads, while somebody wants to know.

use std::collections::VecDeque;
use std::sync::Arc;

use didelphis_core::time::Nanos;

/// A stall that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stall {
    /// How long it was.
    pub length: Nanos,
    /// When it ended.
    pub ended: Nanos,
}

/// The function that held the loop.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldBy {
    /// Its name.
    pub function: String,
    /// The file that it is in, as V8 names it.
    pub url: String,
    /// The line in which it begins there, from 1 on; zero where nobody knows.
    pub line: u32,
    /// The column, as the line.
    pub column: u32,
    /// In what share of the samples it was on the stack.
    pub share: f64,
}

/// Long stalls, while somebody wants to know of them.
#[derive(Clone, Debug)]
pub struct LongStalls {
    /// From what length on they are looked into.
    pub above: Nanos,
    /// The newest first.
    pub newest: VecDeque<(Stall, Option<Arc<HeldBy>>)>,
}

impl LongStalls {
    pub(super) fn above(above: Nanos) -> LongStalls {
        LongStalls { above, newest: VecDeque::new() }
    }

    pub(super) fn add(&mut self, stall: Stall, held_by: Option<HeldBy>) {
        let held_by = held_by.map(|HeldBy { function, url, line, column, share }| {
            let (function, url) = (cut(function, NAME), cut(url, URL));
            Arc::new(HeldBy { function, url, line, column, share })
        });
        self.newest.truncate(KEPT - 1);
        self.newest.push_front((stall, held_by));
    }
}

/// So many are kept.
const KEPT: usize = 10;
/// So many bytes of the name of a function.
const NAME: usize = 200;
/// So many bytes of its address: of code that was made of a text this may be the text.
const URL: usize = 2_000;

/// At most so many bytes of a text, from the beginning on.
fn cut(mut text: String, most: usize) -> String {
    if text.len() > most {
        let end = (0..=most).rev().find(|&end| text.is_char_boundary(end)).unwrap_or(0);
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn by(function: &str) -> HeldBy {
        HeldBy { function: function.into(), url: "é".repeat(URL), line: 1, column: 1, share: 1.0 }
    }

    #[test]
    fn the_newest_are_kept_and_texts_have_an_end() {
        let mut stalls = LongStalls::above(Nanos::from_millis(200));
        for number in 0..30 {
            let stall =
                Stall { length: Nanos::from_millis(300), ended: Nanos::from_millis(number) };
            stalls.add(stall, (number != 28).then(|| by(&"ü".repeat(number as usize + 80))));
        }
        assert_eq!(stalls.newest.len(), KEPT);
        let (newest, held_by) = &stalls.newest[0];
        assert_eq!(newest.ended, Nanos::from_millis(29));
        let held_by = held_by.as_ref().expect("somebody knew");
        assert_eq!((held_by.function.len(), held_by.url.len()), (NAME, URL));
        assert!(stalls.newest[1].1.is_none());
        assert_eq!(stalls.newest[9].0.ended, Nanos::from_millis(20));
        assert_eq!(cut("aü".into(), 2), "a");
    }
}
