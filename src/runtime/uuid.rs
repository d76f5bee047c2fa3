//! Names for breakers that were given none, and what else is random. Not asked of JavaScript:
//! tests replace what makes random numbers there. Used by the N-API surface.

use std::hash::{BuildHasher, Hasher, RandomState};

use didelphis_host::commands;

/// A random UUID (RFC 9562, version 4). For telling things apart, not for secrets.
pub(crate) fn random() -> String {
    commands::uuid(random_number(), random_number())
}

/// A random number. For telling things apart, not for secrets.
pub(crate) fn random_number() -> u64 {
    // Every `RandomState` has keys of its own, which come from the system.
    RandomState::new().build_hasher().finish()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_is_a_uuid_of_its_own() {
        let all: HashSet<String> = (0..10_000).map(|_| random()).collect();
        assert_eq!(all.len(), 10_000);
        for uuid in all {
            let lengths: Vec<usize> = uuid.split('-').map(str::len).collect();
            assert_eq!(lengths, [8, 4, 4, 4, 12], "{uuid}");
            assert!(uuid.chars().all(|c| c == '-' || c.is_ascii_hexdigit()), "{uuid}");
            assert_eq!(&uuid[14..15], "4", "{uuid}");
            assert!("89ab".contains(&uuid[19..20]), "{uuid}");
        }
    }
}
