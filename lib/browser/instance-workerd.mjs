// An instance of the module where no bytes may be compiled, as in workerd: it is imported as a file of
// its own, which was compiled as the program was deployed. In the place of `../wasm/instance.js`.

import compiled from 'didelphis.wasm'

/** An instance that is given these. */
export function instanceWith (imports) {
  return new WebAssembly.Instance(compiled, imports)
}
