//! Writes what is made of the border: `npm run generate`.

use std::fs;
use std::path::Path;

use didelphis_abi::render;

fn main() -> std::io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (path, render) in render::FILES {
        let path = root.join(path);
        let old = fs::read_to_string(&path).unwrap_or_default();
        let new = render(&old);
        if new != old {
            fs::write(&path, new)?;
            println!("{}", path.display());
        }
    }
    Ok(())
}
