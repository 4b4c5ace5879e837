import { fileURLToPath } from 'node:url'

// How the API's process is started, by `npm start` and by the benches alike.

export const apiScript = fileURLToPath(new URL('../api/main.js', import.meta.url))

/**
 * Far above what it needs. By default the limit grows with the machine, and V8 collects the later the
 * more it may keep: a thousand followers of a job took up to 345 MiB, and take up to 236.
 */
export const apiFlags = ['--max-old-space-size=1024']

/** Durable writes wait for the disk in threads; with Node's four, others wait for a free thread. */
export const apiEnvironment = { UV_THREADPOOL_SIZE: '16' }
