//! Links the crate as a Node addon.

fn main() {
    napi_build::setup();

    // The timer thread outlives every environment, and Node unloads an addon when
    // the last worker that loaded it ends. The code of a running thread must stay.
    let os = std::env::var("CARGO_CFG_TARGET_OS").unwrap_or_default();
    if matches!(os.as_str(), "linux" | "android" | "freebsd") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
