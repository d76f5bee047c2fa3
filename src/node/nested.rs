//! Calls that began in the synchronous part of another call's action: which of them is running.
//!
//! How many calls there are whose actions have not returned JavaScript counts in a word. Where that
//! is one, there is nothing to be noted. Only what begins while it is not zero comes here, one
//! inside the other: the word says how many of those noted are still there. Used by the crossings.

use std::cell::RefCell;

/// See the [module](self).
#[derive(Default)]
pub(crate) struct Nested {
    /// The second call, the third, and so on: the breaker's number and the permit.
    calls: RefCell<Vec<(u32, i32)>>,
}

impl Nested {
    /// A call was admitted while so many others, at least one, had not returned. A negative permit:
    /// of a call that was refused.
    #[cold]
    pub(crate) fn enter(&self, outer: i32, id: u32, permit: i32) {
        let mut calls = self.calls.borrow_mut();
        let place = outer as usize - 1;
        // Fewer are known where some of the outer ones were lost.
        calls.resize(place, NOBODY);
        calls.push((id, permit));
    }

    /// The permits of a breaker's calls, of the `depth` that have not returned, but for the
    /// outermost: the innermost first.
    pub(crate) fn of(&self, id: u32, depth: i32) -> Vec<u32> {
        let calls = self.calls.borrow();
        let inside = calls.iter().take(usize::try_from(depth - 1).unwrap_or(0));
        let own = inside.filter(|(of, permit)| *of == id && *permit >= 0);
        own.map(|(_, permit)| *permit as u32).rev().collect()
    }
}

const NOBODY: (u32, i32) = (u32::MAX, -1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_comes_first_and_what_has_returned_not_at_all() {
        let nested = Nested::default();
        nested.enter(1, 7, 20);
        nested.enter(2, 8, 21);
        nested.enter(3, 7, 22);
        assert_eq!(nested.of(7, 4), [22, 20]);
        assert_eq!(nested.of(7, 3), [20]);
        assert_eq!(nested.of(8, 3), [21]);
        assert_eq!(nested.of(7, 1), [0; 0]);
        nested.enter(1, 9, 23);
        assert_eq!(nested.of(7, 4), [0; 0]);
        assert_eq!(nested.of(9, 2), [23]);
    }

    #[test]
    fn a_refused_call_has_no_action_and_hides_what_was_there() {
        let nested = Nested::default();
        nested.enter(1, 7, 20);
        nested.enter(1, 7, -1);
        assert_eq!(nested.of(7, 2), [0; 0]);
    }

    #[test]
    fn what_began_where_others_were_lost_has_its_place() {
        let nested = Nested::default();
        nested.enter(3, 7, 20);
        assert_eq!(nested.of(7, 4), [20]);
        assert_eq!(nested.of(7, 3), [0; 0]);
    }
}
