// What `lib` meets and the types of Node.js and its packages do not know.

// One of them is there at the most; what it is is said where it is loaded.
declare module '@didelphis/binding-*'

// Put in place by fake timers.
interface DateConstructor { isFake?: boolean, isMock?: boolean }
declare namespace setTimeout { let clock: unknown }

declare namespace NodeJS {
  interface ProcessReport { excludeNetwork: boolean }
}
