import { scriptPath } from '../places.js'
import { collectorFlag } from '../v8-flags.js'

// How every API process is started: by `npm start`, by start-api.ts alone, in benches and under chaos.
// Node reads both settings before it runs any code, so the API cannot apply them itself.

export const apiScript = scriptPath('src/api/main')

/**
 * A heap limit far above what the API needs. By default the limit grows with the machine's memory, and
 * V8 collects garbage later: 1,000 followers of a job then took up to 345 MiB, now up to 236.
 *
 * The bytes of a body are outside the heap, and are freed with the young objects that hold them. By V8's defaults,
 * those of a hundred images made it mark all old objects before it collected the young ones: half of the processor
 * time that an image cost the API. So old objects are collected when they have grown by half.
 */
export const apiFlags = ['--max-old-space-size=1024', '--heap-growing-percent=50', collectorFlag]

/** Durable writes wait for the disk in threads; with Node's default of four, everything else waits for them. */
export const apiEnvironment = { UV_THREADPOOL_SIZE: '16' }
