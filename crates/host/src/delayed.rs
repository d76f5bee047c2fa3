//! The breakers that have more to tell than is told in one piece (`lib/drain-events.js`): each is
//! told of once, in the next turn of the loop. Kept here, as what JavaScript asks its host for stays
//! half done where V8 stops it, at the end of the stack or by the timeout of `node:vm`.

use std::cell::RefCell;

/// See the [module](self): by number, whether the breaker is one of them.
#[derive(Debug, Default)]
pub struct Delayed {
    are: RefCell<Vec<bool>>,
}

impl Delayed {
    /// One more. False where it is one of them already.
    pub fn add(&self, id: u32) -> bool {
        let (place, mut are) = (id as usize, self.are.borrow_mut());
        if are.len() <= place {
            are.resize(place + 1, false);
        }
        !std::mem::replace(&mut are[place], true)
    }

    /// It is told of now.
    pub fn take(&self, id: u32) {
        if let Some(is) = self.are.borrow_mut().get_mut(id as usize) {
            *is = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_delayed_once_until_it_is_told_of() {
        let delayed = Delayed::default();
        assert!(delayed.add(3));
        assert!(delayed.add(1));
        assert!(!delayed.add(3));
        delayed.take(3);
        delayed.take(7);
        assert!(delayed.add(3));
        assert!(!delayed.add(1));
    }
}
