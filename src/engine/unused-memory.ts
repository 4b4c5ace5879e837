import { setImmediate as yieldToEventLoop } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import koffi from 'koffi'

let functions: { collectGarbage(): void; trim: ((padding: number) => number) | null } | null = null

/**
 * Gives memory back to the system that nothing needs any more. V8 alone collects garbage when it needs room, which a
 * process that computes in a library never does; and GNU's allocator keeps what is freed. It takes 10 to 20 ms.
 */
export async function returnUnusedMemory(): Promise<void> {
  // the target of a WeakRef that was read stays until then
  await yieldToEventLoop()
  functions ??= { collectGarbage: findCollector(), trim: findTrim() }
  functions.collectGarbage()
  // a thread frees the bytes of arrays that were collected; the next collection first waits for it
  functions.collectGarbage()
  functions.trim?.(0)
}

/** Contexts that are made after the flag is set have the function. */
function findCollector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}

/** Null where the allocator is not GNU's. */
function findTrim() {
  try {
    return koffi.load(null).func('int malloc_trim(size_t padding)') as (padding: number) => number
  } catch {
    return null
  }
}
