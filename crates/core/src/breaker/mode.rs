//! What a breaker does with the calls it is asked for, whatever the state of its circuit.
//!
//! A mode is the user's and lasts until the user ends it; a state is the machine's. Neither
//! changes the other: a circuit that opened before its breaker was disabled is open again when
//! the breaker is enabled.

/// See the [module](self).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// The state decides which calls pass.
    #[default]
    Normal,
    /// Every call passes, and nothing of it is counted but that it was made.
    Disabled,
}

impl Mode {
    /// The mode by opossum's switch, `enabled`.
    pub fn by_switch(enabled: bool) -> Self {
        if enabled {
            Mode::Normal
        } else {
            Mode::Disabled
        }
    }
}
