//! One number for the whole border: where two are alike, so is all that the raw functions take
//! and give.

use crate::codes;
use crate::counters::{COUNTERS, QUANTILES};
use crate::layout::{self, BINS, NUMBERS, STATS, WORDS};
use crate::Constant;

/// The number. JavaScript hands the one of its own to the addon as it is loaded.
pub const FINGERPRINT: u32 = of_everything();

/// FNV-1a, of 32 bits.
const fn of_everything() -> u32 {
    let mut hash = of_text(0x811c_9dc5, env!("CARGO_PKG_VERSION"));
    hash = of_groups(hash, codes::GROUPS);
    hash = of_group(hash, layout::words::ALL);
    hash = of_groups(hash, layout::READINGS);
    hash = of_group(hash, layout::native_options::ALL);
    hash = of_number(of_number(hash, WORDS as u64), STATS as u64);
    hash = of_number(of_number(hash, BINS as u64), NUMBERS as u64);
    let mut place = 0;
    while place < COUNTERS.len() {
        hash = of_text(hash, COUNTERS[place]);
        place += 1;
    }
    place = 0;
    while place < QUANTILES.len() {
        hash = of_number(hash, QUANTILES[place].to_bits());
        place += 1;
    }
    hash
}

const fn of_groups(mut hash: u32, groups: &[(&str, &[Constant])]) -> u32 {
    let mut place = 0;
    while place < groups.len() {
        hash = of_group(hash, groups[place].1);
        place += 1;
    }
    hash
}

const fn of_group(mut hash: u32, group: &[Constant]) -> u32 {
    let mut place = 0;
    while place < group.len() {
        hash = of_number(of_text(hash, group[place].name), group[place].value as u64);
        place += 1;
    }
    hash
}

/// With its length, so that the ends of texts count.
const fn of_text(mut hash: u32, text: &str) -> u32 {
    let bytes = text.as_bytes();
    let mut place = 0;
    while place < bytes.len() {
        hash = of_byte(hash, bytes[place]);
        place += 1;
    }
    of_number(hash, bytes.len() as u64)
}

const fn of_number(mut hash: u32, number: u64) -> u32 {
    let bytes = number.to_le_bytes();
    let mut place = 0;
    while place < bytes.len() {
        hash = of_byte(hash, bytes[place]);
        place += 1;
    }
    hash
}

const fn of_byte(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_a_value_and_an_order_count() {
        let of = |names: [(&'static str, i32); 2]| {
            of_group(0, &names.map(|(name, value)| Constant { name, value, doc: "" }))
        };
        let one = of([("A", 1), ("B", 2)]);
        assert_ne!(one, of([("A", 1), ("C", 2)]));
        assert_ne!(one, of([("A", 1), ("B", 3)]));
        assert_ne!(one, of([("B", 2), ("A", 1)]));
        assert_ne!(of_text(of_text(0, "ab"), "c"), of_text(of_text(0, "a"), "bc"));
    }
}
