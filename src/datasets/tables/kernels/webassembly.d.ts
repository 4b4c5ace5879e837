// The part of the JavaScript API that is used here. TypeScript declares it with browsers' types only.
export {}

declare global {
  namespace WebAssembly {
    class Module {
      constructor(bytes: Uint8Array)
    }
    class Memory {
      constructor(size: { initial: number; maximum: number; shared: true })
      readonly buffer: SharedArrayBuffer
    }
    class Instance {
      constructor(module: Module, imports: Record<string, Record<string, Memory>>)
      readonly exports: object
    }
  }
}
